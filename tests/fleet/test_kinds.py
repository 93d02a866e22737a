"""Machines of one kind stand together under a name that tells no host."""

from __future__ import annotations

from advisor.fleet.engine import Node
from advisor.fleet.kinds import SeenNode, kinds_of

EPYC = "AMD EPYC 7763 64-Core Processor"
TORCH = {"framework": "pytorch", "version": "2.13.0", "problem": None}
JAX = {"framework": "jax", "version": "0.10.2", "problem": None}
BROKEN = {"framework": "jax", "version": None, "problem": {"id": "framework-broken"}}


def node(name, *, cpu=EPYC, cores=4, accelerators=(), toolchains=(TORCH, JAX), **resources):
    machine = {"cpu": cpu, "cores_usable": cores, "accelerators": list(accelerators)}
    given = {"CPU": 4.0, "memory": 1e9, "object_store_memory": 1e9, f"node:10.0.0.{name}": 1.0}
    survey = {"machine": machine, "python": "3.11.7", "toolchains": list(toolchains)}
    return SeenNode(Node(name, {**given, **resources}, host=f"secret-{name}"), survey)


def members(kinds):
    return {kind.name: [member.node.id for member in kind.members] for kind in kinds}


def test_equal_machines_are_one_kind_and_others_are_not():
    kinds = kinds_of([node("1"), node("2"), node("3", cores=8), node("4", cpu="Intel(R) Xeon(R)")])
    assert members(kinds) == {
        "amd-epyc-7763-4-cores": ["1", "2"],
        "amd-epyc-7763-8-cores": ["3"],
        "intel-xeon-4-cores": ["4"],
    }


def test_accelerators_make_a_kind_and_name_it():
    h100 = {"kind": "nvidia", "name": "NVIDIA H100", "count": 8}
    assert list(members(kinds_of([node("1", accelerators=[h100]), node("2")]))) == [
        "amd-epyc-7763-4-cores",
        "amd-epyc-7763-4-cores-8x-nvidia-h100",
    ]


def test_accelerators_that_only_the_cluster_counts_make_a_kind():
    gpus = {"GPU": 2.0, "accelerator_type:A100": 1.0}
    (kind,) = kinds_of([node("1", **gpus)])
    assert kind.name == "amd-epyc-7763-4-cores-2x-a100"


def test_a_broken_interpreter_does_not_make_a_kind_and_comes_last():
    """It is a fault, and another node of the kind can stand in for it."""
    kinds = kinds_of([node("1", toolchains=[TORCH, BROKEN]), node("2"), node("3", toolchains=[])])
    assert list(members(kinds).values()) == [["2", "1", "3"]]


def test_names_that_owners_gave_make_a_kind_but_one_nodes_own_name_does_not():
    kinds = kinds_of(
        [node("1", alpha=1.0), node("2", alpha=1.0), node("3", **{"box-17": 1.0}), node("4")]
    )
    assert members(kinds) == {
        "amd-epyc-7763-4-cores": ["3", "4"],
        "amd-epyc-7763-4-cores-alpha": ["1", "2"],
    }


def test_a_node_that_did_not_answer_still_vouches_for_an_owners_name():
    silent = SeenNode(Node("2", {"CPU": 1.0, "alpha": 1.0}), problem="silent")
    assert list(members(kinds_of([node("1", alpha=1.0), silent]))) == [
        "amd-epyc-7763-4-cores-alpha"
    ]


def test_names_are_safe_unique_and_tell_no_host():
    odd = [node("1", cpu="../../x\n\x1b[31m" + "y" * 300), node("2", cpu="@@"), node("3", cpu="@")]
    names = [kind.name for kind in kinds_of([*odd, node("4")])]
    assert len(set(names)) == len(names) == 4
    for name in names:
        assert "/" not in name
        assert name.isprintable()
        assert len(name) <= 64
        assert "secret" not in name


def test_nodes_that_did_not_answer_are_of_no_kind():
    assert kinds_of([SeenNode(Node("1"), problem="silent")]) == []
