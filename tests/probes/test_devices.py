"""Device words, proof and memory, against fakes at the boundary of each framework's API.

No accelerator is at hand: the fakes have the shape that the frameworks document.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import types
import warnings
from typing import Any

import pytest

from advisor.resources import resource_dir
from probes import jax_devices, torch_devices
from probes.devices import DeviceMissingError, listening


class FakeTorchDevice:
    def __init__(self, kind: str, index: int | None = None) -> None:
        self.type, self.index = kind, index

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class FakeTensor:
    """Ones of shape (8, 8), whose product sums to *total*."""

    def __init__(self, total: float) -> None:
        self.total = total

    def __matmul__(self, other: FakeTensor) -> FakeTensor:
        return self

    def sum(self) -> FakeTensor:
        return self

    def item(self) -> float:
        return self.total


class FakeTorch(types.SimpleNamespace):
    """PyTorch with `count` accelerators of one kind.

    *broken* maps an index to what an operation there raises; *total* is what it computes.
    """

    def __init__(
        self,
        kind: str | None = None,
        count: int = 1,
        *,
        hip: str | None = None,
        broken: dict[int, Exception] | None = None,
        total: float = 512.0,
        old: bool = False,
    ) -> None:
        self.log: list[Any] = []
        self.device = FakeTorchDevice
        self.version = types.SimpleNamespace(hip=hip, cuda=None)
        self._broken, self._total = broken or {}, total
        properties = types.SimpleNamespace(name="Fake 9000", total_memory=80 << 30)
        module = types.SimpleNamespace(
            get_device_properties=lambda index: properties,
            synchronize=lambda: self.log.append("old synchronize"),
            is_available=lambda: kind == "cuda",
            device_count=lambda: count,
            max_memory_allocated=lambda device: 7,
        )
        none = types.SimpleNamespace(is_available=lambda: kind == "mps")
        self.backends = types.SimpleNamespace(mps=none)
        self.cuda = types.SimpleNamespace(is_available=lambda: False)
        if kind:
            setattr(self, kind, module if kind != "mps" else types.SimpleNamespace())
        if not old:
            self.accelerator = types.SimpleNamespace(
                is_available=lambda: kind is not None,
                current_accelerator=lambda: FakeTorchDevice(kind) if kind else None,
                device_count=lambda: count if kind else 0,
                synchronize=lambda device: self.log.append(("synchronize", device)),
                max_memory_allocated=lambda device: 42,
                reset_peak_memory_stats=lambda device: self.log.append(("reset", device)),
            )

    def ones(self, shape: tuple[int, int], device: FakeTorchDevice) -> FakeTensor:
        assert shape == (8, 8)
        if device.type != "cpu" and (device.index or 0) in self._broken:
            raise self._broken[device.index or 0]
        return FakeTensor(self._total)


class TestTorchSelecting:
    @pytest.mark.parametrize(
        ("torch", "word", "kind", "index"),
        [
            (FakeTorch(), "cpu", "cpu", None),
            (FakeTorch("cuda", 2), "cuda:1", "cuda", 1),
            (FakeTorch("cuda"), "gpu", "cuda", 0),
            (FakeTorch("cuda", hip="7.2"), "rocm", "cuda", 0),
            (FakeTorch("xpu"), "xpu", "xpu", 0),
            (FakeTorch("xpu"), "gpu", "xpu", 0),
            (FakeTorch("mps"), "mps", "mps", None),
            (FakeTorch("tpu", 4), "tpu:3", "tpu", 3),
            (FakeTorch("neuron"), "neuron", "neuron", 0),
            (FakeTorch("cuda", 2, old=True), "cuda:1", "cuda", 1),
            (FakeTorch("mps", old=True), "mps", "mps", None),
        ],
    )
    def test_words(self, torch: FakeTorch, word: str, kind: str, index: int | None) -> None:
        device = torch_devices.select(torch, word)
        assert (device.type, device.index) == (kind, index)

    @pytest.mark.parametrize(
        ("torch", "word"),
        [
            (FakeTorch(), "cuda"),
            (FakeTorch(), "gpu"),
            (FakeTorch("cuda"), "cuda:1"),
            (FakeTorch("cuda"), "rocm"),
            (FakeTorch("cuda", hip="7.2"), "cuda"),
            (FakeTorch("mps"), "cuda"),
            (FakeTorch("xpu", old=True), "xpu"),
        ],
    )
    def test_never_another_device(self, torch: FakeTorch, word: str) -> None:
        with pytest.raises(DeviceMissingError, match=word):
            torch_devices.select(torch, word)


class TestTorchUsing:
    def test_waiting(self) -> None:
        torch = FakeTorch("xpu")
        device = torch_devices.select(torch, "xpu")
        torch_devices.synchronize(torch, device)
        torch_devices.synchronize(torch, torch.device("cpu"))
        assert torch.log == [("synchronize", device)]

    def test_waiting_before_torch_accelerator(self) -> None:
        torch = FakeTorch("cuda", old=True)
        torch_devices.synchronize(torch, torch_devices.select(torch, "cuda"))
        assert torch.log == ["old synchronize"]

    def test_memory(self) -> None:
        torch = FakeTorch("cuda")
        device = torch_devices.select(torch, "cuda")
        torch_devices.reset_peak_memory(torch, device)
        assert torch.log == [("reset", device)]
        assert torch_devices.peak_memory_bytes(torch, device) == 42
        assert torch_devices.peak_memory_bytes(torch, torch.device("cpu")) is None
        del torch.accelerator.max_memory_allocated
        assert torch_devices.peak_memory_bytes(torch, device) == 7

    @pytest.mark.parametrize("name", ["reset_peak_memory_stats", "max_memory_allocated"])
    def test_a_counter_that_asserts_costs_no_measurement(self, name) -> None:
        """Metal had the function and an assertion in it."""

        def refuse(device: Any) -> int:
            raise AssertionError(f"{name} is not there for {device}")

        torch = FakeTorch("mps")
        setattr(torch.accelerator, name, refuse)
        device = FakeTorchDevice("mps", 0)
        torch_devices.reset_peak_memory(torch, device)
        if name == "max_memory_allocated":
            assert torch_devices.peak_memory_bytes(torch, device) is None

    def test_no_memory_counter_is_none_and_not_zero(self) -> None:
        torch = FakeTorch("mps", old=True)
        device = torch_devices.select(torch, "mps")
        torch_devices.reset_peak_memory(torch, device)
        assert torch_devices.peak_memory_bytes(torch, device) is None


class TestTorchListing:
    @staticmethod
    def listed(torch: FakeTorch, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        monkeypatch.setitem(sys.modules, "torch", torch)
        return torch_devices.list_devices()

    def test_all_with_the_cpu_last(self, monkeypatch) -> None:
        found = self.listed(FakeTorch("cuda", 2), monkeypatch)
        assert [d["device"] for d in found] == ["cuda:0", "cuda:1", "cpu"]
        assert found[0]["name"] == "Fake 9000"
        assert found[0]["memory_bytes"] == 80 << 30
        assert all(d["usable"] for d in found)

    def test_rocm_is_called_so(self, monkeypatch) -> None:
        found = self.listed(FakeTorch("cuda", hip="7.2"), monkeypatch)
        assert [(d["device"], d["kind"]) for d in found] == [("rocm:0", "rocm"), ("cpu", "cpu")]

    def test_visible_but_without_kernels(self, monkeypatch) -> None:
        error = RuntimeError("CUDA error: no kernel image is available for execution")
        found = self.listed(FakeTorch("cuda", 2, broken={1: error}), monkeypatch)
        assert [d["usable"] for d in found] == [True, False, True]
        assert "no kernel image" in found[1]["error"]

    def test_wrong_numbers_are_not_usable(self, monkeypatch) -> None:
        found = self.listed(FakeTorch("cuda", total=511.0), monkeypatch)
        assert found[0]["usable"] is False
        assert "511" in found[0]["error"]


class FakeJaxDevice:
    def __init__(
        self,
        platform: str,
        version: str = "",
        stats: Any = None,
        error: Exception | None = None,
    ) -> None:
        self.platform, self.device_kind, self.error = platform, f"a {platform}", error
        self.client = types.SimpleNamespace(platform_version=version)
        self._stats = stats

    def memory_stats(self) -> Any:
        if isinstance(self._stats, Exception):
            raise self._stats
        return self._stats


class FakeJax(types.SimpleNamespace):
    """JAX with these devices; platforms answer to their own name and the aliases of GPUs."""

    def __init__(self, *devices: FakeJaxDevice) -> None:
        self._all = [*devices, FakeJaxDevice("cpu")]

    def devices(self, platform: str | None = None) -> list[FakeJaxDevice]:
        if platform is None:
            platform = self._all[0].platform
        names = {platform}
        if platform in ("cuda", "rocm"):
            names = {"gpu"}
        found = [
            d
            for d in self._all
            if d.platform in names
            and (platform not in ("cuda", "rocm") or platform in d.client.platform_version)
        ]
        if not found:
            raise RuntimeError(f"Unknown backend: '{platform}' requested")
        return found

    def local_devices(self, backend: str | None = None) -> list[FakeJaxDevice]:
        return self.devices(backend)

    @staticmethod
    def device_put(value: Any, device: FakeJaxDevice) -> Any:
        if device.error:
            raise device.error
        return value


CUDA = "PJRT C API\ncuda 13000"
ROCM = "PJRT C API\nrocm 70200"


class TestJax:
    @pytest.mark.parametrize(
        ("jax", "word", "platform"),
        [
            (FakeJax(), "cpu", "cpu"),
            (FakeJax(FakeJaxDevice("gpu", CUDA)), "gpu", "gpu"),
            (FakeJax(FakeJaxDevice("gpu", CUDA)), "cuda:0", "gpu"),
            (FakeJax(FakeJaxDevice("gpu", ROCM)), "rocm", "gpu"),
            (FakeJax(FakeJaxDevice("tpu")), "tpu", "tpu"),
            (FakeJax(FakeJaxDevice("METAL")), "mps", "METAL"),
            (FakeJax(FakeJaxDevice("oneapi")), "xpu", "oneapi"),
            (FakeJax(FakeJaxDevice("gpu", CUDA)), "cpu", "cpu"),
        ],
    )
    def test_words(self, jax: FakeJax, word: str, platform: str) -> None:
        assert jax_devices.select(jax, word).platform == platform

    @pytest.mark.parametrize(
        ("jax", "word"),
        [
            (FakeJax(), "gpu"),
            (FakeJax(), "tpu"),
            (FakeJax(FakeJaxDevice("gpu", CUDA)), "rocm"),
            (FakeJax(FakeJaxDevice("gpu", CUDA)), "cuda:1"),
        ],
    )
    def test_never_another_device(self, jax: FakeJax, word: str) -> None:
        with pytest.raises(DeviceMissingError, match=word):
            jax_devices.select(jax, word)

    def test_listing(self, monkeypatch) -> None:
        stats = {"bytes_limit": 60 << 30, "peak_bytes_in_use": 5, "pool": "x"}
        broken = FakeJaxDevice("gpu", CUDA, error=RuntimeError("RESOURCE_EXHAUSTED"))
        jax = FakeJax(FakeJaxDevice("gpu", CUDA, stats), broken)
        monkeypatch.setitem(sys.modules, "jax", jax)
        found = jax_devices.list_devices()
        assert [d["device"] for d in found] == ["cuda:0", "cuda:1", "cpu"]
        assert [d["usable"] for d in found] == [True, False, True]
        assert found[0]["memory_bytes"] == 60 << 30
        assert "RESOURCE_EXHAUSTED" in found[1]["error"]

    def test_memory(self) -> None:
        stats = {"peak_bytes_in_use": 5}
        assert jax_devices.peak_memory_bytes(FakeJaxDevice("gpu", CUDA, stats)) == 5
        for absent in (None, {}, RuntimeError("not supported")):
            assert jax_devices.peak_memory_bytes(FakeJaxDevice("cpu", stats=absent)) is None


class TestListening:
    def test_warnings_and_logs_are_heard_deprecations_are_not(self) -> None:
        with listening() as heard:
            logging.getLogger("jax._src.xla_bridge").warning("Falling back to %s.", "cpu")
            logging.getLogger("x").info("not this")
            warnings.warn("The NVIDIA driver on your system is too old", UserWarning, stacklevel=1)
            warnings.warn("old name", DeprecationWarning, stacklevel=1)
        assert heard == ["Falling back to cpu.", "The NVIDIA driver on your system is too old"]

    def test_what_was_heard_is_kept_when_the_framework_raises(self) -> None:
        def start() -> None:
            warnings.warn("driver too old", UserWarning, stacklevel=1)
            raise RuntimeError("no back end")

        with pytest.raises(RuntimeError), listening() as heard:
            start()
        assert heard == ["driver too old"]


@pytest.mark.frameworks
class TestRealWorker:
    @staticmethod
    def hello(framework: str, device: str, **environ: str) -> dict[str, Any]:
        done = subprocess.run(
            [
                *(sys.executable, "-B", str(resource_dir("probes")), "worker"),
                *("--framework", framework, "--device", device),
            ],
            input='{"do": "hello"}\n',
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env={**os.environ, **environ},
        )
        return json.loads(done.stdout)

    def test_a_missing_device_is_refused_by_name(self) -> None:
        for framework in ("pytorch", "jax"):
            reply = self.hello(framework, "tpu")
            assert reply["ok"] is False
            assert reply["error"]["type"] == "DeviceMissingError"

    def test_the_second_host_device_of_jax(self) -> None:
        flags = "--xla_force_host_platform_device_count=2"
        reply = self.hello("jax", "cpu:1", XLA_FLAGS=flags)
        assert reply["devices"][0]["device"] == "cpu:1"
