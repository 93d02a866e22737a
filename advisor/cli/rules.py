"""``fw-advisor rules``: list, explain, check and test what is believed; what gets old; the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app, completing
from advisor.cli.common import (
    JsonOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    emit_json,
    say,
)
from advisor.errors import ExitCode, UserError
from advisor.files import write_whole
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.knowledge.model import Rule, RuleBase
    from advisor.knowledge.rule_findings import RuleFinding

_FILTERS = (
    "kind",
    "criterion",
    "framework",
    "group",
    "source",
    "fact",
    "pack",
    "reliability",
    "about",
)

group = typer.Typer(help="List, explain, check and test the rules.", rich_markup_mode=None)
app.add_typer(group, name="rules")

TodayOption = Annotated[
    str | None,
    typer.Option("--today", metavar="DATE", help="ISO date to judge age by; today unless given."),
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="[KEY=]WORD",
        help=f"A word, or KEY=WORD with KEY {', '.join(_FILTERS)}.",
    ),
]


def _day(today: str | None) -> str:
    from advisor.cli.advise import iso_date
    from advisor.cli.measuring import today as clock

    return iso_date(today) if today else clock()


def _show(line: str) -> None:
    """One line on stdout; what a pack wrote cannot steer the terminal."""
    typer.echo(inert(line))


@group.command("list")
def list_(
    *,
    filters: FilterOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
) -> None:
    """Every rule, or those that all filters fit."""
    from advisor.knowledge.loader import load_rule_base

    base = load_rule_base(rules or ())
    chosen = _chosen(base, filters)
    if json:
        emit_json({"schema": "fw-advisor/rules-list@1", "rules": [_entry(r) for r in chosen]})
        return
    width = max((len(rule.id) for rule in chosen), default=0)
    for rule in chosen:
        _show(f"{rule.id:{width}}  {rule.title}")
    say(f"{len(chosen)} of {len(base.rules)} rules, last reviewed {base.version}")


def _entry(rule: Rule) -> dict[str, Any]:
    from advisor.knowledge.serialise import rule_data

    return {**rule_data(rule), "pack": rule.pack, "where": rule.where}


def _fits(rule: Rule, text: str) -> bool:
    key, equals, word = text.partition("=")
    word = word.strip().lower()
    if not equals:
        return text.strip().lower() in f"{rule.id} {rule.title} {rule.rationale}".lower()
    values = _filterable(rule).get(key.strip())
    if values is None:
        from advisor.knowledge.fields import did_you_mean

        hint = did_you_mean(key.strip(), _FILTERS)
        raise UserError(f"{key.strip()!r} is not a filter", hint=hint, where=f"--filter {text}")
    return word in (value.lower() for value in values)


def _chosen(base: RuleBase, filters: Sequence[str] | None) -> list[Rule]:
    """The rules that all *filters* fit.

    Raises:
        UserError: a filter that nothing is called, or a value that no rule has.
    """
    for text in filters or ():
        _refuse_unknown(base, text)
    return [rule for rule in base.rules if all(_fits(rule, text) for text in filters or ())]


def _refuse_unknown(base: RuleBase, text: str) -> None:
    from advisor.knowledge.fields import did_you_mean

    key, equals, word = text.partition("=")
    if not equals or key.strip() not in _FILTERS:
        return
    values = {v.lower() for rule in base.rules for v in _filterable(rule)[key.strip()] if v}
    if word.strip().lower() not in values:
        hint = did_you_mean(word.strip(), sorted(values)) or "see: fw-advisor rules list --json"
        raise UserError(
            f"no rule has {key.strip()} {word.strip()!r}", hint=hint, where=f"--filter {text}"
        )


def _filterable(rule: Rule) -> dict[str, list[str]]:
    from advisor.knowledge.conditions import leaves

    said = rule.suggests.get("framework")
    return {
        "kind": [rule.kind],
        "criterion": [effect.criterion for effect in rule.effects],
        "framework": [*(e.framework for e in rule.effects), rule.excludes or "", said or ""],
        "group": [rule.group],
        "source": list(rule.sources),
        "fact": [leaf.fact for leaf in leaves(rule.when)],
        "pack": [rule.pack],
        "reliability": [rule.reliability],
        "about": [rule.about or ""],
    }


def _find(base: RuleBase, name: str) -> Rule:
    for rule in base.rules:
        if rule.id == name:
            return rule
    from advisor.knowledge.fields import did_you_mean

    if name in base.disabled:
        raise UserError(f"the rule {name} is disabled: {base.disabled[name]}", where=name)
    ids = [rule.id for rule in base.rules]
    near = [rule_id for rule_id in ids if name.lower() in rule_id]
    hint = did_you_mean(name, ids) or ("one of: " + ", ".join(near[:5]) if near else "")
    raise UserError(
        "there is no such rule", hint=hint or "see: fw-advisor rules list", where=name[:120]
    )


@group.command()
def explain(
    name: Annotated[
        str, typer.Argument(metavar="ID", autocompletion=completing.rule_ids, help="The rule's id.")
    ],
    *,
    today: TodayOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
) -> None:
    """Explain one rule.

    What it says, when, since when, by whom, and what it decides in the personas.
    """
    from dataclasses import asdict

    from advisor.cli.explaining import age_of, explanation_lines, parts_played
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.package_rules import with_rule_of_package
    from advisor.knowledge.personas import load_personas

    base = with_rule_of_package(load_rule_base(rules or ()), name)
    rule = _find(base, name)
    day = _day(today)
    parts = parts_played(base, rule, load_personas(base))
    document = {
        "schema": "fw-advisor/rule-explanation@1",
        "rule": _entry(rule),
        "age_days": age_of(rule.asserted, day),
        "reviewed_days": age_of(rule.reviewed, day),
        "expires_in_days": -age_of(rule.expires, day),
        "sources": [
            {**asdict(base.sources[s]), "age_days": age_of(base.sources[s].retrieved, day)}
            for s in rule.sources
        ],
        "personas": [{**vars(part), "decided": part.decided} for part in parts],
    }
    if json:
        emit_json(document)
    else:
        for line in explanation_lines(base, rule, document):
            _show(line)


@group.command()
def check(
    *,
    index: Annotated[
        bool,
        typer.Option(
            "--index",
            help="Also ask pip's package index whether what the install lines name resolves.",
        ),
    ] = False,
    today: TodayOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Find what is wrong with the rules. Exit 2 if they do not load, 5 if there are errors."""
    from advisor.knowledge import rule_check as checking
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.personas import load_personas
    from advisor.knowledge.rule_findings import from_errors

    day = _day(today)
    try:
        base = load_rule_base(rules or ())
        load_personas(base)
        asked = _asked(base, quiet=quiet or json) if index else ()
        findings = (*asked, *checking.check(base, today=day))
    except UserError as error:
        if not json:
            raise
        _emit_findings(from_errors(error), error)
        return ExitCode.BAD_INPUT
    errors = sum(finding.severity == "error" for finding in findings)
    if json:
        _emit_findings(findings)
    else:
        _print_findings([f for f in findings if verbose or f.severity != "info"])
        say(_counts(findings), quiet=quiet)
    return ExitCode.CHECK_SAYS_NO if errors else ExitCode.DONE


