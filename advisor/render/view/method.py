"""The method, every rule that fired and those that nearly did, the environment, and the replay."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.evidence import Evidence, Machine, Toolchain
from advisor.knowledge.model import Effect, Rule
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Code,
    Fold,
    Points,
    Row,
    Section,
    Statement,
    Table,
    Tag,
    anchor,
)
from advisor.render.view.provenance import METHOD, Origins
from advisor.render.view.words import (
    DASH,
    amount_of_bytes,
    count_of,
    listed,
    name_of,
    plain,
    sentence,
    significant,
)

_SELFTEST = {
    "passed": "passed: identical code was called equal, a planted slowdown was found",
    "failed": "failed: verdicts from this machine cannot be trusted",
    "not_run": "not run, so no verdict was called",
}


_METHOD = (
    "vetoes first: what a veto rules out is not compared at all",
    (
        "each claim that fires adds value to one framework on one criterion (weak 0.5, moderate 1, "
        "strong 2 units; one unit is worth a step in half the time); of one group only the "
        "strongest counts"
    ),
    (
        "a claim about speed and a measurement of it meet in one estimate, where the more certain "
        "one weighs more; nothing counts twice"
    ),
    (
        "recommended from 80 % clearly ahead, leaning from 65 %; on the border the lower one is "
        "taken"
    ),
)


def method_section(origins: Origins) -> Section:
    """How the decision was computed."""
    replay = origins.decision.replay
    made_by = f"{origins.decision.tool.name} {replay.tool_version}".strip()
    tag = (Tag("computed", f"method of {made_by}, seed {replay.seed}", "#replay"),)
    told = [*_METHOD]
    drawn = (
        f"weights, reliability of claims and measurements are drawn {replay.samples:,} times; the "
        "shares that are given are shares of these draws, not chances of being right"
    )
    told.insert(-1, drawn)
    points = tuple(Statement(sentence(text), tag) for text in told)
    return Section("method", "Method", (Points(points),))


def rules_section(origins: Origins) -> Section:
    """Every rule that fired, those that wait for an answer, and how many stay silent."""
    decision = origins.decision
    fired = [r for name in decision.rules_fired if (r := origins.rules.get(name)) is not None]
    blocks: list[Block] = []
    if fired:
        rows = tuple(row for rule in fired for row in (_rule_row(origins, rule),))
        head = ("Rule", "States", "Effect", "Source", "Reviewed", "Expires")
        table = Table("rules-fired", "Rules that fired", head, rows)
        blocks.append(table)
        blocks.append(_sources_table(origins, fired))
    if decision.rules_unknown:
        blocks.append(Fold(*_nearly(origins)))
    silent = count_of(len(decision.rules_silent), "rule")
    text = f"{silent} of this rule base did not apply to these answers"
    blocks.append(Points((Statement(sentence(text), (METHOD,)),)))
    return Section("rules", "Every rule that fired, and those that nearly did", tuple(blocks))


def _rule_row(origins: Origins, rule: Rule) -> Row:
    stale = " (expired)" if rule.id in origins.decision.rules_stale else ""
    sources = [origins.source(name) for name in rule.sources]
    first = sources[0] if sources else None
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return Row(
        (
            Cell(rule.id),
            Cell(" ".join(p for p in (sentence(rule.title), rule.rationale) if p)),
            Cell(_effects(rule)),
            Cell(f"{first.text}{more}" if first else DASH, href=first.href if first else ""),
            Cell(rule.reviewed),
            Cell(rule.expires + stale, tone="bad" if stale else ""),
        ),
        anchor("rule", rule.id),
    )


def _effects(rule: Rule) -> str:
    if rule.kind == "veto":
        return f"rules {name_of(rule.excludes)} out"
    if not rule.effects:
        return "scores nothing"
    return "; ".join(_effect(effect) for effect in rule.effects)


def _effect(effect: Effect) -> str:
    return f"{effect.direction} {name_of(effect.framework)}, {effect.criterion}, {effect.strength}"


def _sources_table(origins: Origins, rules: list[Rule]) -> Table:
    names = sorted({name for rule in rules for name in rule.sources})
    known = [s for n in names if (s := origins.inputs.base.sources.get(n)) is not None]
    rows = tuple(
        Row(
            (
                Cell(s.title, href=origins.source(s.id).href),
                Cell(s.publisher),
                Cell(s.published or DASH),
                Cell(s.retrieved),
                Cell(s.gist),
            ),
            anchor("source", s.id),
        )
        for s in known
    )
    head = ("Source", "Publisher", "Published", "Read", "What it says, in our words")
    return Table("sources", "Sources of these rules", head, rows)


def _nearly(origins: Origins) -> tuple[str, tuple[Block, ...]]:
    rows = []
    for entry in origins.decision.rules_unknown:
        name = str(entry.get("rule", ""))
        rule = origins.rules.get(name)
        waits = [str(f) for f in entry.get("waits_for", ())]
        rows.append(
            Row(
                (Cell(name), Cell(rule.title if rule else DASH), Cell(listed(waits))),
                anchor("rule", name),
            )
        )
    summary = f"{count_of(len(rows), 'rule')} that wait for an answer"
    table = Table("rules-nearly", summary, ("Rule", "States", "Waits for"), tuple(rows))
    return summary, (table,)


def environment_section(origins: Origins) -> Section:
    """Machines, toolchains and the self-test; nothing that names a host or a user."""
    blocks: list[Block] = []
    evidence = origins.inputs.evidence
    for index, document in enumerate(evidence):
        blocks += _environment(document, index, many=len(evidence) > 1)
    if not evidence:
        points = (Statement("No machine was measured.", (METHOD,)),)
        blocks.append(Points(points))
    blocks += _notices(evidence)
    return Section("environment", "Environment", tuple(blocks))


def _environment(document: Evidence, index: int, *, many: bool) -> list[Block]:
    name = document.machine.label or (f"evidence {index + 1}" if many else "this machine")
    head = ("Property", "Value")
    rows = [Row((Cell(k), Cell(v))) for k, v in _machine(document.machine)]
    rows += [Row((Cell(k), Cell(v))) for k, v in _run(document)]
    table = anchor("machine", str(index))
    blocks: list[Block] = [Table(table, f"Machine and run: {name}", head, tuple(rows))]
    if document.toolchains:
        blocks.append(_toolchains(document.toolchains, index))
    return blocks


def _machine(machine: Machine) -> list[tuple[str, str]]:
    details: Mapping[str, object] = machine.details
    accelerators = [
        f"{a.count} × {a.name or a.kind}"
        + (f", {amount_of_bytes(a.memory_bytes)}" if a.memory_bytes else "")
        + (f", driver {a.driver}" if a.driver else "")
        + (f", split by MIG ({'+'.join(a.mig_profiles) or 'unknown parts'})" if a.mig else "")
        for a in machine.accelerators
    ]
    quota = "none" if machine.cpu_quota is None else f"{machine.cpu_quota:g} CPUs"
    cores = f"{plain(machine.cores_physical)} physical, {plain(machine.cores_usable)} usable"
    return [
        ("System", plain(details.get("system") or machine.os)),
        ("Processor", f"{machine.cpu} ({machine.arch})"),
        ("Cores", cores),
        ("CPU quota", quota),
        ("Memory", amount_of_bytes(machine.memory_bytes)),
        ("Accelerators", "; ".join(accelerators) or "none found"),
    ]


def _run(document: Evidence) -> list[tuple[str, str]]:
    tested = document.selftest
    told = _SELFTEST[tested.status] if tested else "no self-test in this evidence"
    if tested and tested.reason:
        told += f" ({tested.reason.text or tested.reason.id})"
    settings = {
        "matched": "matched: equal precision, threads and compile scope",
        "default": "default: as each framework starts out of the box",
    }[document.settings]
    return [
        ("Measured on", document.created or "date not recorded"),
        ("Settings", settings),
        ("Profile", document.profile),
        ("Self-test", told),
        ("Written by", f"{document.tool.name} {document.tool.version}".strip()),
    ]


def _toolchains(chains: list[Toolchain], index: int) -> Table:
    rows = tuple(
        Row(
            (
                Cell(f"{name_of(c.framework)} {c.version or ''}"),
                Cell(c.python or DASH),
                Cell(c.interpreter),
                Cell(", ".join(_device(d) for d in c.devices) or DASH),
                Cell(best_rates(c)),
                Cell(", ".join(f"{k} {c.packages[k]}" for k in sorted(c.packages)) or DASH),
                Cell(", ".join(f"{k}={c.environment[k]}" for k in sorted(c.environment)) or DASH),
            )
        )
        for c in chains
    )
    head = (
        "Framework", "Python", "Interpreter", "Devices", "Best rates", "Packages", "Environment",
    )  # fmt: skip
    return Table(anchor("toolchains", str(index)), "Toolchains", head, rows)


def best_rates(chain: Toolchain) -> str:
    """Float32 products and copies: the rates that no probe can exceed here."""
    facts = chain.precision
    if not isinstance(facts, Mapping):
        return DASH
    shown = [
        f"{significant(rate / 1e9)} {unit}"
        for key, unit in (("flops_per_s", "GFLOP/s"), ("bytes_per_s", "GB/s copied"))
        if isinstance(rate := facts.get(key), (int, float)) and rate > 0
    ]
    return ", ".join(shown) or DASH


def _device(device: object) -> str:
    if isinstance(device, Mapping):
        name = str(device.get("name") or "")
        kind = str(device.get("device") or device.get("kind") or "")
        return f"{kind} ({name})" if name and name.lower() != kind.lower() else kind or name
    return plain(device)


def _notices(evidence: tuple[Evidence, ...]) -> list[Block]:
    points = tuple(
        Statement(
            sentence(n.text or n.id) + (f" {sentence(n.hint)}" if n.hint else ""),
            (Tag("measured", "noticed while measuring", "#environment"),),
            lead="Note" if n.severity == "info" else n.severity.capitalize(),
            tone="neutral" if n.severity == "info" else "warning",
        )
        for document in evidence
        for n in document.notices
    )
    return [Points(points)] if points else []


def replay_section(origins: Origins) -> Section:
    """The commands that make the decision again, and the hashes of what it was made from."""
    replay = origins.decision.replay
    rows = [("Answers", replay.answers_sha256), ("Rules", replay.rules_sha256)]
    rows += [(f"Evidence {i + 1}", h) for i, h in enumerate(replay.evidence_sha256)]
    table = Table(
        "hashes",
        "What it was made from (SHA-256)",
        ("Part", "Hash"),
        tuple(Row((Cell(k), Cell(v))) for k, v in rows),
    )
    how = (
        "The record decision.json holds the answers, the measurements without their raw samples, "
        "the rules and the seed. The same inputs give the same bytes."
    )
    return Section("replay", "Make it again", (Aside(how), Code(commands_of(origins)), table))


def commands_of(origins: Origins) -> tuple[str, ...]:
    """The commands that make this decision again."""
    replay = origins.decision.replay
    evidence = " --evidence evidence.json" * len(origins.inputs.evidence)
    options = f"{evidence} --seed {replay.seed} --today {replay.today}"
    return (
        f"fw-advisor advise --answers answers.yaml{options}",
        "fw-advisor check decision.json",
        "fw-advisor report decision.json -o report.html",
    )
