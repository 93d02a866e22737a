"""``probe --module``: the user's own modules, counted, and written as steps while it lasts.

Knows options, interpreters and places. It must not know what a census counts.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.cli.common import say
from advisor.errors import UserError

if TYPE_CHECKING:
    from advisor.cli.measuring import Surroundings
    from advisor.measure.campaign import Finished
    from advisor.measure.module import Census


@dataclass(frozen=True)
class OwnModules:
    """What is measured for the modules that were asked for: files with steps, and families."""

    censuses: tuple[Census, ...] = ()
    files: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def told(self, finished: Finished) -> Finished:
        """*finished* with a work for each module."""
        from advisor.measure.module import with_modules

        if not self.censuses:
            return finished
        return replace(finished, evidence=with_modules(finished.evidence, self.censuses))


@contextmanager
def own_modules(asked: Sequence[str], around: Surroundings | None) -> Iterator[OwnModules]:
    """The modules that *asked* (``FILE.py:NAME``) names; their steps lie there until the end.

    Raises:
        UserError: no such file or function, a module that cannot be exported, or no PyTorch.
    """
    if not asked or around is None:
        yield OwnModules()
        return
    from advisor.cli.measuring import worker_script
    from advisor.measure.module import census_of, split_module, written_step

    usable = [t for t in around.toolchains if t.framework == "pytorch" and t.problem is None]
    if not usable:
        raise UserError(
            "--module needs PyTorch, and none was found",
            hint="name the interpreter that has it: --python torch=PATH",
        )
    interpreter = usable[0].interpreter
    with tempfile.TemporaryDirectory(prefix="fw-advisor-modules-") as name:
        place = Path(name)
        censuses = []
        for text in asked:
            path, function = split_module(text)
            say(f"reading {function} in {path.name} (its code is run) ...")
            censuses.append(
                census_of(
                    path, function, interpreter=interpreter, worker=worker_script(), place=place
                )
            )
        files = tuple(str(written_step(census, place)) for census in censuses)
        texts = dict.fromkeys(_family(census) for census in censuses)
        yield OwnModules(tuple(censuses), files, tuple(texts))


def _family(census: Census) -> str:
    """The family at the sizes that were read off; at its usual ones where it has not such sizes."""
    from advisor.cli.models import checked_texts

    text = f"{census.family}:{json.dumps(dict(census.size))}"
    try:
        checked_texts([text], [])
    except UserError as error:
        say(f"{census.family} is measured at its usual size: {error}")
        return census.family
    return text
