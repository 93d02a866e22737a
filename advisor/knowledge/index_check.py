"""Whether what the install lines name resolves in the index: what is dead, empty or a stand-in.

Asks through a `PackageIndex`; installs nothing. It must not know how an index is asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from advisor.knowledge.index import Answer, IndexQuery, PackageIndex
from advisor.knowledge.installs import pythons_of
from advisor.knowledge.model import RuleBase
from advisor.knowledge.rule_findings import ORDER, RuleFinding, Severity
from advisor.knowledge.supply import IndexCheck, Install, StandIn

CONTROL = "pip"
"""What every general index holds: where this does not resolve, no index is within reach."""

_AT_ONCE = 4
_LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_MINOR = re.compile(r"3\.\d+")


@dataclass(frozen=True)
class _Case:
    """One line's check for one Python and one platform."""

    line: Install
    check: IndexCheck
    question: IndexQuery


def check_index(
    base: RuleBase, index: PackageIndex, *, report: Callable[[str], None] = lambda _: None
) -> tuple[RuleFinding, ...]:
    """What the install lines of *base* name and *index* does not hold, errors first.

    Args:
        base: The rules.
        index: What is asked.
        report: Told what is being asked, in words.
    """
    control = index.versions(IndexQuery(distribution=CONTROL))
    if control.status != "versions":
        reason = control.reason or f"it does not hold {CONTROL} itself"
        text = f"the package index gives no answer, so no install line was asked for: {reason}"
        return (RuleFinding(id="index-unreachable", severity="warning", text=text),)
    cases = list(_cases(base))
    report(f"asking the package index about {len({c.question for c in cases})} builds ...")
    first = {IndexQuery(distribution=stand_in.distribution) for stand_in in base.stand_ins}
    first |= {replace(c.question, python="", platforms=()) for c in cases if c.question.index}
    first |= {c.question for c in cases if not c.question.index}
    answers = _ask(index, first)
    spoke = _spoke(answers)
    rest = {c.question for c in cases if c.question.index and c.question.index in spoke}
    answers |= _ask(index, rest)
    findings = [*_judged(base, cases, answers, spoke), *_stand_ins(base, answers)]
    return tuple(sorted(findings, key=lambda f: (ORDER.index(f.severity), f.id, f.text)))


def _spoke(answers: Mapping[IndexQuery, Answer]) -> frozenset[str]:
    """The indexes that hold something: what they do not hold is missing, not out of reach."""
    return frozenset(q.index for q, answer in answers.items() if answer.status == "versions")


def _ask(index: PackageIndex, questions: Iterable[IndexQuery]) -> dict[IndexQuery, Answer]:
    ordered = sorted(questions, key=repr)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return dict(zip(ordered, pool.map(index.versions, ordered), strict=True))


def _cases(base: RuleBase) -> Iterator[_Case]:
    for line in (*base.installs, *base.libraries):
        builds = [(python, "") for python in _ends(line.python, pythons_of(base))]
        if line.free_threaded:
            threaded = _ends(line.free_threaded, pythons_of(base))
            builds += [(python, f"cp{python.replace('.', '')}t") for python in threaded]
        for check in line.check:
            for python, abi in builds:
                for platforms in _platforms(line, check):
                    question = IndexQuery(
                        distribution=check.distribution,
                        index=check.index,
                        python=python,
                        abi=abi,
                        platforms=platforms,
                    )
                    yield _Case(line, check, question)


def _ends(wanted: str, pythons: Sequence[str]) -> list[str]:
    """The oldest and the newest of *pythons* in the range *wanted*, or what the range names."""
    specifier = SpecifierSet(wanted)
    inside = [python for python in pythons if specifier.contains(python)]
    inside = inside or [python for python in _MINOR.findall(wanted) if specifier.contains(python)]
    return list(dict.fromkeys([inside[0], inside[-1]])) if inside else []


def _platforms(line: Install, check: IndexCheck) -> Iterator[tuple[str, ...]]:
    """The tags of one platform each, of which any will do."""
    if check.platforms:
        yield check.platforms
        return
    for system in dict.fromkeys("linux" if os == "wsl2" else os for os in line.os or ("linux",)):
        usual = ("aarch64",) if system == "macos" else ("x86_64",)
        for machine in line.architecture or usual:
            yield _tags(system, machine)


