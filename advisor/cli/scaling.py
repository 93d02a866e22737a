"""``probe --devices N`` and ``--time-to-accuracy``: what has to come with them, and what cannot.

Knows options. It must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.errors import UserError


def refuse_apart(
    *,
    models: Sequence[str],
    devices: int | None,
    time_to_accuracy: bool,
    beside: Mapping[str, Any],
) -> None:
    """Refuse what does not go together with a run that compares nothing.

    Raises:
        UserError: with the first of it.
    """
    if time_to_accuracy:
        for option, value in {**beside, "--model": models, "--devices": devices}.items():
            if value:
                raise UserError(
                    f"{option} and --time-to-accuracy ask for different things",
                    hint="leave one of them out: each is a run of its own",
                )
    if devices is not None:
        refuse_beside(models=models, beside=beside)


def refuse_beside(*, models: Sequence[str], beside: Mapping[str, Any]) -> None:
    """Refuse ``--devices`` without a model, or with an option that asks for something else.

    *beside* holds what those options were given, by option.

    Raises:
        UserError: with the first of them.
    """
    if not models:
        raise UserError(
            "--devices says over how many devices a model is shared out, and no model is named",
            hint="add --model mlp, decoder or resnet, for example: "
            "fw-advisor probe --model decoder --devices 2",
        )
    for option, value in beside.items():
        if value:
            raise UserError(
                f"{option} and --devices ask for different things",
                hint="--devices scales the models of --model; measure the rest in a run of its own",
            )
