"""The gap of translation: a family's PyTorch module translated, against the family in JAX.

Needs an interpreter with torch, jax and torchax (``FW_ADVISOR_BENCH_PYTHON``, this one otherwise)
and a quiet machine. Each launch is a process of its own in which all programs take turns; the
fastest way to write the family for JAX is what the translation is held against. Prints rows for
``rules/translation_gaps.yaml`` with ``python -m tests.benchmarks.translation_rows FAMILY ...``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from advisor.ratio import t_quantile
from tests.benchmarks.harness import Row
from tests.benchmarks.translation_gap import TRANSLATED

SIZES: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"inputs": 784, "widths": [512, 512], "batch": 128},
    "autoencoder": {"inputs": 784, "hidden": 400, "batch": 128},
    "decoder": {"layers": 2, "width": 128, "heads": 4, "length": 64, "batch": 12},
    "vit": {"image": 36, "patch": 6, "layers": 2, "width": 64, "heads": 4, "batch": 16},
    "resnet": {"image": 32, "widths": [16, 32, 64], "blocks": 1, "batch": 16, "norm": "batch"},
    "recurrent": {"cell": "lstm", "layers": 1, "width": 128, "length": 24, "batch": 32},
    "recommender": {"tables": 8, "rows": 1000, "width": 16, "batch": 128},
}
LAUNCHES = 4
# Losses of the first steps may differ by so much of their size, as those of the families may.
_SAME = 2e-3
_LIMIT_S = 170


@dataclass(frozen=True)
class Gap:
    """What the launches of one family gave; ratios are translated over written for JAX."""

    family: str
    against: str
    ratios: tuple[float, ...]
    differ: float
    versions: Mapping[str, str]

    @property
    def ratio(self) -> float:
        """The geometric mean over launches."""
        return math.exp(statistics.fmean(map(math.log, self.ratios)))

    def interval(self) -> tuple[float, float]:
        """95 % over launches."""
        count = len(self.ratios)
        se = statistics.stdev(map(math.log, self.ratios)) / math.sqrt(count)
        half = t_quantile(0.975, count - 1) * se
        return self.ratio * math.exp(-half), self.ratio * math.exp(half)


def gaps(launches: int, *, only: Sequence[str] = (), **_: Any) -> Iterator[Row]:
    """A row for each family: the ratio, where both sides compute the same."""
    for family in SIZES:
        if not only or family in only:
            yield _row(family, launches)


def _row(family: str, launches: int) -> Row:
    test, bar = f"translation gap {family}", f"same losses; {launches} launches"
    try:
        gap = measured(family, launches)
    except (subprocess.SubprocessError, ValueError) as error:
        return Row(test, bar, f"not measured: {error}"[-300:], reached=False)
    low, high = gap.interval()
    seen = (
        f"{gap.ratio:.2f} times the time of {gap.against} ({low:.2f} to {high:.2f}), "
        f"losses within {gap.differ:.1e}"
    )
    numbers = {"ratios": list(gap.ratios), "row": yaml_of(gap)}
    return Row(test, bar, seen, gap.differ <= _SAME, numbers)


def measured(family: str, launches: int) -> Gap:
    """So many launches of *family*.

    Raises:
        SubprocessError: one of them failed.
    """
    each = [_launch(family, seed) for seed in range(launches)]
    times = [
        {name: statistics.median(seconds) for name, seconds in one["step_s"].items()}
        for one in each
    ]
    ways = [name for name in times[0] if name != TRANSLATED]
    against = min(ways, key=lambda way: statistics.median(t[way] for t in times))
    return Gap(
        family=family,
        against=against,
        ratios=tuple(t[TRANSLATED] / t[against] for t in times),
        differ=max(_differ(one["losses"], against) for one in each),
        versions=each[0]["versions"],
    )


def _launch(family: str, seed: int) -> dict[str, Any]:
    python = os.environ.get("FW_ADVISOR_BENCH_PYTHON", sys.executable)
    size = json.dumps(SIZES[family])
    done = subprocess.run(
        [python, "-m", "tests.benchmarks.translation_gap", family, size, str(seed)],
        capture_output=True,
        text=True,
        check=True,
        timeout=_LIMIT_S,
    )
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def _differ(losses: Mapping[str, Sequence[float]], against: str) -> float:
    pairs = zip(losses[TRANSLATED], losses[against], strict=True)
    return max(abs(a - b) / max(abs(b), 1e-30) for a, b in pairs)


def yaml_of(gap: Gap) -> str:
    """The row of the table in ``rules/``."""
    low, high = gap.interval()
    versions = ", ".join(f"{name} {version}" for name, version in gap.versions.items())
    return "\n".join(
        (
            f"  - id: {gap.family}",
            f"    ratio: {gap.ratio:.3f}",
            f"    low: {low:.3f}",
            f"    high: {high:.3f}",
            f"    launches: {len(gap.ratios)}",
            f"    size: {json.dumps(SIZES[gap.family])}",
            f"    versions: {versions}",
            f"    date: {datetime.now(UTC).date().isoformat()}",
        )
    )


def main() -> int:
    """Measure what is named, and print its rows for the table."""
    parser = argparse.ArgumentParser(prog="translation_rows")
    parser.add_argument("families", nargs="*", choices=(*SIZES, []), default=[])
    parser.add_argument("--launches", type=int, default=LAUNCHES)
    options = parser.parse_args()
    for row in gaps(options.launches, only=options.families):
        print(f"# {row.test}: {row.seen}\n{row.numbers.get('row', '')}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
