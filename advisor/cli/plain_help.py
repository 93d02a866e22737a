"""Help that names what is to be given, and not the type that Python holds it in."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperArgument, TyperCommand

_IN_BRACES = re.compile(r"^\{([^|{}]+)\}(\.\.\.)?$")


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

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words of the usage line: braces stand around a choice of words alone."""
        return [_IN_BRACES.sub(r"\1\2", piece) for piece in super().collect_usage_pieces(ctx)]