def _tags(system: str, machine: str) -> tuple[str, ...]:
    if system == "macos":
        return (f"macosx_15_0_{'arm64' if machine == 'aarch64' else machine}",)
    if system == "windows":
        return ("win_amd64" if machine == "x86_64" else "win_arm64",)
    return tuple(f"{level}_{machine}" for level in _LINUX)


def _judged(
    base: RuleBase,
    cases: Iterable[_Case],
    answers: dict[IndexQuery, Answer],
    spoke: Collection[str],
) -> Iterator[RuleFinding]:
    anywhere: dict[tuple[str, str], list[str]] = defaultdict(list)
    for question, answer in answers.items():
        anywhere[question.distribution, question.index].extend(answer.versions)
    silent: dict[str, list[str]] = {}
    reported: set[tuple[str, str, str]] = set()
    for case in cases:
        where = case.question.index
        if where and where not in spoke:
            silent.setdefault(where, []).append(case.line.id)
            continue
        finding = _verdict(base, case, answers, anywhere[case.question.distribution, where])
        if finding is not None and (finding.id, case.line.id, finding.text) not in reported:
            reported.add((finding.id, case.line.id, finding.text))
            yield finding
    for where, lines in silent.items():
        names = ", ".join(sorted(set(lines)))
        text = f"{where} gives no answer: out of reach from here, or it holds nothing of {names}"
        yield RuleFinding(id="index-silent", severity="warning", text=text)


def _verdict(
    base: RuleBase, case: _Case, answers: dict[IndexQuery, Answer], anywhere: Sequence[str]
) -> RuleFinding | None:
    """What is wrong with *case*; *anywhere* are its distribution's versions for any platform."""
    name = case.check.distribution
    here = answers[case.question]
    if here.status == "silent":
        return _about(case, "index-silent", "warning", f"no answer for {name}: {here.reason}")
    if not anywhere:
        return _about(case, "index-dead", "error", f"the index holds no {name}")
    stand_in = _stand_in_for(base, case.check, anywhere)
    if stand_in is not None:
        text = f"{name} in the index is a stand-in: it {stand_in.says}"
        return _about(case, "index-stand-in", "error", text, stand_in.instead)
    if all(_is_empty(version) for version in anywhere):
        return _about(case, "index-empty", "error", f"{name} in the index is an empty 0.0.0")
    return _unfit(case, here)


def _unfit(case: _Case, here: Answer) -> RuleFinding | None:
    name, wanted = case.check.distribution, case.check.versions
    python = f"{case.question.python}{'t' if case.question.abi else ''}"
    place = f"Python {python} on {case.question.platforms[0]}"
    if not here.versions:
        return _about(case, "index-no-build", "error", f"{name} has no build for {place}")
    if _within(here.versions, wanted):
        return None
    text = f"{name} {wanted} does not resolve for {place}: newest is {here.versions[0]}"
    return _about(case, "index-no-version", "error", text)


def _about(case: _Case, kind: str, severity: Severity, text: str, hint: str = "") -> RuleFinding:
    line = case.line
    return RuleFinding(
        id=kind, severity=severity, text=f"install {line.id}: {text}", where=line.where, hint=hint
    )


def _stand_in_for(base: RuleBase, check: IndexCheck, versions: Sequence[str]) -> StandIn | None:
    """The stand-in that the general index would give for *check*, if all it has is that."""
    if check.index:
        return None
    for stand_in in base.stand_ins:
        if stand_in.distribution == check.distribution and versions:
            real = [v for v in versions if not _within([v], stand_in.versions)]
            if not real:
                return stand_in
    return None


def _stand_ins(base: RuleBase, answers: dict[IndexQuery, Answer]) -> Iterator[RuleFinding]:
    """What the general index holds now under the names of known stand-ins."""
    for stand_in in base.stand_ins:
        versions = answers[IndexQuery(distribution=stand_in.distribution)].versions
        real = [v for v in versions if not _within([v], stand_in.versions)]
        if real:
            text = f"{stand_in.distribution} {real[0]} is in the index: no stand-in any more?"
            hint = "read it, then take the entry out of stand_ins or widen its versions"
            yield RuleFinding(
                id="index-real-now", severity="warning", text=text, where=stand_in.where, hint=hint
            )


def _within(versions: Iterable[str], wanted: str) -> bool:
    specifier = SpecifierSet(wanted)
    return any(specifier.contains(version, prereleases=True) for version in versions)


def _is_empty(version: str) -> bool:
    try:
        return not any(Version(version).release)
    except InvalidVersion:
        return False
