"""The evidence of a decision on the command line: files, fleets and libraries, prices.

Knows options and where files lie. It must not know how anything is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.errors import UserError

if TYPE_CHECKING:
    from advisor.evidence import Evidence
    from advisor.knowledge.model import RuleBase
    from advisor.prices import Price

LibraryOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--library",
        metavar="DIR|FILE",
        help="Evidence of other machines, beside the shipped library: it counts, with a wide "
        "spread, where nothing was measured on the hardware that will train. Repeatable.",
    ),
]
NoLibraryOption = Annotated[
    bool, typer.Option("--no-library", help="Decide without the shipped library.")
]
PriceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="[KIND=]2.50/h",
        help="What an hour costs, of what will train or of a KIND of machine: gives the cost of a "
        "run and of a million samples. Repeatable.",
    ),
]
PricesOption = Annotated[
    Path | None,
    typer.Option(
        "--prices", metavar="FILE", help="Prices by kind of machine (fw-advisor/prices@1)."
    ),
]


def documents_of(paths: Iterable[Path]) -> tuple[Evidence, ...]:
    """The evidence in *paths*, those of a ``fleet.json`` by its list, in words.

    Raises:
        UserError: a file is no evidence and no fleet.
    """
    return tuple(document for path in paths for document in _documents(path))


def _documents(path: Path) -> list[Evidence]:
    from advisor.evidence_io import evidence_from
    from advisor.library import documents_in
    from advisor.render.evidence_words import word_evidence

    read = [word_evidence(evidence_from(d, name=str(file))) for file, d in documents_in(path)]
    if not read:
        raise UserError(
            "holds no evidence: none of its nodes finished",
            hint="measure again: fw-advisor fleet --address ... -o DIR",
            where=str(path),
        )
    return read


def library_for(
    answers: Mapping[str, Any],
    documents: Sequence[Evidence],
    base: RuleBase,
    places: Sequence[Path],
    *,
    shipped: bool = True,
) -> tuple[Evidence, ...]:
    """What of the libraries may stand for *answers* where *documents* do not.

    Raises:
        UserError: a file of a library cannot be read.
    """
    from advisor.decide.elsewhere import worth_keeping
    from advisor.decide.works import family_of
    from advisor.library import library_of
    from advisor.reading.machines import detected_facts

    facts = {**detected_facts(documents), **answers}
    family = family_of(base, facts)
    if family is None:
        return ()
    every = [entry.evidence for entry in library_of(places, shipped=shipped, model=family)]
    return tuple(worth_keeping(every, base, facts, documents[0] if documents else None))


def prices_asked(texts: Sequence[str], file: Path | None) -> dict[str, Price]:
    """The prices of the options; one that is typed counts before the file's.

    Raises:
        UserError: what is no price.
    """
    from advisor.knowledge.yamlio import read_yaml
    from advisor.prices import prices_from, prices_of_file

    filed = {} if file is None else prices_of_file(read_yaml(file).data, name=str(file))
    return {**filed, **prices_from(texts)}
