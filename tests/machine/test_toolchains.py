"""Interpreters are found and asked; those that hang, crash, lie or hold nothing are told so."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from advisor.errors import UserError
from advisor.machine import toolchains
from advisor.machine.describe import describe_machine
from advisor.machine.detected import detected_facts, hardware_text, installed_facts
from advisor.machine.inspection import inspect_interpreter
from advisor.machine.interpreters import interpreter_in, nearby_interpreters
from advisor.machine.toolchains import InstalledToolchain, find_toolchains, survey, with_devices
from advisor.resources import resource_dir
from tests.machine import fakes

WORKER = (str(resource_dir("probes")),)
NOTHING = fakes.holdings(frameworks={"pytorch": None, "jax": None}, packages={"numpy": "2.3.0"})


def only(*names: str) -> dict:
    """A reply that holds only these frameworks."""
    held = fakes.holdings()["frameworks"]
    return fakes.holdings(frameworks={k: v if k in names else None for k, v in held.items()})


@dataclass
class Fake:
    """Stands for the module sys where the current interpreter is looked up."""

    executable: str


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing nearby: no environment variables, no .venv; the current interpreter is *current*."""

    def make(answer: dict | None = None, **environ: str) -> dict:
        current = fakes.interpreter(tmp_path, "current/bin/python", answer)
        monkeypatch.setattr("advisor.machine.interpreters.sys", Fake(str(current)))
        return {"worker": WORKER, "environ": environ, "directory": tmp_path / "work"}

    return make


def ask(interpreter: Path, timeout_s: float = 10.0, **options):
    return inspect_interpreter(str(interpreter), worker=WORKER, timeout_s=timeout_s, **options)


