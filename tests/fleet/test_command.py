"""``fw-advisor fleet`` over made-up nodes: its files, its words and its exit codes."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest

from advisor.cli import _register, app
from advisor.errors import UserError
from advisor.evidence import to_data
from advisor.fleet import ray_engine
from advisor.library import files_of_fleet
from tests.decide.making import evidence_with
from tests.fleet.fakes import FakeClock, FakeEngine, ends, falls_silent, is_lost, never_begins

_register()
TOOLCHAINS = [
    {"framework": "pytorch", "version": "2.13.0", "problem": None},
    {"framework": "jax", "version": "0.10.2", "problem": None},
]
MACHINE = {"cpu": "AMD EPYC 7763", "cores_usable": 4, "accelerators": []}
KIND = "amd-epyc-7763-4-cores"


def evidence(status="ok"):
    entry = {"framework": "jax", "mode": "jax.jit", "status": status}
    entry |= {"median_s": 0.01} if status == "ok" else {"reason": {"id": "worker-crashed"}}
    probe = {"id": "matmul", "entries": [entry]}
    data = to_data(evidence_with(probe, machine={"os": "linux", "label": "theirs"}))
    return json.dumps(data).encode()


GOOD = ends(20, output=evidence())
BROKEN = ends(5, code=3, output=evidence("failed"))


class Cluster(FakeEngine):
    """Nodes that answer a look, unless they are named in `blind`, and then do as they are told."""

    def __init__(self, clock, behaviours, machines=None, blind=(), bare=()):
        super().__init__(clock, behaviours)
        self.machines, self.blind, self.closed = machines or {}, blind, False
        self.bare = set(bare)

    def start(self, node, job):
        handle = super().start(node, job)
        handle.append(job)
        return handle

    def events(self, handle):
        if handle[3].whole:
            return super().events(handle)
        if handle[0] in self.blind:
            return []
        machine = MACHINE | self.machines.get(handle[0], {})
        held = [] if handle[0] in self.bare else TOOLCHAINS
        seen = {"machine": machine, "python": "3.11.7", "toolchains": held}
        every = ends(1, output=json.dumps(seen).encode())(self.clock() - handle[1])
        heard, handle[2] = handle[2], len(every)
        return every[heard:]

    def close(self):
        self.closed = True


@pytest.fixture
def fleet(tmp_path, monkeypatch, capsys):
    """Runs the command over what nodes do; gives its exit code, output and ``fleet.json``."""

    def run(behaviours, *options, at=(), **more):
        clock = FakeClock()
        cluster = Cluster(clock, behaviours, **more)
        clock.at = [(when, happen) for when, happen in at]
        fake = SimpleNamespace(monotonic=clock, sleep=clock.sleep)
        monkeypatch.setattr("advisor.cli.fleet.time", fake)
        monkeypatch.setattr("advisor.cli.fleet_view.time", fake)
        monkeypatch.setattr(ray_engine, "RayEngine", lambda address, archive: cluster)
        place = tmp_path / "out"
        code = app(["fleet", "-o", str(place), *options], standalone_mode=False)
        out, err = capsys.readouterr()
        listed = place / "fleet.json"
        document = json.loads(listed.read_text("utf-8")) if listed.is_file() else None
        assert cluster.closed
        return SimpleNamespace(
            code=code, out=out, err=err, document=document, place=place, cluster=cluster
        )

    return run


def states(ran):
    return [(n["label"], n["state"], n["reason"]) for n in ran.document["nodes"]]


def test_every_kind_gives_a_file_that_is_listed_and_named_after_it(fleet):
    ran = fleet({"a": GOOD, "b": GOOD, "c": GOOD}, machines={"c": {"cores_usable": 8}})
    assert ran.code == 0
    assert ran.document["schema"] == "fw-advisor/fleet@1"
    assert set(ran.document) == {"schema", "tool", "created", "nodes"}
    assert [set(node) for node in ran.document["nodes"]] == [
        {"label", "kind", "evidence", "state", "reason", "attempts"}
    ] * 2
    assert states(ran) == [
        (f"{KIND} 1", "measured", None),
        ("amd-epyc-7763-8-cores 1", "measured", None),
    ]
    for node, path in zip(
        ran.document["nodes"], files_of_fleet(ran.document, ran.place / "fleet.json"), strict=True
    ):
        machine = json.loads(path.read_text("utf-8"))["machine"]
        assert (machine["kind"], machine["label"]) == (node["kind"], node["label"])


def test_no_name_of_a_host_is_written_unless_asked_for(fleet):
    behaviours = {"a": GOOD, "b": is_lost(3, "died"), "c": is_lost(3, "died")}
    ran = fleet(behaviours, "--per-kind", "3", "--json")
    everything = [ran.out, ran.err, *(p.read_text("utf-8") for p in ran.place.iterdir())]
    assert not any("host-of" in text for text in everything)
    ran = fleet({"a": GOOD}, "--include-host")
    (file,) = files_of_fleet(ran.document, ran.place / "fleet.json")
    assert json.loads(file.read_text("utf-8"))["machine"]["label"] == f"{KIND} 1 (host-of-a)"


def test_a_node_that_measures_nothing_is_replaced_by_another_of_its_kind(fleet):
    ran = fleet({"a": BROKEN, "b": GOOD})
    assert ran.code == 0
    (node,) = ran.document["nodes"]
    assert [(a["state"], a["reason"], a["exit_code"]) for a in node["attempts"]] == [
        ("worthless", "failed", 3),
        ("ended", None, 0),
    ]


def test_what_nobody_could_measure_costs_its_own_file(fleet):
    ran = fleet({"a": GOOD, "b": falls_silent(2), "c": never_begins}, "--per-kind", "3")
    assert ran.code == 3
    assert [(n["state"], n["reason"]) for n in ran.document["nodes"]] == [
        ("measured", None),
        ("lost", "silent"),
        ("lost", "busy"),
    ]
    assert "the node stopped answering" in ran.err


def test_a_measurement_in_part_is_kept_and_said(fleet):
    ran = fleet({"a": ends(5, code=3, output=evidence())})
    assert ran.code == 3
    assert states(ran) == [(f"{KIND} 1", "incomplete", None)]


def test_nothing_measured_is_an_exit_code_of_its_own(fleet):
    ran = fleet({"a": ends(2, code=4), "b": ends(2, code=4)})
    assert ran.code == 4
    assert states(ran) == [(f"{KIND} 1", "lost", "nothing-to-measure")]


def test_a_node_that_cannot_be_looked_at_is_listed_as_lost(fleet):
    ran = fleet({"a": GOOD, "b": GOOD}, blind={"b"})
    assert ran.code == 3
    assert states(ran)[-1] == ("unseen 1", "lost", "silent")
    assert ran.cluster.stopped == ["b"]


def test_an_interrupt_keeps_what_is_finished(fleet):
    def interrupt():
        raise KeyboardInterrupt

    ran = fleet({"a": GOOD, "b": ends(500)}, "--per-kind", "2", at=[(60.0, interrupt)])
    assert ran.code == 130
    assert [n["state"] for n in ran.document["nodes"]] == ["measured", "interrupted"]
    assert (ran.place / ran.document["nodes"][0]["evidence"]).is_file()
    assert ran.cluster.stopped == ["b"]


def test_files_are_listed_as_soon_as_they_are_there(fleet, tmp_path):
    """The driver may be killed at any time after."""
    seen = []

    def look():
        seen.append(json.loads((tmp_path / "out" / "fleet.json").read_text("utf-8")))

    slow = ends(500, output=evidence())
    fleet({"a": GOOD, "b": slow}, "--per-kind", "2", at=[(60.0, look)])
    assert [n["state"] for n in seen[0]["nodes"]] == ["measured", "running"]


def test_a_list_measures_nothing(fleet):
    ran = fleet({"a": GOOD, "b": GOOD}, "--list", "--json")
    (kind,) = json.loads(ran.out)["kinds"]
    assert (kind["kind"], kind["nodes"], kind["cores"]) == (KIND, 2, 4)
    assert kind["holdings"] == [
        {"python": "3.11.7", "frameworks": {"pytorch": "2.13.0", "jax": "0.10.2"}, "nodes": 2}
    ]
    assert ran.document is None
    assert not any(job.whole for _, job in ran.cluster.started)
    assert "pytorch 2.13.0" in fleet({"a": GOOD}, "--list").out


def test_interpreters_go_to_the_kind_that_they_were_given_for(fleet):
    options = ("--python", "torch=/all", "--python", f"{KIND}:torch=/own")
    ran = fleet({"a": GOOD, "b": GOOD}, *options, machines={"b": {"cores_usable": 8}})
    given = {
        name: [o for o in job.options if o.startswith("torch=")]
        for name, job in ran.cluster.started
        if job.whole
    }
    assert given == {"a": ["torch=/own"], "b": ["torch=/all"]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--python", "tensorflow=/x"), "does not say which framework"),
        (("--python", "other-kind:torch=/x"), "which the cluster does not have"),
        (("--python", "torch"), "does not say which framework"),
    ],
)
def test_what_cannot_be_meant_is_refused(fleet, options, words):
    with pytest.raises(UserError, match=words):
        fleet({"a": GOOD}, *options)


def test_own_steps_travel_with_the_job(fleet, tmp_path):
    step = tmp_path / "step.py"
    step.write_text("def inputs(rng): ...\n", "utf-8")
    ran = fleet({"a": GOOD}, "--workload", str(step))
    ((_, job),) = [(n, j) for n, j in ran.cluster.started if j.whole]
    assert job.files["0-step.py"] == step.read_bytes()
    assert "{place}/0-step.py" in job.options


def test_without_ray_the_error_names_the_extra_and_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="Ray is not installed") as caught:
        ray_engine.RayEngine("auto", b"")
    assert "pip install 'fw-advisor[fleet]'" in caught.value.hint


@pytest.fixture
def pinned(tmp_path):
    path = tmp_path / "pinned.txt"
    path.write_text("torch==2.13.0\njax==0.10.2\n", "utf-8")
    return str(path)


def packages_by_node(ran):
    return {name: job.packages for name, job in ran.cluster.started if job.whole}


def test_packages_go_to_nodes_that_lack_a_framework_alone(fleet, pinned):
    behaviours = {"a": GOOD, "b": GOOD}
    ran = fleet(behaviours, "--per-kind", "2", "--runtime-env", pinned, bare=["b"])
    assert ran.code == 0
    assert packages_by_node(ran) == {"a": (), "b": ("torch==2.13.0", "jax==0.10.2")}
    # A look installs nothing.
    assert not any(job.packages for _, job in ran.cluster.started if not job.whole)


def test_who_names_an_interpreter_gets_no_other(fleet, pinned):
    named = ["--python", f"jax={sys.executable}"]
    ran = fleet({"a": GOOD}, "--runtime-env", pinned, *named, bare=["a"])
    assert packages_by_node(ran) == {"a": ()}


def test_installing_may_take_longer_than_a_busy_node_is_waited_for(fleet, pinned):
    late = lambda since_s: GOOD(since_s - 900) if since_s > 900 else []  # noqa: E731
    ran = fleet({"a": late}, "--runtime-env", pinned, bare=["a"])
    assert states(ran) == [(f"{KIND} 1", "measured", None)]
    assert states(fleet({"a": late})) == [(f"{KIND} 1", "lost", "busy")]


def test_packages_that_cannot_be_installed_are_said_with_the_reason(fleet, pinned):
    ran = fleet({"a": is_lost(3, "no-environment")}, "--runtime-env", pinned, bare=["a"])
    assert ran.code == 4
    assert states(ran) == [(f"{KIND} 1", "lost", "no-environment")]
    assert "could not be installed there: as it says" in ran.err
