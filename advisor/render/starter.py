"""The first day: a small project in one framework that trains, stops, goes on and is tested.

Knows which tasks have one, and the templates. It must not know how a decision was made, or where
files go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jinja2

from advisor.pair import TITLES
from advisor.render.wording import say
from advisor.resources import resource_dir

_SHARED = ("curve.py", "requirements.txt", "README.md")


@dataclass(frozen=True)
class Starter:
    """One kind of project: its template and what it needs beside the framework."""

    template: str
    packages: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


_LANGUAGE = Starter("language")
STARTERS = {
    "image": Starter("image", ("scikit-learn",), ("mlp", "cnn")),
    "language": _LANGUAGE,
    "llm_pretraining": _LANGUAGE,
    "tabular_timeseries": Starter("tabular", ("scikit-learn",)),
    "scientific_computing": Starter("ode"),
    "reinforcement_learning": Starter("rl"),
}
"""By task; what is not here has none yet."""
_NEEDED = {"pytorch": ("numpy",), "jax": ("numpy", "optax")}


def starter_files(
    framework: str,
    task: str,
    *,
    install: Sequence[str],
    notes: Sequence[str] = (),
    stack: Sequence[tuple[str, str]] = (),
    why: str = "",
) -> dict[str, str]:
    """The files of the project for *task* in *framework*, by name.

    Args:
        framework: ``pytorch`` or ``jax``.
        task: A key of `STARTERS`.
        install: The commands that install the framework on the hardware at hand.
        notes: What has to be said of them, in sentences.
        stack: Packages to reach for later, each with its reason, as far as one is known.
        why: Why this framework, in a sentence.

    Raises:
        KeyError: *task* has no starter.
    """
    starter = STARTERS[task]
    values = {
        "title": say(f"starter.title.{starter.template}"),
        "framework_title": TITLES[framework],
        "choices": list(starter.models),
        "packages": sorted({*_NEEDED[framework], *starter.packages, "pytest"}),
        "install": list(install),
        "notes": list(notes),
        "stack": list(stack),
        "why": why,
    }
    templates = _environment()
    sources = {name: f"{name}.jinja" for name in _SHARED}
    sources |= {name: f"{framework}/{name}.jinja" for name in ("train.py", "test_train.py")}
    sources["work.py"] = f"{framework}/{starter.template}.py.jinja"
    return {
        name: templates.get_template(source).render(**values)
        for name, source in sorted(sources.items())
    }


def _environment() -> jinja2.Environment:
    # Programs and plain text for whoever asked for them: nothing here is shown by a browser.
    return jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(resource_dir("templates") / "starters"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