class TestAsking:
    def test_this_interpreter(self) -> None:
        found = ask(Path(sys.executable))
        assert found.problem is None
        assert found.python == ".".join(str(part) for part in sys.version_info[:3])
        assert "numpy" in found.packages

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("sleep 600", "interpreter-hung"),
            ("sleep 600 & setsid sleep 600 & wait", "interpreter-hung"),
            ("trap '' TERM INT HUP; while :; do sleep 1; done", "interpreter-hung"),
            ("kill -SEGV $$", "interpreter-crashed"),
            ("exit 3", "interpreter-crashed"),
            ("exit 0", "interpreter-crashed"),
            ("echo 'Segmentation fault' >&2; exit 139", "interpreter-crashed"),
            ("echo hello", "interpreter-garbage"),
            ("echo '[1, 2]'", "interpreter-garbage"),
            ("echo '{\"ok\": true}'", "interpreter-garbage"),
            ('echo \'{"python": 3, "frameworks": {}}\'', "interpreter-garbage"),
            ('echo \'{"python": "3.12", "frameworks": []}\'', "interpreter-garbage"),
            ("printf '\\377\\376\\n'", "interpreter-garbage"),
            ("head -c 200000 /dev/zero | tr '\\0' '['; echo", "interpreter-garbage"),
        ],
    )
    def test_misbehaving(self, tmp_path: Path, body: str, reason: str) -> None:
        found = ask(fakes.script(tmp_path, "python", body), timeout_s=1.0)
        assert found.problem is not None
        assert found.problem["id"] == reason
        assert found.problem["hint"]

    def test_flood_is_stopped(self, tmp_path: Path) -> None:
        found = ask(fakes.script(tmp_path, "python", "cat /dev/zero"), timeout_s=1.0)
        assert found.problem is not None
        assert found.problem["id"] in ("interpreter-garbage", "interpreter-hung")

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("sleep 600", "interpreter-hung"),
            ("exit 1", "interpreter-crashed"),
            ("echo no", "interpreter-garbage"),
            ("echo 3", "interpreter-garbage"),
        ],
    )
    def test_without_a_guardian(self, tmp_path: Path, monkeypatch, body, reason) -> None:
        """The way that native Windows takes."""
        monkeypatch.setattr("advisor.machine.inspection.os", SimpleNamespace(name="nt"))
        assert ask(fakes.interpreter(tmp_path, "good")).problem is None
        found = ask(fakes.script(tmp_path, "python", body), timeout_s=0.5)
        assert found.problem is not None
        assert found.problem["id"] == reason

    def test_too_old_is_told_from_broken(self, tmp_path: Path) -> None:
        old = fakes.script(tmp_path, "python", 'case "$1" in -S) echo 3.8.18;; *) exit 1;; esac')
        found = ask(old)
        assert found.problem is not None
        assert found.problem["id"] == "python-too-old"
        assert "3.8.18" in found.problem["text"]

    def test_hostile_text_is_made_inert(self, tmp_path: Path) -> None:
        answer = fakes.holdings(
            python="3.12\x1b[31m", packages={"numpy": "1\u202e2", "torch": 7, "x" * 500: "1"}
        )
        found = ask(fakes.interpreter(tmp_path, "python", answer))
        assert found.problem is None
        text = repr(found)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "torch" not in found.packages
        assert max(map(len, found.packages)) <= 100

    def test_noise_on_stdout_does_not_hurt(self, tmp_path: Path) -> None:
        """A sitecustomize that prints is common; the answer takes another way."""
        fakes.write(
            tmp_path, {"/site/sitecustomize.py": "import sys; print('hi', file=sys.stderr)"}
        )
        python = fakes.delegating(tmp_path, "python", f'export PYTHONPATH="{tmp_path}/site"')
        assert ask(python).problem is None

    def test_its_own_way_of_leaving_is_not_waited_for(self, tmp_path: Path) -> None:
        """A framework takes long to end in order, and has said all by then."""
        mark = tmp_path / "left"
        leaving = (
            "import atexit, pathlib, time\n"
            f"atexit.register(lambda: (time.sleep(1.5), pathlib.Path({str(mark)!r}).touch()))\n"
        )
        fakes.write(tmp_path, {"/site/sitecustomize.py": leaving})
        python = fakes.delegating(tmp_path, "python", f'export PYTHONPATH="{tmp_path}/site"')
        assert ask(python).problem is None
        assert not mark.exists()

    def test_tuning_variables_do_not_reach_it(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv("XLA_FLAGS", "--xla_no_such_flag")
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        answer = 'if [ -n "$XLA_FLAGS$OMP_NUM_THREADS" ]; then exit 7; fi'
        assert ask(fakes.delegating(tmp_path, "python", answer)).problem is None


class TestChoosing:
    def test_current_interpreter_first(self, alone, tmp_path: Path) -> None:
        other = fakes.interpreter(tmp_path, "other/bin/python")
        found = find_toolchains({}, **alone(FW_ADVISOR_PYTHON=str(other)))
        assert [t.framework for t in found] == ["pytorch", "jax"]
        assert all("/current/" in t.interpreter for t in found)
        assert [t.version for t in found] == ["2.14.1", "0.12.0"]

    def test_the_first_that_holds_what_the_current_lacks(self, alone, tmp_path: Path) -> None:
        empty = fakes.interpreter(tmp_path, "empty/bin/python", NOTHING)
        both = fakes.interpreter(tmp_path, "both/bin/python")
        later = fakes.interpreter(tmp_path, "later/bin/python")
        named = os.pathsep.join([str(empty), str(both), str(later)])
        found = find_toolchains({}, **alone(only("pytorch"), FW_ADVISOR_PYTHON=named))
        places = [Path(t.interpreter).parent.parent.name for t in found]
        assert places == ["current", "both"]

    def test_others_are_not_started_when_the_current_holds_both(
        self, alone, tmp_path: Path
    ) -> None:
        mark = tmp_path / "started"
        other = fakes.script(tmp_path, "other/bin/python", f'touch "{mark}"')
        find_toolchains({}, **alone(FW_ADVISOR_PYTHON=str(other)))
        assert not mark.exists()

    def test_a_missing_framework_is_an_entry(self, alone) -> None:
        torch, jax = find_toolchains({}, **alone(only("pytorch")))
        assert torch.problem is None
        assert jax.problem is not None
        assert jax.problem["id"] == "framework-missing"
        assert (jax.framework, jax.version) == ("jax", None)

    def test_nothing_at_all(self, alone) -> None:
        found = find_toolchains({}, **alone(NOTHING))
        assert [t.problem["id"] for t in found if t.problem] == ["framework-missing"] * 2

    def test_a_broken_one_is_named_before_a_missing_one(self, alone, tmp_path: Path) -> None:
        frameworks = {"pytorch": None, "jax": {"version": "0.12.0", "lacks": ["jaxlib"]}}
        half = fakes.interpreter(tmp_path, "half/bin/python", fakes.holdings(frameworks=frameworks))
        found = find_toolchains({}, **alone(NOTHING, FW_ADVISOR_PYTHON=str(half)))
        jax = found[1]
        assert jax.problem is not None
        assert jax.problem["id"] == "framework-broken"
        assert "jaxlib" in jax.problem["text"]

    def test_without_numpy_it_cannot_be_measured(self, alone) -> None:
        found = find_toolchains({}, **alone(fakes.holdings(packages={"torch": "2.14.1"})))
        assert {t.problem["id"] for t in found if t.problem} == {"numpy-missing"}

    def test_one_that_hangs_nearby_does_not_hide_the_next(
        self, alone, tmp_path: Path, monkeypatch
    ) -> None:
        monkeypatch.setattr(toolchains, "_FOUND_TIMEOUT_S", 1.0)
        hung = fakes.script(tmp_path, "hung/bin/python", "sleep 600")
        good = fakes.interpreter(tmp_path, "good/bin/python")
        named = os.pathsep.join([str(hung), str(good)])
        found = find_toolchains({}, **alone(NOTHING, FW_ADVISOR_PYTHON=named))
        assert all("/good/" in t.interpreter for t in found)


class TestRequesting:
    def test_all_that_was_requested_and_the_other_by_itself(self, alone, tmp_path: Path) -> None:
        old = fakes.interpreter(tmp_path, "old/bin/python")
        new = fakes.interpreter(tmp_path, "new/bin/python", only("pytorch"))
        found = find_toolchains({"torch": [str(old), str(new)]}, **alone())
        assert [t.framework for t in found] == ["pytorch", "pytorch", "jax"]
        assert [Path(t.interpreter).parent.parent.name for t in found] == ["old", "new", "current"]

    def test_both_words_for_pytorch(self, alone, tmp_path: Path) -> None:
        path = str(fakes.interpreter(tmp_path, "a/bin/python"))
        options = alone()
        assert find_toolchains({"torch": [path]}, **options) == find_toolchains(
            {"pytorch": [path]}, **options
        )

    def test_an_environment_directory_will_do(self, alone, tmp_path: Path) -> None:
        fakes.interpreter(tmp_path, "env/bin/python")
        found = find_toolchains({"jax": [str(tmp_path / "env")]}, **alone())
        assert found[1].interpreter == str(tmp_path / "env/bin/python")

    def test_one_that_holds_nothing_is_an_entry(self, alone, tmp_path: Path) -> None:
        path = fakes.interpreter(tmp_path, "a/bin/python", NOTHING)
        found = find_toolchains({"torch": [str(path)]}, **alone())
        assert found[0].problem is not None
        assert found[0].problem["id"] == "framework-missing"
        assert "/a/" in found[0].interpreter

    @pytest.mark.parametrize("name", ["absent/python", "", "file.txt", "/~nobody-here/python"])
    def test_what_is_no_interpreter_is_the_users_mistake(
        self, alone, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "file.txt").write_text("not executable")
        path = name.removeprefix("/") if "~" in name else str(tmp_path / name)
        with pytest.raises(UserError) as caught:
            find_toolchains({"torch": [path]}, **alone())
        assert caught.value.exit_code == 2
        assert caught.value.hint

    def test_dangling_link(self, alone, tmp_path: Path) -> None:
        (tmp_path / "python").symlink_to(tmp_path / "gone")
        with pytest.raises(UserError):
            find_toolchains({"jax": [str(tmp_path / "python")]}, **alone())

    def test_unknown_framework(self, alone) -> None:
        with pytest.raises(UserError, match="keras"):
            find_toolchains({"keras": ["/usr/bin/python3"]}, **alone())


class TestNearby:
    def test_order_and_each_once(self, tmp_path: Path) -> None:
        for name in ("work/.venv", "conda/envs/here", "conda/envs/there", "named"):
            fakes.interpreter(tmp_path, f"{name}/bin/python")
            fakes.write(tmp_path, {f"/{name}/conda-meta/history": ""})
        fakes.write(tmp_path, {"/conda/envs/broken/conda-meta/history": ""})
        environ = {
            "FW_ADVISOR_PYTHON": os.pathsep.join([str(tmp_path / "named"), str(tmp_path / "no")]),
            "VIRTUAL_ENV": str(tmp_path / "work/.venv"),
            "CONDA_PREFIX": str(tmp_path / "conda/envs/here"),
        }
        found = nearby_interpreters(environ, tmp_path / "work")
        assert found[0].path == str(Path(sys.executable).absolute())
        places = [str(Path(c.path).relative_to(tmp_path).parent.parent) for c in found[1:]]
        assert places == ["named", "work/.venv", "conda/envs/here", "conda/envs/there"]

    def test_siblings_of_the_base_environment(self, tmp_path: Path) -> None:
        fakes.interpreter(tmp_path, "conda/bin/python")
        fakes.interpreter(tmp_path, "conda/envs/rl/bin/python")
        fakes.write(tmp_path, {"/conda/envs/rl/conda-meta/history": ""})
        found = nearby_interpreters({"CONDA_PREFIX": str(tmp_path / "conda")}, tmp_path)
        assert [Path(c.path).parent.parent.name for c in found[1:]] == ["conda", "rl"]

    def test_a_virtual_environment_is_not_resolved_to_its_base(self, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/python").symlink_to(sys.executable)
        assert interpreter_in(tmp_path) == tmp_path / "bin/python"

    def test_survey_lists_every_framework_everywhere(self, alone, tmp_path: Path) -> None:
        other = fakes.interpreter(tmp_path, "other/bin/python", only("jax"))
        broken = fakes.script(tmp_path, "broken/bin/python", "exit 1")
        named = os.pathsep.join([str(other), str(broken)])
        found = survey(**alone(FW_ADVISOR_PYTHON=named))
        shown = [(Path(t.interpreter).parent.parent.name, t.framework) for t in found]
        assert shown == [
            ("current", "pytorch"),
            ("current", "jax"),
            ("other", "jax"),
            ("broken", "pytorch"),
            ("broken", "jax"),
        ]


class TestDevices:
    def test_asked_for_apart(self, alone, tmp_path: Path) -> None:
        device = {"device": "cuda:0", "kind": "cuda", "name": "H200", "usable": True}
        asked = {"pytorch": {"devices": [device, "junk"], "warnings": ["w"], "error": None}}
        path = fakes.interpreter(tmp_path, "a/bin/python", fakes.holdings(asked=asked))
        options = alone()
        (torch, _) = find_toolchains({"torch": [str(path)]}, **options)
        assert torch.devices == ()
        (seen,) = with_devices([torch], worker=WORKER)
        assert seen.devices == (device,)
        assert seen.warnings == ("w",)

    def test_a_framework_that_does_not_start_is_broken(self, tmp_path: Path) -> None:
        asked = {"jax": {"devices": [], "error": "RuntimeError: CPU lacks AVX\x07"}}
        path = fakes.interpreter(tmp_path, "python", fakes.holdings(asked=asked))
        (seen,) = with_devices(
            [InstalledToolchain("jax", str(path), version="0.12.0")], worker=WORKER
        )
        assert seen.problem is not None
        assert seen.problem["id"] == "framework-broken"
        assert "AVX" in seen.problem["text"]
        assert "\x07" not in seen.problem["text"]

    def test_a_crash_while_importing(self, tmp_path: Path) -> None:
        path = fakes.script(tmp_path, "python", "kill -ILL $$")
        (seen,) = with_devices([InstalledToolchain("jax", str(path))], worker=WORKER)
        assert seen.problem is not None
        assert "SIGILL" in seen.problem["text"]


class TestFacts:
    def test_detected(self) -> None:
        machine = {"os": "wsl2", "accelerators": [{"kind": "nvidia", "count": 2, "name": "L4"}]}
        chain = InstalledToolchain("pytorch", "/x", version="2.14", python="3.12.4")
        assert detected_facts(machine, [chain], {}) == {
            "detected.hardware": "nvidia_multi",
            "detected.os": "wsl2",
            "detected.python": "3.12",
        }

    def test_an_unknown_system_is_left_out(self) -> None:
        assert detected_facts({"os": "freebsd"}, [], {}) == {"detected.hardware": "cpu"}

    def test_a_python_too_old_to_measure_proposes_nothing(self) -> None:
        old = InstalledToolchain("jax", "/x", python="3.8.1", problem={"id": "python-too-old"})
        bare = InstalledToolchain("jax", "/y", python="3.11.2", problem={"id": "framework-missing"})
        assert "detected.python" not in detected_facts({}, [old], {})
        assert detected_facts({}, [old, bare], {})["detected.python"] == "3.11"

    def test_installed_packages_of_the_first_that_has_them(self) -> None:
        chains = [
            InstalledToolchain("pytorch", "/x", packages={"torch": "2.14.1"}),
            InstalledToolchain("jax", "/y", packages={"jax": "0.12.0", "torch": "2.9"}),
        ]
        assert installed_facts(chains) == {"installed.torch": "2.14.1", "installed.jax": "0.12.0"}

    def test_hardware_in_words(self) -> None:
        gpu = {"kind": "nvidia", "name": "NVIDIA H200", "count": 8, "memory_bytes": 141 << 30}
        assert hardware_text({"accelerators": [gpu]}) == "8 × NVIDIA H200 141 GiB"
        assert hardware_text({"accelerators": [], "cpu": "AMD EPYC"}) == "AMD EPYC"

    def test_here(self) -> None:
        facts = detected_facts(describe_machine(), find_toolchains({}, worker=WORKER))
        assert set(facts) >= {"detected.hardware", "detected.python"}
