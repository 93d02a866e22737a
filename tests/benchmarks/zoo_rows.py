"""Real models that no family was tuned on, beside what the nearest family predicts for them.

Each file of the zoo is measured as a team's own step (``--workload``), with more launches; its
family is measured at the sizes that its author would answer. The spread of the errors, left out
one at a time, is how far a model carries over. Knows names and sizes, never a model's code.

One or a few of them: ``python -m tests.benchmarks.zoo_rows NAME ... --profile quick``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from advisor.evidence import Evidence
from advisor.evidence_io import evidence_from
from advisor.knowledge.yamlio import read_yaml
from advisor.ratio import Ratio, t_quantile
from advisor.reading.called import decisive
from advisor.reading.works import read_works
from tests.benchmarks.harness import Row

ZOO = Path(__file__).with_name("zoo")
WITHIN = math.log(1.25)
MARGIN = math.log(1.05)


@dataclass(frozen=True)
class ZooModel:
    """One model of the zoo in the words of the families; *unlike* is what they do not have."""

    name: str
    family: str
    size: Mapping[str, Any]
    unlike: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What was predicted for a model and what it measured; None where there was no ratio.

    `low` and `high` are the 95 % interval of the prediction with the spread of the other models.
    """

    model: str
    predicted: Ratio | None
    measured: Ratio | None
    missing: str = ""
    low: float | None = None
    high: float | None = None
    unlike: Sequence[str] = field(default_factory=list)

    @property
    def error(self) -> float | None:
        """Logarithm of predicted over measured."""
        if self.predicted is None or self.measured is None:
            return None
        return self.predicted.log - self.measured.log


def zoo_models(place: Path = ZOO) -> list[ZooModel]:
    """The models of *place*, by name; empty where there is no zoo."""
    path = place / "sizes.yaml"
    if not path.is_file():
        return []
    listed = read_yaml(path).data
    return [
        ZooModel(name, row["family"], row["size"], tuple(row.get("unlike", ())))
        for name, row in sorted(listed.items())
    ]


def outcome_of(
    model: ZooModel, place: Path, *, profile: str, truth: str, keep: Path | None = None
) -> Outcome:
    """Measure *model* itself with the profile *truth*, and its family with *profile*.

    Evidence is kept in the folder *keep* where one is named, and read from there the next time.
    """
    sized = f"{model.family}:{json.dumps(model.size)}"
    asked = {
        f"own.{truth}": ("--workload", str(place / f"{model.name}.py"), "--profile", truth),
        f"family.{profile}": ("--model", sized, "--profile", profile),
    }
    own, family = (
        _probed(*options, kept=None if keep is None else keep / f"{model.name}.{part}.json")
        for part, options in asked.items()
    )
    predicted, why = _predicted(family)
    measured = _measured(own)
    missing = why if predicted is None else "" if measured is not None else "no measurement"
    return Outcome(model.name, predicted, measured, missing, unlike=model.unlike)


