"""In which order ways to write a model are tried, and what one that broke says of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.evidence import Reason
from advisor.measure import tries
from advisor.measure.tries import Tries, in_turns
from advisor.measure.work import Failure, Mode, ModeRun
from tests.fakes import kit

EAGER = Mode("pytorch.eager", kit.TORCH)
EAGER_LAST = replace(EAGER, tag="+eager_last")
COMPILE = Mode("pytorch.compile", kit.TORCH)
COMPILE_LAST = replace(COMPILE, tag="+compile_last")
GRAPH = Mode("pytorch.eager_cuda_graph", kit.TORCH)
GRAPH_LAST = replace(GRAPH, tag="+eager_last")
GRAPH_COMPILED = Mode("pytorch.compile_cuda_graph", kit.TORCH)
REPLAYED = Mode("pytorch.compile_reduce_overhead", kit.TORCH)
REPLAYED_LAST = replace(REPLAYED, tag="+compile_last")
JIT = Mode("jax.jit", kit.JAX)
MODES = (
    EAGER, GRAPH, EAGER_LAST, GRAPH_LAST, COMPILE, GRAPH_COMPILED, REPLAYED, COMPILE_LAST,
    REPLAYED_LAST, JIT,
)  # fmt: skip
ITEM = kit.item(modes=MODES)


def failed(text: str, status="failed", kind="RuntimeError") -> Failure:
    return Failure(status, Reason("framework-error", values={"kind": kind, "text": text}))


def test_ordinary_ways_come_before_recordings_and_cheap_ones_before_compilers():
    cheap, compiled, further = in_turns(MODES)
    assert cheap == [EAGER, EAGER_LAST, JIT, GRAPH, GRAPH_LAST]
    assert compiled == [COMPILE, REPLAYED, GRAPH_COMPILED]
    assert further == [COMPILE_LAST, REPLAYED_LAST]


def test_what_replays_a_way_takes_that_way_first():
    tried = Tries(on_cpu=False)
    assert not tried.begun(GRAPH)
    first_s = tried.expected_s(ITEM, COMPILE, None)
    assert first_s == tries.COMPILE_ACCELERATOR_S
    assert tried.expected_s(ITEM, REPLAYED, None) == first_s
    tried.note(COMPILE, 40.0)
    assert tried.expected_s(ITEM, REPLAYED, None) == tries.REPLAYED_SHARE * 40.0
    # Another layout has not been compiled.
    assert tried.expected_s(ITEM, REPLAYED_LAST, None) == 40.0
    tried.note(EAGER, 22.0)
    assert tried.begun(GRAPH)
    assert tried.expected_s(ITEM, GRAPH, None) < 1.0
    assert tried.expected_s(ITEM, GRAPH_LAST, None) == 22.0


def test_a_recording_may_take_what_the_steps_before_it_took():
    tried = Tries(on_cpu=False)
    tried.note(EAGER, 30.0)
    assert tried.limit_s(GRAPH, tried.expected_s(ITEM, GRAPH, None)) == 45.0
    assert tried.limit_s(JIT, 0.5) == tries.GIVEN_UP_LEAST_S


def test_a_first_compile_on_a_cpu_is_guessed_from_jax():
    jit = ModeRun(first_calls_s=[2.1, 0.1], warm_call_s=0.1)
    expected_s = Tries(on_cpu=True).expected_s(ITEM, COMPILE, jit)
    assert expected_s == pytest.approx(12.0 + 5.5 * 2.0)


def test_what_breaks_breaks_what_replays_it_and_nothing_else():
    tried = Tries(on_cpu=False)
    failures = tried.alike(MODES, COMPILE, failed("no Triton"), late=False)
    assert set(failures) == {m.label for m in (COMPILE, GRAPH_COMPILED, REPLAYED)}
    assert {f.status for f in failures.values()} == {"failed"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2 GiB"),
        ("JaxRuntimeError", "RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
    ],
)
def test_what_had_no_memory_beside_the_others_is_untried_and_not_refuted(kind, text):
    tried = Tries(on_cpu=False)
    failures = tried.alike(MODES, EAGER_LAST, failed(text, kind=kind), late=False)
    assert set(failures) == {EAGER_LAST.label, GRAPH_LAST.label}
    assert {f.reason.id for f in failures.values()} == {"way-untried"}


def test_what_came_too_late_is_untried_with_its_like_but_not_what_was_built():
    tried = Tries(on_cpu=False)
    tried.note(REPLAYED, 20.0)
    failures = tried.alike(MODES, COMPILE, failed("", "timeout"), late=True)
    alike = (COMPILE, GRAPH_COMPILED, COMPILE_LAST, REPLAYED_LAST)
    assert set(failures) == {mode.label for mode in alike}
    late = Tries(on_cpu=False).alike(MODES, GRAPH, failed("", "timeout"), late=True)
    # Eager ways do not stand for what a recording could not do in time.
    assert set(late) == {GRAPH.label, GRAPH_LAST.label}
