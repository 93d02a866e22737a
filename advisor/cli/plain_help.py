"""Help that names what is to be given, and not the type that Python holds it in."""

from __future__ import annotations

from typing import Any

from typer.core import TyperArgument, TyperCommand


def _no_type(ctx: Any) -> None:
    del ctx


class PlainCommand(TyperCommand):
    """A command whose arguments are listed by name alone."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, of which arguments keep their type to themselves."""
        params = super().get_params(ctx)
        for param in params:
            if isinstance(param, TyperArgument):
                # Typer has no switch for this.
                vars(param)["display_type_rich"] = _no_type
        return params
