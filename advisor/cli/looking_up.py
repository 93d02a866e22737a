"""Ask the environments at hand what a package needs that the rule base does not describe.

Reads metadata of installed distributions and runs nothing. What is read becomes part of the rule
base that a decision is made from, and so of its record. It must not know what a decision makes of
it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from advisor.answers import Answers
from advisor.inputs import packages_named
from advisor.knowledge.installed import Dependence, look_up_installed
from advisor.knowledge.model import RuleBase, Source
from advisor.knowledge.package_rules import names_in_rules
from advisor.knowledge.packages import resolve
from advisor.knowledge.rule_form import a_year_after
from advisor.knowledge.supply import Package, RunsOn
from advisor.knowledge.vocabulary import package_name

SOURCE = "installed-metadata"
_FORM = "https://packaging.python.org/en/latest/specifications/core-metadata/"


def with_installed_packages(
    base: RuleBase, answers: Answers, interpreters: Iterable[str], day: str
) -> RuleBase:
    """*base* with an entry for each named package that only an environment can tell of.

    Args:
        base: The rules.
        answers: They name packages.
        interpreters: Pythons whose environments are read; ``~`` is the home directory.
        day: ISO date of the reading.
    """
    spoken_of = names_in_rules(base)
    places = list(dict.fromkeys([*interpreters, *_own_environment()]))
    described = []
    for name in dict.fromkeys(packages_named(answers)):
        if name in spoken_of or resolve(base.packages, name) is not None:
            continue
        needs = _look_up(name, places, base)
        if needs is not None:
            described.append(_entry(name, needs, day))
    if not described:
        return base
    source = Source(
        id=SOURCE,
        url=_FORM,
        title="Metadata of the installed distribution",
        publisher="your environment",
        retrieved=day,
        gist="What a distribution declares that it requires.",
    )
    sources = dict(sorted({**base.sources, SOURCE: source}.items()))
    return replace(base, packages=(*base.packages, *described), sources=sources)


def _own_environment() -> list[str]:
    """The environment that is active in this shell, if one is, and the one that this runs in."""
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    return [*([str(Path(active) / "bin" / "python")] if active else []), sys.executable]


def _look_up(name: str, interpreters: Sequence[str], base: RuleBase) -> Dependence | None:
    frameworks = {key: info.packages for key, info in base.frameworks.items()}
    for interpreter in interpreters:
        try:
            needs = look_up_installed(name, Path(interpreter).expanduser(), frameworks)
        except (OSError, RuntimeError):
            continue
        if needs is not None:
            return needs
    return None


def _entry(name: str, needs: Dependence, day: str) -> Package:
    chains = "; ".join(" > ".join(chain) for _, chain in sorted(needs.needs.items()))
    return Package(
        name=needs.distribution,
        aliases=() if package_name(name) == needs.distribution else (package_name(name),),
        runs_on={framework: RunsOn() for framework in sorted(needs.needs)},
        state="alive",
        as_of=day,
        home=_FORM,
        says=f"Version {needs.version} is installed and requires {chains or 'neither framework'}.",
        release=needs.version,
        sources=(SOURCE,),
        reviewed=day,
        expires=a_year_after(day),
    )
