"""Files with a user's own step on the command line: checked before work begins, and templates.

Knows options and paths. It must not know what such a file may hold, which the worker checks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from advisor.cli.plain_help import PlainCommand
from advisor.errors import UserError
from advisor.resources import resource_dir

TEMPLATE_OPTION = "--workload-template"
TEMPLATES = ("train", "infer", "jax-only", "sweep")
"""What is printed: a training step in both, inference, JAX alone, several sizes."""


class CommandWithTemplates(PlainCommand):
    """A command whose ``--workload-template`` may stand without a kind and means the first then.

    Typer has no options whose value may be left out.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the kind behind the option where it was left out."""
        if TEMPLATE_OPTION in args:
            at = args.index(TEMPLATE_OPTION) + 1
            if at == len(args) or args[at].startswith("-"):
                args = [*args[:at], TEMPLATES[0], *args[at:]]
        return super().parse_args(ctx, args)


def template(kind: str) -> str:
    """The file of the *kind*, as it is printed.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in TEMPLATES:
        raise UserError(f"there is no template {kind!r}", hint=f"one of: {', '.join(TEMPLATES)}")
    return (resource_dir("templates") / "workload" / f"{kind}.py").read_text("utf-8")


def own_file(path: Path) -> str:
    """The whole path of a file that may be measured.

    Raises:
        UserError: it is no Python file.
    """
    if path.suffix != ".py" or not path.is_file():
        raise UserError(
            "is no Python file that could be measured",
            hint=f"a file that works is printed by: fw-advisor probe {TEMPLATE_OPTION}",
            where=str(path),
        )
    return str(path.resolve())
