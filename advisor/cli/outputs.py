"""Write a record as files, each in the format that its suffix names.

Knows suffixes and files. It must not know how anything is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import UserError
from advisor.files import refuse_unwritable, write_whole
from advisor.render.figures import Draw, draw_here

if TYPE_CHECKING:
    from advisor.record import Record

FORMATS = ".html, .md, .adr.md, .json and .txt"
_TEXT_WIDTH = 100


def write_outputs(
    record: Record, paths: Iterable[Path], *, full: bool = False, draw: Draw = draw_here
) -> None:
    """Write *record* to every one of *paths*; nothing is written where one suffix is unknown.

    With *full* pages have everything open, and not only their first screen. The charts of
    ``report.md`` stand beside it in ``report_assets/``; *draw* draws them.

    Raises:
        UserError: a suffix names no format, or a place cannot be written to.
    """
    writers = [(path, _writer(path)) for path in paths]
    for path, write in writers:
        write(record, path, full, draw)


def check_outputs(paths: Iterable[Path]) -> None:
    """Refuse what `write_outputs` would refuse, before any work is done.

    Raises:
        UserError: a suffix names no format, or a place cannot be written to.
    """
    for path in paths:
        _writer(path)
        refuse_unwritable(path)


def _writer(path: Path) -> Callable[[Record, Path, bool, Draw], None]:
    name = path.name.lower()
    if name == "adr.md" or name.endswith(".adr.md"):
        return _write_adr
    writers = {
        ".html": _write_html,
        ".htm": _write_html,
        ".md": _write_markdown,
        ".json": _write_json,
        ".txt": _write_terminal,
    }
    if path.suffix.lower() in writers:
        return writers[path.suffix.lower()]
    raise UserError(
        f"its suffix {path.suffix or '(none)'!r} names no format",
        hint=f"the formats are {FORMATS}, as in {path / 'report.html'}",
        where=str(path),
    )


def _write_html(record: Record, path: Path, full: bool, draw: Draw) -> None:
    from advisor.render.html import render_html

    write_whole(path, render_html(record, full=full, draw=draw))


def _write_markdown(record: Record, path: Path, full: bool, draw: Draw) -> None:
    from advisor.render.markdown import render_markdown

    assets = _link_name(f"{path.stem}_assets")
    text, files = render_markdown(record, assets=assets, full=full, draw=draw)
    for name, svg in files.items():
        write_whole(path.parent / f"{path.stem}_assets" / Path(name).name, svg)
    write_whole(path, text)


def _link_name(name: str) -> str:
    """A directory's name as a Markdown link can hold it."""
    from urllib.parse import quote

    return quote(name)


def _write_adr(record: Record, path: Path, _: bool, __: Draw) -> None:
    from advisor.render.adr import render_adr

    write_whole(path, render_adr(record))


def _write_json(record: Record, path: Path, _: bool, __: Draw) -> None:
    from advisor.jsonio import dumps
    from advisor.record import freeze

    write_whole(path, dumps(freeze(record)))


def _write_terminal(record: Record, path: Path, _: bool, __: Draw) -> None:
    from advisor.render.terminal import render_terminal

    write_whole(path, render_terminal(record, width=_TEXT_WIDTH, colour=False) + "\n")
