"""What a translated module may say: JAX faster, and never anything for PyTorch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.evidence import Comparison, Entry, Parity, Probe
from advisor.measure.translation import module_works, one_sided
from advisor.reading.works import read_works
from tests.decide import making

EAGER, COMPILE, JIT = "pytorch.eager", "pytorch.compile", "jax.jit"


def compared(a: str, verdict: str, ratio: float) -> Comparison:
    ci = (ratio * 0.95, ratio * 1.05)
    bare = Comparison(a=a, b=JIT, verdict=verdict, time_ratio=ratio, ci=ci, launches=8)
    return one_sided(bare)


def probe(*comparisons: Comparison, modes: tuple[str, ...] = (EAGER, COMPILE, JIT)) -> Probe:
    times = {EAGER: 0.004, COMPILE: 0.003, JIT: 0.002}
    entries = [
        Entry(framework=m.partition(".")[0], mode=m, status="ok", median_s=times[m]) for m in modes
    ]
    return Probe(
        id="module:mine",
        title="mine",
        device="cpu",
        cores=2,
        precision="float32",
        size={},
        size_name="train",
        entries=entries,
        parity=Parity(status="ok"),
        comparisons=list(comparisons),
    )


@pytest.mark.parametrize(
    ("verdict", "ratio"),
    [("a_faster", 2.0), ("equivalent", 1.01), ("inconclusive", 1.06), ("inconclusive", 0.9)],
)
def test_nothing_but_a_faster_jax_leaves_a_ratio(verdict: str, ratio: float) -> None:
    said = compared(COMPILE, verdict, ratio)
    assert (said.verdict, said.time_ratio, said.ci) == ("inconclusive", None, None)
    assert said.reason.id == "translated"
    assert said.reason.values["speed"] == pytest.approx(1 / ratio)
    work = module_works([probe(compared(EAGER, verdict, ratio), said)], {})[0]
    assert (work.verdict, work.time_ratio) == ("inconclusive", None)
    # The decision reckons with nothing of it.
    assert read_works([making.evidence_with(works=[work])]).works == ()


def test_a_translation_that_beats_every_mode_of_pytorch_is_called() -> None:
    fast = [compared(EAGER, "b_faster", 0.5), compared(COMPILE, "b_faster", 0.66)]
    work = module_works([probe(*fast)], {"module:mine": ["dropout"]})[0]
    assert (work.model, work.a, work.b) == ("module:mine", COMPILE, JIT)
    assert (work.verdict, work.time_ratio, work.unlike) == ("b_faster", 0.66, ["dropout"])
    assert read_works([making.evidence_with(works=[work])]).works[0].own


def test_one_mode_of_pytorch_that_is_not_beaten_keeps_it_open() -> None:
    mixed = [compared(EAGER, "inconclusive", 0.97), compared(COMPILE, "b_faster", 0.66)]
    work = module_works([probe(*mixed)], {})[0]
    assert (work.verdict, work.time_ratio) == ("inconclusive", None)


def test_where_the_compiler_was_not_tried_nothing_is_called() -> None:
    work = module_works([probe(compared(EAGER, "b_faster", 0.5), modes=(EAGER, JIT))], {})[0]
    assert (work.verdict, work.time_ratio) == ("inconclusive", None)
    assert (work.reason.id, work.reason.case) == ("translated", "compile-not-measured")


def test_what_is_no_module_is_no_work_and_an_invalid_one_stays_so() -> None:
    other = replace(probe(), id="mlp_train")
    assert module_works([other], {}) == []
    refused = Comparison(a=EAGER, b=JIT, verdict="invalid")
    assert one_sided(refused) == refused


def test_a_module_of_jax_stands_alone_and_says_what_compares_it() -> None:
    own = replace(probe(), entries=[e for e in probe().entries if e.framework == "jax"])
    work = module_works([own], {})[0]
    assert (work.verdict, work.reason.id) == ("invalid", "written-in-jax")
    assert [m.mode for m in work.modes] == [JIT]
