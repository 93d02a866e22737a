"""Which interpreters to measure PyTorch and JAX with, and what each of them holds.

Chooses per framework: what was requested, all of it; otherwise the current interpreter if it
holds the framework, else the first that does. A framework that nobody holds is an entry with
the problem ``framework-missing``, never an absence. Frameworks are not imported here, in any
interpreter, unless their devices are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.machine.inspection import Holdings, abandon, inspect_interpreter
from advisor.machine.interpreters import (
    Candidate,
    expanded,
    interpreter_in,
    nearby_interpreters,
)
from advisor.pair import FRAMEWORK_WORDS, FRAMEWORKS, TITLES
from advisor.text import inert, private

_FOUND_TIMEOUT_S = 5.0
_REQUESTED_TIMEOUT_S = 30.0
_DEVICES_TIMEOUT_S = 120.0
_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class InstalledToolchain:
    """One interpreter and one framework.

    Args:
        framework: ``pytorch`` or ``jax``.
        interpreter: Path of the Python; may name a user's home, so `private` it before showing.
        version: The framework's version; None where it has none.
        python: The interpreter's version; None where it could not say.
        packages: Versions of packages of interest in that interpreter.
        devices: What the framework can use; empty until `with_devices` asked.
        problem: ``{id, text, hint}`` where it cannot be measured. Ids: framework-missing,
            framework-broken, numpy-missing, python-too-old, interpreter-hung,
            interpreter-crashed, interpreter-garbage.
        build: What the wheel was built for: ``cuda``, ``hip``, ``xpu`` versions or None.
        warnings: What the framework said while its devices were listed.
        origin: Where it was found, in words.
        headers: Whether Python.h is there, which torch.compile needs on the CPU.
    """

    framework: str
    interpreter: str
    version: str | None = None
    python: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[Mapping[str, Any], ...] = ()
    problem: Mapping[str, str] | None = None
    build: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    origin: str = ""
    headers: bool | None = None


def find_toolchains(
    requested: Mapping[str, Sequence[str]],
    *,
    worker: Sequence[str],
    packages: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    refine: Callable[[InstalledToolchain], InstalledToolchain] = lambda toolchain: toolchain,
    answers: dict[str, Holdings] | None = None,
) -> list[InstalledToolchain]:
    """The toolchains to measure: PyTorch's first, then JAX's, each at least once.

    Args:
        requested: Interpreters (or environment directories) by framework, ``torch`` or ``jax``.
        worker: The worker script that each interpreter is asked with.
        packages: Distributions to look for beside the known ones.
        environ: The environment, the process's own unless given.
        directory: Where ``.venv`` is looked for, the working directory unless given.
        refine: Looks closer at a toolchain that seems usable, and may give it a problem; one
            without a problem wins over one that has one.
        answers: What interpreters said already, by path; gains what is asked here.

    Raises:
        UserError: a requested interpreter does not exist, or a framework nobody knows.
    """
    wanted = _wanted(requested)
    search = _Search(worker, packages, refine, answers)
    chosen: dict[str, list[InstalledToolchain]] = {}
    for framework, paths in wanted.items():
        candidates = [Candidate(path, "requested") for path in paths]
        held = search.ask(candidates, _REQUESTED_TIMEOUT_S)
        chosen[framework] = [search.judged(h, framework, "requested") for h in held]
    open_ = [framework for framework in FRAMEWORKS if framework not in chosen]
    if open_:
        nearby = nearby_interpreters(environ, directory)
        chosen.update(_choose(open_, nearby, search))
    return [toolchain for framework in FRAMEWORKS for toolchain in chosen[framework]]


def survey(
    *,
    worker: Sequence[str],
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    answers: dict[str, Holdings] | None = None,
) -> list[InstalledToolchain]:
    """Every framework in every interpreter nearby, for `doctor`; without those that lack it.

    *answers* is what interpreters said already, as in `find_toolchains`.
    """
    nearby = nearby_interpreters(environ, directory)
    held = _Search(worker, answers=answers).ask(nearby, _FOUND_TIMEOUT_S)
    toolchains = []
    for candidate, holdings in zip(nearby, held, strict=True):
        for framework in FRAMEWORKS:
            toolchain = toolchain_of(holdings, framework, candidate.origin)
            if not _is_missing(toolchain):
                toolchains.append(toolchain)
    return toolchains


def with_devices(
    toolchains: Iterable[InstalledToolchain],
    *,
    worker: Sequence[str],
    timeout_s: float = _DEVICES_TIMEOUT_S,
    side_by_side: bool = False,
) -> list[InstalledToolchain]:
    """*toolchains*, each asked for its devices (imports the framework there: seconds).

    One after the other, since two frameworks starting on one accelerator disturb each other;
    *side_by_side* where there is none.
    """
    with _pool(_SIDE_BY_SIDE if side_by_side else 1) as pool:
        return list(pool.map(lambda t: _with_devices(t, worker, timeout_s), toolchains))


def toolchain_of(holdings: Holdings, framework: str, origin: str = "") -> InstalledToolchain:
    """One framework of what an interpreter said it holds."""
    base = InstalledToolchain(
        framework=framework,
        interpreter=holdings.interpreter,
        python=holdings.python,
        packages=holdings.packages,
        problem=holdings.problem,
        origin=origin,
        headers=holdings.headers,
    )
    if holdings.problem is not None:
        return base
    held = holdings.frameworks.get(framework)
    title = TITLES[framework]
    if held is None:
        return replace(base, problem=_missing(title))
    version, build = held.get("version"), held.get("build")
    base = replace(
        base,
        version=inert(version, limit=60) if isinstance(version, str) else None,
        build=dict(build) if isinstance(build, dict) else {},
    )
    lacks = held.get("lacks")
    if isinstance(lacks, list) and lacks:
        text = f"{title} is installed without {', '.join(inert(str(x), limit=40) for x in lacks)}"
        return replace(base, problem={"id": "framework-broken", "text": text, "hint": ""})
    if "numpy" not in holdings.packages:
        text = f"{title} is there, but NumPy is not, and measuring needs it"
        hint = "install numpy in that environment"
        return replace(base, problem={"id": "numpy-missing", "text": text, "hint": hint})
    return base


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that each ask an interpreter; whoever interrupts waits for none of them."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            abandon()
            raise


class _Search:
    """Asks interpreters side by side, each path once; *answers* holds what was said so far."""

    def __init__(
        self,
        worker: Sequence[str],
        packages: Sequence[str] = (),
        refine: Callable[[InstalledToolchain], InstalledToolchain] = lambda toolchain: toolchain,
        answers: dict[str, Holdings] | None = None,
    ) -> None:
        self._worker, self._packages, self._refine = worker, packages, refine
        self._answers = {} if answers is None else answers
        self._judged: dict[tuple[str, str], InstalledToolchain] = {}

    def ask(self, candidates: Sequence[Candidate], timeout_s: float) -> list[Holdings]:
        """What each of *candidates* holds, in their order."""
        new = sorted({c.path for c in candidates} - set(self._answers))
        with _pool(_SIDE_BY_SIDE) as pool:
            answers = pool.map(lambda path: self._inspect(path, timeout_s), new)
            self._answers.update(zip(new, answers, strict=True))
        return [self._answers[c.path] for c in candidates]

    def judged(self, holdings: Holdings, framework: str, origin: str) -> InstalledToolchain:
        """The toolchain, looked at closer once where nothing speaks against it so far."""
        key = (framework, holdings.interpreter)
        if key not in self._judged:
            toolchain = toolchain_of(holdings, framework, origin)
            self._judged[key] = self._refine(toolchain) if toolchain.problem is None else toolchain
        return self._judged[key]

    def _inspect(self, path: str, timeout_s: float) -> Holdings:
        return inspect_interpreter(
            path, worker=self._worker, packages=self._packages, timeout_s=timeout_s
        )


def _wanted(requested: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for word, paths in requested.items():
        framework = FRAMEWORK_WORDS.get(word)
        if framework is None:
            raise UserError(
                f"{word!r} is no framework", hint=f"one of: {', '.join(FRAMEWORK_WORDS)}"
            )
        for path in paths:
            interpreter = interpreter_in(expanded(path))
            if interpreter is None:
                raise UserError(
                    f"no Python interpreter lies at {inert(private(path), limit=300)}",
                    hint="give the path of a python, or of an environment that holds one",
                )
            wanted.setdefault(framework, []).append(str(interpreter.absolute()))
    return wanted


def _choose(
    frameworks: Sequence[str], nearby: Sequence[Candidate], search: _Search
) -> dict[str, list[InstalledToolchain]]:
    """One toolchain per framework; the others are asked only if the current one lacks one."""
    chosen: dict[str, list[InstalledToolchain]] = {}
    for group in (nearby[:1], nearby[1:]):
        left = [f for f in frameworks if f not in chosen]
        if not left:
            break
        held = search.ask(group, _FOUND_TIMEOUT_S)
        for framework in left:
            for candidate, holdings in zip(group, held, strict=True):
                toolchain = search.judged(holdings, framework, candidate.origin)
                if toolchain.problem is None:
                    chosen[framework] = [toolchain]
                    break
    for framework in frameworks:
        if framework not in chosen:
            chosen[framework] = [_least_bad(framework, nearby, search)]
    return chosen


def _least_bad(framework: str, nearby: Sequence[Candidate], search: _Search) -> InstalledToolchain:
    """What to say of a framework that nobody can run: a broken one before a missing one."""
    held = search.ask(nearby, _FOUND_TIMEOUT_S)
    pairs = zip(nearby, held, strict=True)
    judged = [search.judged(h, framework, c.origin) for c, h in pairs]
    broken = [t for t in judged if t.version is not None]
    return (broken or judged)[0]


def _missing(title: str) -> dict[str, str]:
    return {
        "id": "framework-missing",
        "text": f"{title} is not installed in this interpreter",
        "hint": "",
    }


def _is_missing(toolchain: InstalledToolchain) -> bool:
    return (toolchain.problem or {}).get("id") == "framework-missing"


def _with_devices(
    toolchain: InstalledToolchain, worker: Sequence[str], timeout_s: float
) -> InstalledToolchain:
    if toolchain.problem is not None:
        return toolchain
    held = inspect_interpreter(
        toolchain.interpreter, worker=worker, devices=toolchain.framework, timeout_s=timeout_s
    )
    if held.problem is not None:
        return replace(toolchain, problem=held.problem)
    asked = held.asked.get(toolchain.framework, {})
    warnings = tuple(inert(private(str(text)), limit=500) for text in asked.get("warnings") or [])
    error = asked.get("error")
    if error:
        text = inert(private(str(error)), limit=600)
        problem = {"id": "framework-broken", "text": text, "hint": ""}
        return replace(toolchain, problem=problem, warnings=warnings)
    listed = asked.get("devices")
    devices = tuple(d for d in listed if isinstance(d, dict)) if isinstance(listed, list) else ()
    return replace(toolchain, devices=devices, warnings=warnings)