def _probed(*options: str, kept: Path | None) -> Evidence | str:
    if kept is not None and kept.is_file() and kept.stat().st_size:
        printed = kept.read_text("utf-8")
    else:
        done = subprocess.run(
            [sys.executable, "-m", "advisor", "probe", "--json", "-q", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout
        if not printed.strip():
            return (done.stderr.strip().splitlines() or ["nothing was said"])[0]
        if kept is not None:
            kept.write_text(printed, "utf-8")
    return evidence_from(json.loads(printed), name="the probes")


def _predicted(evidence: Evidence | str) -> tuple[Ratio | None, str]:
    if isinstance(evidence, str):
        return None, evidence
    readings = read_works([evidence])
    if readings.works:
        return readings.works[0].speedup, ""
    why = str(readings.unused[0].values.get("because", "")) if readings.unused else "no work"
    return None, why or readings.unused[0].reason


def _measured(evidence: Evidence | str) -> Ratio | None:
    """JAX as against PyTorch's best mode, called or not, of the first size."""
    if isinstance(evidence, str):
        return None
    for probe in evidence.probes:
        compared = decisive(probe)
        ratio = None if compared is None else compared.ratio
        if compared is not None and ratio is not None and compared.verdict != "invalid":
            return ratio if compared.a.startswith("jax") else ratio.turned
    return None


def left_out_one_at_a_time(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """*outcomes* with intervals whose spread is fitted on all others: a t predictive."""
    kept = []
    for one in outcomes:
        others = [e for o in outcomes if o is not one and (e := o.error) is not None]
        if one.predicted is None or len(others) < 2:
            kept.append(one)
            continue
        # About zero: a bias of the families is an error like any other.
        sd = math.sqrt(math.fsum(e * e for e in others) / len(others))
        half = t_quantile(0.975, len(others)) * math.hypot(sd, one.predicted.se)
        low, high = (math.exp(one.predicted.log + x) for x in (-half, half))
        kept.append(Outcome(**{**vars(one), "low": low, "high": high}))
    return kept


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """What the bars are about, over the models that have both numbers."""
    errors = [e for o in outcomes if (e := o.error) is not None]
    if not errors:
        return {"models": 0}
    covered = [
        o.low <= o.measured.value <= o.high
        for o in outcomes
        if o.low is not None and o.high is not None and o.measured is not None
    ]
    return {
        "models": len(errors),
        "median_error": math.exp(statistics.median(map(abs, errors))) - 1,
        "within_1.25": sum(abs(e) <= WITHIN for e in errors) / len(errors),
        "wrong_winners": sum(map(_wrong_winner, outcomes)),
        "spread": math.exp(math.sqrt(math.fsum(e * e for e in errors) / len(errors))),
        **({"covered": sum(covered) / len(covered)} if covered else {}),
    }


def _wrong_winner(one: Outcome) -> bool:
    """Whether a winner was called where the truth is the other one by more than 5 %."""
    if one.predicted is None or one.measured is None:
        return False
    low, high = one.predicted.log_interval()
    called = 1 if low > MARGIN else -1 if high < -MARGIN else 0
    return called * one.measured.log < -MARGIN


def zoo(groups: int, place: Path = ZOO) -> list[Row]:
    """The first *groups* models of the zoo, then what the bars say about all of them."""
    models = zoo_models(place)[:groups]
    outcomes = [outcome_of(m, place, profile="standard", truth="thorough") for m in models]
    return rows_of(left_out_one_at_a_time(outcomes))


def rows_of(outcomes: Sequence[Outcome]) -> list[Row]:
    """A row per model, and one per bar."""
    rows = [_row(one) for one in outcomes]
    seen = figures(outcomes)
    bars = (
        ("median_error", "<= 12 %", lambda x: x <= 0.12),
        ("within_1.25", ">= 85 %", lambda x: x >= 0.85),
        ("wrong_winners", "0", lambda x: x == 0),
        ("covered", ">= 90 %", lambda x: x >= 0.9),
    )
    rows += [
        Row(f"zoo: {name}", bar, f"{seen[name]:.3g}", reaches(seen[name]), seen)
        for name, bar, reaches in bars
        if name in seen
    ]
    return rows


def _row(one: Outcome) -> Row:
    bar = "within a factor of 1.25"
    error = one.error
    if error is None or one.predicted is None or one.measured is None:
        return Row(f"zoo: {one.model}", bar, one.missing, reached=False)
    shown = f"JAX over PyTorch: predicted {one.predicted.value:.2f}, measured "
    low, high = one.measured.interval()
    shown += f"{one.measured.value:.2f} ({low:.2f} to {high:.2f})"
    numbers = {
        "predicted": one.predicted.value,
        "measured": one.measured.value,
        "error": math.exp(abs(error)) - 1,
        "low": one.low,
        "high": one.high,
        "unlike": list(one.unlike),
    }
    return Row(f"zoo: {one.model}", bar, shown, abs(error) <= WITHIN, numbers)


def main() -> int:
    """Measure the models that are named, and print their rows."""
    parser = argparse.ArgumentParser(prog="zoo_rows")
    parser.add_argument("names", nargs="*", help="all of the zoo where none is named")
    parser.add_argument("--profile", default="standard", help="of the family")
    parser.add_argument("--truth", default="thorough", help="profile of the model itself")
    parser.add_argument("--place", type=Path, default=ZOO, help="the folder of the zoo")
    parser.add_argument("--keep", type=Path, help="folder of the evidence, read where it is there")
    parser.add_argument("--table", action="store_true", help="print Markdown and what rules/ takes")
    options = parser.parse_args()
    models = [m for m in zoo_models(options.place) if m.name in (options.names or [m.name])]
    outcomes = [
        outcome_of(
            m, options.place, profile=options.profile, truth=options.truth, keep=options.keep
        )
        for m in models
    ]
    rows = rows_of(left_out_one_at_a_time(outcomes))
    families = {m.name: m.family for m in models}
    if options.table:
        print(table_of(outcomes, families))
    else:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    return 0 if rows else 1


def table_of(outcomes: Sequence[Outcome], families: Mapping[str, str]) -> str:
    """A Markdown table of what was predicted and measured, then rows for rules/carry_over.yaml."""
    lines = [
        "| model | family | predicted | measured | off by | what the family has not |",
        "|---|---|---|---|---|---|",
    ]
    rows = []
    for one in outcomes:
        if one.predicted is None or one.measured is None:
            lines.append(f"| {one.model} | {families[one.model]} | – | – | {one.missing} | |")
            continue
        shown = (
            f"{r.value:.2f} ({r.interval()[0]:.2f} to {r.interval()[1]:.2f})"
            for r in (one.predicted, one.measured)
        )
        off = math.exp(abs(one.error or 0.0))
        lines.append(
            f"| {one.model} | {families[one.model]} | {' | '.join(shown)} | {off:.2f} | "
            f"{'; '.join(one.unlike)} |"
        )
        rows.append(
            f"      - {{model: {one.model}, family: {families[one.model]}, "
            f"predicted: {one.predicted.value:.3f}, measured: {one.measured.value:.3f}}}"
        )
    return "\n".join([*lines, "", *rows])


if __name__ == "__main__":
    sys.exit(main())
