"""What evidence says of its devices, and which hardware they stand for."""

from __future__ import annotations

import pytest

from advisor.evidence import Evidence
from advisor.reading.machines import detected_facts, fits, installed_versions, kinds_of
from tests.decide.making import comparison, evidence_with, probe


def _on(device: str, *, kind: str = "", accelerators: tuple[str, ...] = ()) -> Evidence:
    chains = [{"framework": "jax", "devices": [{"device": device, "kind": kind}]}] if kind else []
    machine = {"accelerators": [{"kind": a} for a in accelerators]}
    return evidence_with(
        probe("conv_train", comparison(2.0), device=device), toolchains=chains, machine=machine
    )


@pytest.mark.parametrize(
    ("evidence", "train", "alike"),
    [
        (_on("gpu", kind="rocm"), "nvidia", False),
        (_on("gpu", kind="rocm"), "amd", True),
        (_on("gpu", kind="cuda"), "amd", False),
        (_on("gpu", accelerators=("amd",)), "nvidia", False),
        (_on("gpu", accelerators=("nvidia",)), "nvidia", True),
        (_on("gpu", kind="cuda", accelerators=("nvidia", "amd")), "amd", False),
        (_on("gpu"), "amd", True),
        (_on("cuda:0"), "amd", False),
        (_on("cuda:0"), "nvidia", True),
    ],
)
def test_a_gpu_stands_only_for_its_own_kind(evidence: Evidence, train: str, alike: bool) -> None:
    device = evidence.probes[0].device
    facts = {"hardware.train": train}
    assert fits(device, facts, kinds_of(evidence, device)) is alike


def test_what_was_said_to_be_another_machine_fits_nothing() -> None:
    assert not fits("cpu", {"hardware.train": "cpu", "hardware.same_as_here": False})


@pytest.mark.parametrize(
    ("machine", "facts"),
    [
        ({"os": "Debian GNU/Linux 12", "cpu": "EPYC"}, ("cpu", "linux")),
        ({"os": "Microsoft Windows 11", "accelerators": [{"kind": "gpu", "name": "Radeon"}]},
         ("amd", "wsl2")),
        ({"os": "darwin", "accelerators": [{"kind": "apple"}]}, ("apple", "macos")),
        ({"os": "linux", "accelerators": [{"kind": "nvidia", "count": 2}]},
         ("nvidia_multi", "linux")),
    ],
)  # fmt: skip
def test_the_machine_is_told_in_words_of_the_vocabulary(machine, facts) -> None:
    detected = detected_facts([evidence_with(machine=machine)])
    assert (detected["detected.hardware"], detected["detected.os"]) == facts


def test_the_first_file_says_which_versions_are_installed() -> None:
    def measured(version: str) -> Evidence:
        chain = {"framework": "pytorch", "version": version, "packages": {"numpy": version}}
        return evidence_with(toolchains=[chain])

    versions = installed_versions([measured("2.13.0"), measured("2.14.1")])
    assert versions == {"numpy": "2.13.0", "torch": "2.13.0"}