def _asked(base: RuleBase, *, quiet: bool) -> Sequence[RuleFinding]:
    from advisor.knowledge.index import PipIndex, pip_command
    from advisor.knowledge.index_check import check_index

    pip = PipIndex(pip_command())
    return check_index(base, pip, report=lambda text: say(text, quiet=quiet))


def _emit_findings(findings: Sequence[RuleFinding], error: UserError | None = None) -> None:
    document: dict[str, Any] = {
        "schema": "fw-advisor/rule-findings@1",
        "findings": [{**vars(f), "rules": list(f.rules), "hint": f.hint or None} for f in findings],
    }
    if error is not None:
        document["error"] = {"message": error.message, "hint": error.hint, "where": error.where}
    emit_json(document)


def _print_findings(findings: Sequence[RuleFinding]) -> None:
    for finding in findings:
        where = f"{finding.where}: " if finding.where else ""
        _show(f"{where}{finding.severity}: {finding.text} [{finding.id}]")
        if finding.hint:
            _show(f"  {finding.hint}")


def _counts(findings: Sequence[RuleFinding]) -> str:
    if not findings:
        return "Nothing found."
    count = {word: sum(f.severity == word for f in findings) for word in ("error", "warning")}
    infos = len(findings) - sum(count.values())
    totals = ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in count.items())
    return f"{totals}, {infos} to know (shown with -v)."


