"""What is asked of Ray and how its answers are read, against a stand-in for its boundary."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace

import pytest

from advisor.errors import UserError
from advisor.fleet.engine import Began, ClusterGoneError, Ended, Job, Lost, Node, Said
from advisor.fleet.ray_engine import RayEngine

NODE = Node(
    "n1",
    {
        "CPU": 8.0,
        "GPU": 2.0,
        "memory": 1e9,
        "object_store_memory": 1e9,
        "node:10.0.0.1": 1.0,
        "accelerator_type:H100": 1.0,
        "lake": 3.0,
    },
)


class RayError(Exception):
    pass


def errors():
    names = (
        "OutOfMemoryError",
        "ActorUnschedulableError",
        "RuntimeEnvSetupError",
        "ActorDiedError",
    )
    made = {name: type(name, (RayError,), {}) for name in names}
    task = type("RayTaskError", (RayError,), {"cause": ValueError("first\nno space left")})
    late = type("GetTimeoutError", (RayError, TimeoutError), {})
    return SimpleNamespace(RayError=RayError, RayTaskError=task, GetTimeoutError=late, **made)


class FakeRay:
    """Actors whose answers are a list, one for each call; an exception is raised."""

    def __init__(self, answers=(), alive=True):
        self.answers, self.alive = list(answers), alive
        self.asked, self.options, self.killed = {}, {}, []
        self.exceptions = errors()
        self.cloudpickle = SimpleNamespace(register_pickle_by_value=lambda module: None)
        place = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda **given: given)
        resolved = SimpleNamespace(
            canonicalize_bootstrap_address_or_die=lambda word: f"resolved:{word}"
        )
        self._private = SimpleNamespace(services=resolved)
        self.util = SimpleNamespace(scheduling_strategies=place)

    def init(self, **given):
        self.asked = {**given, "usage": os.environ.get("RAY_USAGE_STATS_ENABLED")}

    def put(self, data):
        return data

    def remote(self, **_):
        method = SimpleNamespace(remote=lambda *_: "ref")
        actor = SimpleNamespace(start=method, poll=method)

        def options(**given):
            self.options = given
            return SimpleNamespace(remote=lambda *_: actor)

        return lambda _: SimpleNamespace(options=options)

    def wait(self, refs, timeout):
        assert timeout == 0
        return (refs, []) if self.answers else ([], refs)

    def get(self, _, timeout):
        assert timeout is not None
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def nodes(self):
        return [{"NodeID": "n1", "Alive": self.alive, "Resources": {"CPU": 8.0}}]

    def kill(self, actor, no_restart):
        self.killed.append(actor)

    def shutdown(self):
        pass


@pytest.fixture
def engine_on(monkeypatch):
    def make(ray, address="auto"):
        monkeypatch.setitem(sys.modules, "ray", ray)
        monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
        return RayEngine(address, b"archive")

    return make


def test_nothing_is_reported_and_a_cluster_of_ones_own_gets_its_address(engine_on):
    ray = FakeRay()
    engine_on(ray, "local")
    assert ray.asked["usage"] == "0"
    assert ray.asked["_node_ip_address"].startswith("127.0.0.")
    assert ray.asked["include_dashboard"] is False
    engine_on(ray)
    assert ray.asked["address"] == "resolved:auto"


def test_the_node_is_held_whole_and_by_name(engine_on):
    ray = FakeRay()
    engine_on(ray).start(NODE, Job())
    assert ray.options == {
        "num_cpus": 8.0,
        "num_gpus": 2.0,
        "resources": {"lake": 3.0},
        "scheduling_strategy": {"node_id": "n1", "soft": False},
    }


def test_a_look_holds_nothing(engine_on):
    ray = FakeRay()
    engine_on(ray).start(NODE, Job(whole=False))
    assert ray.options["num_cpus"] == 0
    assert "resources" not in ray.options


def test_answers_become_events_and_the_output_is_put_together(engine_on):
    answers = [None, {"text": "line"}, {"part": b"ab"}, {"part": b"c"}, {"code": 3, "text": "end"}]
    ray = FakeRay(answers)
    engine = engine_on(ray)
    handle = engine.start(NODE, Job())
    events = [event for _ in range(7) for event in engine.events(handle)]
    assert events == [Began(), Said("line"), Said(), Said(), Ended(3, b"abc", "end")]
    assert len(ray.killed) == 1


@pytest.mark.parametrize(
    ("name", "alive", "why"),
    [
        ("OutOfMemoryError", True, "out-of-memory"),
        ("ActorUnschedulableError", True, "refused"),
        ("ActorDiedError", True, "died"),
        ("ActorDiedError", False, "node-died"),
    ],
)
def test_what_ray_says_of_a_loss_becomes_our_word_for_it(engine_on, name, alive, why):
    ray = FakeRay(alive=alive)
    ray.answers = [getattr(ray.exceptions, name)()]
    engine = engine_on(ray)
    assert engine.events(engine.start(NODE, Job())) == [Lost(why, name)]


def test_what_our_own_code_raised_there_is_told(engine_on):
    ray = FakeRay()
    ray.answers = [ray.exceptions.RayTaskError()]
    engine = engine_on(ray)
    assert engine.events(engine.start(NODE, Job())) == [Lost("refused", "no space left")]


def test_an_answer_that_a_hung_node_keeps_is_not_waited_for(engine_on):
    ray = FakeRay()
    ray.answers = [ray.exceptions.GetTimeoutError(), None]
    engine = engine_on(ray)
    handle = engine.start(NODE, Job())
    assert engine.events(handle) == []
    assert engine.events(handle) == [Began()]


def test_a_cluster_that_went_away_is_told_apart_from_a_node(engine_on, monkeypatch):
    ray = FakeRay()
    engine = engine_on(ray)
    monkeypatch.setattr(ray, "nodes", lambda: 1 / 0)
    with pytest.raises(ClusterGoneError):
        engine.nodes()


def test_no_cluster_is_an_error_with_a_way_out(engine_on, monkeypatch):
    ray = FakeRay()

    def refuse(**_):
        raise ConnectionError("could not find any running instance\nmore")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(UserError, match="could not find") as caught:
        engine_on(ray, "auto")
    assert "ray start --head" in caught.value.hint
    assert caught.value.where == "--address auto"


@pytest.mark.parametrize("address", ["6379", "head", "head:", ":6379", "ray://head:10001", "h:0"])
def test_what_is_no_address_is_refused_before_ray_tries_it(engine_on, address):
    with pytest.raises(UserError, match="no address"):
        engine_on(FakeRay(), address)


def test_where_nobody_listens_is_said_at_once_and_where_somebody_does_ray_is_asked(engine_on):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        ray = FakeRay()
        engine_on(ray, address)
        assert ray.asked["address"] == address
    with pytest.raises(UserError, match="no cluster listens there"):
        engine_on(FakeRay(), address)


def test_packages_are_a_runtime_environment_of_the_job_and_only_of_that(engine_on):
    ray = FakeRay()
    engine_on(ray).start(NODE, Job(packages=("jax==0.10.2",)))
    asked = ray.options["runtime_env"]
    assert asked["pip"]["packages"] == ["jax==0.10.2"]
    assert asked["config"]["setup_timeout_seconds"] > 600
    engine_on(ray).start(NODE, Job())
    assert "runtime_env" not in ray.options


def test_packages_that_could_not_be_installed_are_told_with_pips_last_line(engine_on):
    ray = FakeRay()
    ray.answers = [ray.exceptions.RuntimeEnvSetupError("many\nERROR: No matching distribution\n")]
    engine = engine_on(ray)
    lost = engine.events(engine.start(NODE, Job(packages=("jax==99",))))
    assert lost == [Lost("no-environment", "ERROR: No matching distribution")]
