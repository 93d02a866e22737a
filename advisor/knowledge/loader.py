"""Load the rule base: the shipped one, and the packs that a team adds to it.

Knows the files, their schemas and what a pack may do (add and disable, never replace). Every
mistake is told at once, with its place. It must not know how rules are evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from advisor.errors import UserError
from advisor.knowledge.conflicts import read_conflict
from advisor.knowledge.entries import (
    References,
    read_criterion,
    read_framework,
    read_question,
    read_source,
    read_weights,
)
from advisor.knowledge.families import (
    check_standards,
    read_carry_over,
    read_family,
    read_standard,
)
from advisor.knowledge.fields import Part, Problems, did_you_mean, shown
from advisor.knowledge.install_form import read_absence, read_install, read_stand_in
from advisor.knowledge.model import Rule, RuleBase, Source
from advisor.knowledge.package_form import check_names, read_package
from advisor.knowledge.packs import CORE, Pack, read_all, team_pack, yaml_files
from advisor.knowledge.published import read_published
from advisor.knowledge.rule_form import read_rule
from advisor.knowledge.switching import read_switching
from advisor.knowledge.vocabulary import read_fact
from advisor.knowledge.yamlio import Document
from advisor.resources import resource_dir

RULES_SCHEMA = "fw-advisor/rules@1"
SOURCES_SCHEMA = "fw-advisor/sources@1"
RULE_FOLDERS = ("claims", "vetoes", "notes")
_SINGLE_FILES = {
    "vocabulary": ("facts",),
    "criteria": ("criteria",),
    "frameworks": ("frameworks",),
    "sources": ("sources",),
    "questions": ("questions",),
    "workloads": ("weights",),
    "installs": ("installs", "libraries", "absences", "stand_ins"),
    "packages": ("packages",),
    "families": ("families",),
    "models": ("standards",),
    "carry_over": ("carry_over",),
    "published": ("published",),
    "conflicts": ("conflicts",),
    "switching": ("switching",),
}


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Entry = TypeVar("Entry", bound=_HasId)
Any_ = TypeVar("Any_")


@dataclass
class Shelf:
    """The parts of a rule base before they are put together, by section.

    `restored` parts come from a record: it may hold a few of the rules only, so that references
    from one to another can lead nowhere.
    """

    restored: bool = False
    sections: dict[str, list[Part]] = field(default_factory=dict)
    rules: list[tuple[Part, str]] = field(default_factory=list)
    disabled: list[tuple[Part, str]] = field(default_factory=list)

    def put(self, section: str, parts: Iterable[Part]) -> None:
        """Add *parts* to *section*."""
        self.sections.setdefault(section, []).extend(parts)


def load_rule_base(packs: Sequence[Path] = (), *, root: Path | None = None) -> RuleBase:
    """The rule base in *root* (the shipped one unless given) with *packs* added.

    Raises:
        UserError: one thing is wrong; `UserErrorGroup` where several are, each with its place.
    """
    return _loaded(packs, root) if packs or root is not None else _shipped()


@cache
def _shipped() -> RuleBase:
    return _loaded((), None)


def _loaded(packs: Sequence[Path], root: Path | None) -> RuleBase:
    problems = Problems()
    core = core_pack(root)
    shelf = Shelf()
    _shelve_core(core, shelf, problems)
    for directory in packs:
        pack = team_pack(directory)
        _shelve_pack(pack, shelf, problems)
    problems.check()
    return assemble(shelf, problems)


def core_pack(root: Path | None) -> Pack:
    """The shipped rules, or those in *root*.

    Raises:
        UserError: *root* is not a rule base.
    """
    directory = (root or resource_dir("rules")).resolve()
    if not (directory / "vocabulary.yaml").is_file():
        raise UserError(
            "holds no vocabulary.yaml, so it is not a rule base",
            hint="a team's own rules are added with --rules DIR",
            where=str(directory),
        )
    return Pack(directory, directory.name, CORE)


def _shelve_core(core: Pack, shelf: Shelf, problems: Problems) -> None:
    for stem, sections in _SINGLE_FILES.items():
        path = core.root / f"{stem}.yaml"
        for document in read_all(core, [path] if path.is_file() else [], problems):
            part = Part.top(document, problems)
            _check_schema(part, (f"fw-advisor/{stem}@1",))
            part.only(("schema", *sections))
            for section in sections:
                shelf.put(section, part.parts(section))
    for folder in RULE_FOLDERS:
        if (core.root / folder).is_dir():
            for document in read_all(core, yaml_files(core, folder), problems):
                part = Part.top(document, problems)
                if _check_schema(part, (RULES_SCHEMA,)):
                    part.only(("schema", "rules"))
                    shelf.rules.extend((rule, CORE) for rule in part.parts("rules"))


def _shelve_pack(pack: Pack, shelf: Shelf, problems: Problems) -> None:
    paths = yaml_files(pack)
    if not paths:
        problems.add(
            "holds no YAML files",
            where=pack.shown,
            hint=f"a pack is one or more files with the key schema: {RULES_SCHEMA}",
        )
    for document in read_all(pack, paths, problems):
        _shelve_document(document, pack, shelf, problems)


def _shelve_document(document: Document, pack: Pack, shelf: Shelf, problems: Problems) -> None:
    part = Part.top(document, problems)
    if not _check_schema(part, (RULES_SCHEMA, SOURCES_SCHEMA)):
        return
    only_sources = part.data["schema"] == SOURCES_SCHEMA
    part.only(("schema", "sources") if only_sources else ("schema", "rules", "sources", "disable"))
    shelf.put("sources", part.parts("sources"))
    if not only_sources:
        shelf.rules.extend((rule, pack.label) for rule in part.parts("rules"))
        shelf.disabled.extend((entry, pack.label) for entry in part.parts("disable"))


def _check_schema(part: Part, expected: Sequence[str]) -> bool:
    if not part.data:
        if isinstance(part.document.data, dict):
            part.fail(f"schema is missing; expected {' or '.join(expected)}")
        return False
    stated = part.data.get("schema")
    if stated in expected:
        return True
    if stated is None:
        part.fail(f"schema is missing; expected {' or '.join(expected)}")
    else:
        part.fail(
            f"schema is {shown(stated)}; expected {' or '.join(expected)}",
            "schema",
            hint=did_you_mean(stated, expected),
        )
    return False


def assemble(
    shelf: Shelf, problems: Problems, *, disabled: Mapping[str, str] | None = None
) -> RuleBase:
    """Put the parts together, what others refer to first; *disabled* where it is known already.

    Raises:
        UserError: one thing is wrong; `UserErrorGroup` where several are.
    """
    facts = _by_id(shelf, "facts", read_fact)
    criteria = _by_id(shelf, "criteria", read_criterion)
    frameworks = _by_id(shelf, "frameworks", read_framework)
    problems.check()
    sources: Mapping[str, Source] = _by_id(shelf, "sources", read_source)
    references = References(facts, criteria, frameworks, sources)
    rules = _rules(shelf, references, problems)
    questions = _list(shelf, "questions", lambda part: read_question(part, references))
    weights = _list(shelf, "weights", lambda part: read_weights(part, references))
    installs = _list(shelf, "installs", lambda part: read_install(part, references))
    libraries = _list(shelf, "libraries", lambda part: read_install(part, references))
    absences = _list(shelf, "absences", lambda part: read_absence(part, references))
    stand_ins = _list(shelf, "stand_ins", lambda part: read_stand_in(part, references))
    packages = _list(shelf, "packages", lambda part: read_package(part, references))
    check_names(packages, problems)
    families = _by_id(shelf, "families", read_family)
    standards = _list(shelf, "standards", read_standard)
    tasks = facts["task"].values if "task" in facts else {}
    check_standards(shelf.sections.get("standards", []), standards, tasks)
    carry_over = _by_id(shelf, "carry_over", read_carry_over)
    published = _by_id(shelf, "published", lambda part: read_published(part, sources, facts))
    conflicts = _by_id(shelf, "conflicts", lambda part: read_conflict(part, references))
    switching = _by_id(shelf, "switching", read_switching)
    if disabled is None:
        disabled = _disabled(shelf, rules)
    if not shelf.restored:
        _check_references(rules, problems)
    problems.check()
    kept = tuple(rules[name] for name in sorted(rules) if name not in disabled)
    return RuleBase(
        facts=facts,
        criteria=criteria,
        frameworks=frameworks,
        sources={name: sources[name] for name in sorted(sources)},
        rules=kept,
        questions=questions,
        task_weights=weights,
        installs=installs,
        libraries=libraries,
        absences=absences,
        stand_ins=stand_ins,
        packages=packages,
        families=families,
        standards=standards,
        carry_over=tuple(carry_over.values()),
        published=tuple(published.values()),
        conflicts=tuple(conflicts.values()),
        switching=tuple(switching.values()),
        disabled=disabled,
        version=max((rule.reviewed for rule in kept), default=""),
    )


def _by_id(shelf: Shelf, section: str, read: Callable[[Part], Entry]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    first: dict[str, str] = {}
    for part in shelf.sections.get(section, ()):
        entry = read(part)
        if entry.id in entries:
            part.fail(f"{shown(entry.id)} stands twice; first at {first[entry.id]}", "id")
            continue
        entries[entry.id] = entry
        first[entry.id] = part.where()
    return entries


def _list(shelf: Shelf, section: str, read: Callable[[Part], Any_]) -> tuple[Any_, ...]:
    return tuple(read(part) for part in shelf.sections.get(section, ()))


def _rules(shelf: Shelf, references: References, problems: Problems) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for part, pack in shelf.rules:
        rule = read_rule(part, references, pack)
        first = rules.get(rule.id)
        if first is None:
            rules[rule.id] = rule
            continue
        if not rule.id:
            continue
        hint = "keep one of the two, or give this one another id"
        if first.pack != pack:
            hint = "a pack never replaces a rule: disable that one and give yours another id"
        problems.add(
            f"the rule id {shown(rule.id)} stands twice; first at {first.where}",
            where=part.where("id"),
            hint=hint,
        )
    return rules


def _disabled(shelf: Shelf, rules: Mapping[str, Rule]) -> dict[str, str]:
    disabled: dict[str, str] = {}
    for part, _ in shelf.disabled:
        part.only(("id", "because"))
        name = part.text("id")
        because = part.text("because")
        if name and name not in rules:
            hint = did_you_mean(name, rules)
            part.fail(f"there is no rule {shown(name)} to disable", "id", hint=hint)
        disabled[name] = because
    return {name: disabled[name] for name in sorted(disabled)}


def _check_references(rules: Mapping[str, Rule], problems: Problems) -> None:
    for rule in rules.values():
        for name in rule.conflicts_ok:
            if name not in rules:
                problems.add(
                    f"conflicts_ok names {shown(name)}, which is no rule",
                    where=rule.where,
                    hint=did_you_mean(name, rules),
                )
