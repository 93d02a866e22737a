"""A command that takes its options as one value is read by Typer like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from advisor.cli.flat import flat


@dataclass(frozen=True, kw_only=True)
class Options:
    name: Annotated[str, typer.Option("--name", help="Whose.")]
    times: Annotated[int, typer.Option("--times")] = 2
    tags: Annotated[list[str] | None, typer.Option("--tag")] = None


app = typer.Typer()


@app.command()
@flat
def greet(context: typer.Context, options: Options) -> None:
    """Greet somebody."""
    source = context.get_parameter_source("times")
    typer.echo(f"{options.name} {options.times} {options.tags or []} {source and source.name}")


def said(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output.strip()


def test_every_field_is_an_option_with_its_default():
    assert said("--name", "A") == (0, "A 2 [] DEFAULT")
    given = ("--name", "B", "--times", "3", "--tag", "x", "--tag", "y")
    assert said(*given) == (0, "B 3 ['x', 'y'] COMMANDLINE")


def test_a_field_without_a_default_is_asked_for():
    code, output = said()
    assert code == 2
    assert "--name" in output


def test_help_is_the_commands_own():
    code, output = said("--help")
    assert code == 0
    assert "Greet somebody." in output
    assert output.index("--name") < output.index("--times") < output.index("--tag")
    assert "options" not in output.partition("Options")[2].lower()
