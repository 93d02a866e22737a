"""What is known of packages and of how they are installed, once it is loaded and valid.

Plain values without behaviour: the forms make them, `packages` and `installs` look things up in
them. They know nothing of files, of indexes or of how a decision is made. Dates are ISO strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PackageState = Literal["alive", "maintenance", "archived"]


@dataclass(frozen=True, kw_only=True)
class IndexCheck:
    """What has to resolve in a package index for an install line to work.

    `versions` is a version specifier (empty: any); `index` is the address of the vendor's own
    index, empty for the one that pip is set up with. `platforms` are the wheel tags that are asked
    for; empty for those that follow from the line's systems and architectures.
    """

    distribution: str
    versions: str = ""
    index: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Install:
    """How a framework, or a library on it, is installed on some hardware and systems.

    `id` is what findings and mends call the line. Empty lists mean any. `package` is the library
    (empty: the framework itself); `python` a specifier over the language's minor versions;
    `architecture` holds ``x86_64`` or ``aarch64``. `tag` names the build: an index tag (``cpu``,
    ``cu130``), or an extra (``[cuda13]``). `free_threaded` is a specifier over the versions whose
    build without the global lock has wheels, too; empty for none.
    """

    id: str = ""
    framework: str
    package: str = ""
    hardware: tuple[str, ...]
    os: tuple[str, ...]
    python: str = ""
    architecture: tuple[str, ...] = ()
    free_threaded: str = ""
    command: str
    tag: str = ""
    note: str = ""
    sources: tuple[str, ...]
    reviewed: str
    expires: str = ""
    check: tuple[IndexCheck, ...] = ()
    where: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Absence:
    """Where no install line exists for a framework: why, and what to do instead.

    One that is `free_threaded` is about builds of Python without the global lock alone.
    """

    id: str = ""
    framework: str
    package: str = ""
    hardware: tuple[str, ...]
    os: tuple[str, ...]
    python: str = ""
    architecture: tuple[str, ...] = ()
    free_threaded: bool = False
    why: str
    instead: str = ""
    sources: tuple[str, ...] = ()
    reviewed: str
    expires: str = ""
    where: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A distribution that a package index serves under a name, and that is not what it says.

    `versions` is a specifier of those that are meant; `says` what they hold instead.
    """

    distribution: str
    versions: str
    says: str
    instead: str
    sources: tuple[str, ...]
    reviewed: str
    expires: str = ""
    where: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class RunsOn:
    """That a package runs on a framework: natively, or through a bridge that has a price.

    `since` is the package's first version that runs natively, `until` the first that no longer
    does. With `through`, versions that do not run natively run through that bridge, at `price`.
    """

    since: str = ""
    until: str = ""
    through: str = ""
    price: str = ""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that people name, and what needing it means.

    `name` is the distribution's, in its one spelling; `imports` and `aliases` are other names for
    it. `runs_on` is by framework; empty where the package needs neither. `implies` holds, by fact,
    the values that are likely where it is needed. `state` is judged by what was seen on `as_of`.
    `home` is the page that was read and `says` what there decides, in our own words. `release` is
    the newest version at the review, `released` its month.
    """

    name: str
    imports: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    runs_on: Mapping[str, RunsOn] = field(default_factory=dict)
    implies: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    state: PackageState
    as_of: str
    home: str
    says: str = ""
    release: str = ""
    released: str = ""
    sources: tuple[str, ...] = ()
    reviewed: str
    expires: str
    where: str = field(default="", compare=False)
