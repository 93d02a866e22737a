"""A user's own step: what computes the same passes, what does not is refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.cli.own_files import TEMPLATES, template
from advisor.evidence import Parity, Reason
from tests.probes.honest_steps import HONEST
from tests.probes.own_steps import BASES, FAULTS, Fault, parity_of_file
from tests.probes.workers import RealWorker, both_frameworks

pytestmark = pytest.mark.frameworks
Workers = dict[str, RealWorker]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with both_frameworks() as both:
        yield both


def _parity(text: str, workers: Workers, folder: Path) -> Parity:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return parity_of_file(path, workers, folder)


def _cases(problem: Reason) -> set[str]:
    """What the differences are called; of a step that is not itself, where it differs."""
    if problem.id == "not-itself":
        return {problem.case}
    return {difference["case"] for difference in problem.values["differences"]}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.base}-{fault.kind}")
def test_a_planted_mistake_is_refused_with_its_reason(
    fault: Fault, workers: Workers, tmp_path: Path
) -> None:
    parity = _parity(fault.text, workers, tmp_path)
    assert parity.status == "failed"
    named = set().union(*map(_cases, parity.problems.values()))
    assert named & fault.cases, (named, parity.problems)


@pytest.mark.parametrize("name", [*BASES, *HONEST])
def test_an_honest_step_passes(name: str, workers: Workers, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("SCALE = 0.5\n", "utf-8")
    parity = _parity(BASES.get(name) or HONEST[name], workers, tmp_path)
    assert parity.status == "ok", (parity.reason, parity.problems)
    assert parity.compared["moved"] >= 10


def test_rounding_that_an_optimizer_blew_up_is_named_in_the_certificate(
    workers: Workers, tmp_path: Path
) -> None:
    parity = _parity(HONEST["a bias of attention's keys"], workers, tmp_path)
    assert parity.compared["rounding"] == ["0.key_bias"]
    assert parity.compared["worst"] <= 1


@pytest.mark.parametrize("kind", [k for k in TEMPLATES if k != "jax-only"])
def test_what_is_offered_as_a_template_passes(kind: str, workers: Workers, tmp_path: Path) -> None:
    parity = _parity(template(kind), workers, tmp_path)
    assert parity.status == "ok", (parity.reason, parity.problems)
    assert parity.compared["graph"] == []


def test_inference_that_prepares_gradients_is_said(workers: Workers, tmp_path: Path) -> None:
    text = (
        template("infer")
        .replace("    @torch.inference_mode()\n", "")
        .replace(
            'arrays["x"] @ arrays["hidden"])', 'arrays["x"] @ arrays["hidden"].requires_grad_())', 1
        )
    )
    parity = _parity(text, workers, tmp_path)
    assert parity.compared["graph"] == ["pytorch.eager"]


@pytest.mark.parametrize("base", ["regression", "convolution"])
def test_where_nothing_moves_nothing_was_checked(
    base: str, workers: Workers, tmp_path: Path
) -> None:
    """Both sides forget to learn: they agree, and that says nothing."""
    text = BASES[base].replace("lr=0.05", "lr=0.0").replace("0.05 *", "0.0 *")
    parity = _parity(text, workers, tmp_path)
    assert parity.status == "not_checked"
    assert parity.reason is not None
    assert parity.reason.id == "nothing-learnt"
