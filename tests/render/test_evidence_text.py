"""Evidence in the terminal: times with what is unusual, ratios with the level of their interval."""

from __future__ import annotations

from dataclasses import replace

from advisor.evidence import (
    Attribution,
    Comparison,
    Entry,
    Evidence,
    Notice,
    Probe,
    Reason,
    Selftest,
)
from advisor.render.evidence_text import comparison_line, evidence_lines, selftest_text
from tests.render.records import evidence


def test_what_compiling_did_stands_beside_the_time():
    entry = Entry(
        framework="pytorch", mode="pytorch.compile", status="ok", median_s=1e-3,
        counters={"graph_breaks": 3}, compile_s=2.0,
    )  # fmt: skip
    lines = evidence_lines(Evidence(probes=[Probe(id="mlp_train", title="MLP", entries=[entry])]))
    assert lines[0] == "MLP, cpu"
    assert lines[1].split() == (
        [
            "pytorch.compile",
            "1.00",
            "ms",
            "first",
            "calls",
            "cost",
            "2.00",
            "s",
            "more",
            "(3",
            "graph",
            "breaks)",
        ]
    )


def test_the_faster_mode_comes_first_with_the_level_of_its_interval():
    compared = Comparison(
        a="pytorch.eager", b="jax.jit", time_ratio=0.5, ci=(0.4, 0.625), level=0.971,
        verdict="b_faster",
    )  # fmt: skip
    line = comparison_line(compared)
    assert line == "  jax.jit is 2.00 times as fast as pytorch.eager (1.60 to 2.50, 97.1 %)"
    equal = replace(compared, verdict="equivalent", time_ratio=1.0, ci=(0.98, 1.02), margin=0.05)
    assert "no difference that matters (within 5 %)" in comparison_line(equal)


def test_a_refused_comparison_gives_its_reason_and_the_way_out_and_no_number():
    reason = Reason(id="busy", text="others used the CPUs", hint="close them")
    refused = Comparison(
        a="pytorch.eager", b="jax.jit", time_ratio=7.654, ci=(7.0, 8.0), verdict="invalid",
        reason=reason,
    )  # fmt: skip
    line = comparison_line(refused)
    assert line.endswith("no ratio: others used the CPUs (close them)")
    assert "7.65" not in line


def test_failures_notices_and_toggles_are_told():
    made = replace(
        evidence(),
        attributions=[
            Attribution(
                kind="variant", probe="rnn_train", mode="jax.jit", mode_off="jax.jit",
                size="small_loop", size_off="small", cores=2, time_ratio=1.5, ci=(1.4, 1.6),
                effect="faster",
            )
        ],
        selftest=Selftest(status="failed", reason=Reason(id="noise", text="too noisy")),
        notices=[Notice(id="b", severity="warning", text="on battery", hint="plug it in")],
    )  # fmt: skip
    lines = evidence_lines(made)
    assert "! self-test failed: too noisy" in lines
    assert "! on battery (plug it in)" in lines
    told = (
        "- rnn_train, 2 cores, jax.jit: small_loop instead of small: "
        "1.50 times as fast (1.40 to 1.60, 95 %)"
    )
    assert told in lines
    assert any("timeout: the worker stopped" in line for line in lines)


def test_where_the_winner_changes_is_told():
    lines = evidence_lines(evidence())
    assert any(line.startswith("- mlp_train: at 1 core, JAX is faster with") for line in lines)


def test_the_self_test_says_what_it_found():
    passed = Selftest(status="passed", aa_log_sd=0.012, details={"planted_ratio": 1.21})
    assert "(launches differ by 1.2%)" in selftest_text(passed)
    assert "(measured as 1.21)" in selftest_text(passed)
    failed = Selftest(status="failed", reason=Reason(id="x", text="too noisy", hint="wait"))
    assert selftest_text(failed) == "failed: too noisy\n  wait"