@group.command("test")
def run_tests_(
    *,
    filters: FilterOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Run the tests that the rules carry. Exit 5 if one fails."""
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.ruletests import run_tests

    base = load_rule_base(rules or ())
    chosen = _chosen(base, filters)
    results = run_tests(base, chosen)
    failed = [result for result in results if not result.passed]
    untested = [rule.id for rule in chosen if not rule.tests]
    if json:
        tests = [{**vars(result), "passed": result.passed} for result in results]
        emit_json({"schema": "fw-advisor/rule-tests@1", "tests": tests, "untested": untested})
    else:
        for result in results if verbose else failed:
            mark = "ok    " if result.passed else "FAILED"
            _show(f"{mark} {result.where}: {result.rule}: {result.name}")
            if not result.passed:
                _show(f"       wanted {result.wanted}, got {result.got}")
        rest = f"; {len(untested)} rules have none" if untested else ""
        say(f"{len(results) - len(failed)} of {len(results)} tests passed{rest}.", quiet=quiet)
    return ExitCode.CHECK_SAYS_NO if failed else ExitCode.DONE


@group.command()
def stale(
    *,
    within: Annotated[
        str,
        typer.Option(
            "--within", metavar="TIME", help="How far ahead to look, such as 90d, 6w or 3m."
        ),
    ] = "90d",
    today: TodayOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
) -> None:
    """List rules that expired or soon will, oldest first."""
    from advisor.knowledge.evaluate import days_between
    from advisor.knowledge.loader import load_rule_base

    day, ahead = _day(today), _days(within)
    left = [(days_between(day, rule.expires), rule) for rule in load_rule_base(rules or ()).rules]
    old = sorted((item for item in left if item[0] <= ahead), key=lambda x: (x[0], x[1].id))
    if json:
        entries = [{**_entry(rule), "expires_in_days": days} for days, rule in old]
        emit_json({"schema": "fw-advisor/rules-stale@1", "today": day, "rules": entries})
        return
    for days, rule in old:
        when = f"expired {-days} days ago" if days < 0 else f"expires in {days} days"
        _show(f"{rule.expires}  {when:24}  {rule.id}: {rule.title}")
        if rule.revisit_when:
            _show(f"{'':38}look again when {rule.revisit_when}")
    say(f"{len(old)} of {len(left)} rules expire by then or have expired (today: {day})")


def _days(text: str) -> int:
    match = re.fullmatch(r"\s*(\d{1,5})\s*([dwmy]?)\s*", text.lower())
    if match is None:
        raise UserError(f"{text!r} is not a time", hint="write 90d", where="--within")
    return int(match.group(1)) * {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}[match.group(2)]


@group.command()
def refresh(
    *,
    within: Annotated[
        str,
        typer.Option(
            "--within", metavar="TIME", help="How far ahead an expiry counts, such as 90d or 3m."
        ),
    ] = "90d",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="ID",
            help="An id or a package; repeatable.",
        ),
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="Also ask pip's package index what released since.")
    ] = False,
    today: TodayOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List what needs to be read again.

    What expires, what was read longest ago, what released since (--index).
    """
    from advisor.knowledge.index import PipIndex, pip_command
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.refresh import work_list

    day = _day(today)
    items = work_list(
        load_rule_base(rules or ()),
        today=day,
        within_days=_days(within),
        index=PipIndex(pip_command()) if index else None,
        only=only or (),
        report=lambda text: say(text, quiet=quiet or json),
    )
    if json:
        listed = [item.document() for item in items]
        emit_json({"schema": "fw-advisor/rules-refresh@1", "today": day, "items": listed})
        return
    for item in items:
        release = item.release
        news = f", {release.reviewed} -> {release.newest}" if release is not None else ""
        why = ", ".join(item.reasons) + news
        _show(f"{item.expires}  {item.kind:9} {item.id}: read {item.reviewed} ({why})")
        if item.revisit_when:
            _show(f"{'':12}look again when {item.revisit_when}")
    say(f"{len(items)} to look at again (today: {day})", quiet=quiet)


@group.command()
def docs(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write to PATH instead of stdout."),
    ] = None,
    rules: RulesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the page of all rules, as Markdown.

    With their sources and dates.
    """
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.page import rules_page

    text = rules_page(load_rule_base(rules or ()))
    if output is None:
        typer.echo(text, nl=False)
        return
    write_whole(output, text)
    say(f"wrote {output}", quiet=quiet)
