"""Find the files of a rule pack, and nothing outside it.

Knows directories, links and sizes. It must not know what the files mean.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import UserError
from advisor.knowledge.fields import Problems
from advisor.knowledge.yamlio import Document, read_yaml

CORE = "core"
MAX_FILE_BYTES = 8 << 20
MAX_PACK_BYTES = 16 << 20
MAX_FILES = 1000
_MAX_ENTRIES = 20_000
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Pack:
    """One directory of rule files; `shown` is what messages call it, `label` its short name."""

    root: Path
    shown: str
    label: str


def team_pack(directory: Path) -> Pack:
    """The pack in *directory*.

    Raises:
        UserError: there is no such directory.
    """
    hint = "give the directory that holds the pack's YAML files"
    try:
        root = directory.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError("there is no such rule pack", hint=hint, where=str(directory)) from error
    if not root.is_dir():
        raise UserError("is not a directory", hint=hint, where=str(directory))
    return Pack(root, str(directory), root.name or "pack")


def yaml_files(pack: Pack, under: str = "") -> list[Path]:
    """The YAML files of *pack* below the folder *under*, sorted by their paths in it.

    Raises:
        UserError: a link leads out of the pack, or there is too much to read.
    """
    paths: list[Path] = []
    entries = 0
    for folder, folders, files in os.walk(pack.root / under, followlinks=False):
        entries += len(folders) + len(files)
        if entries > _MAX_ENTRIES or len(paths) > MAX_FILES:
            raise UserError(
                f"holds more than {MAX_FILES:,} rule files or {_MAX_ENTRIES:,} entries",
                hint="give the directory of the pack itself",
                where=pack.shown,
            )
        here = Path(folder)
        links = [here / name for name in folders if (here / name).is_symlink()]
        names = [here / name for name in files if name.endswith(_SUFFIXES)]
        for path in (*links, *names):
            _stay_inside(pack, path)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths.extend(path for path in names if not path.name.startswith("."))
    return sorted(paths, key=lambda path: path.relative_to(pack.root).as_posix())


def _stay_inside(pack: Pack, path: Path) -> None:
    try:
        inside = path.resolve(strict=True).is_relative_to(pack.root)
    except (OSError, RuntimeError) as error:
        raise UserError("is a link that leads nowhere", where=name_of(pack, path)) from error
    if not inside:
        raise UserError(
            "is a link that leads out of the pack; nothing outside a pack is read",
            hint="copy the file into the pack",
            where=name_of(pack, path),
        )


def name_of(pack: Pack, path: Path) -> str:
    """What messages call *path*."""
    return f"{pack.shown}/{path.relative_to(pack.root).as_posix()}"


def read_all(pack: Pack, paths: list[Path], problems: Problems) -> list[Document]:
    """The documents in *paths*; what cannot be read is remembered in *problems*."""
    documents: list[Document] = []
    left = MAX_PACK_BYTES
    for path in paths:
        name = name_of(pack, path)
        try:
            document = read_yaml(path, max_bytes=MAX_FILE_BYTES, name=name)
        except UserError as error:
            problems.take(error)
            continue
        left -= len(document.text)
        if left < 0:
            problems.add(f"the pack holds more than {MAX_PACK_BYTES:,} bytes", where=pack.shown)
            break
        documents.append(document)
    return documents
