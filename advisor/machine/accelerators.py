"""The accelerators that the machine holds, as its drivers and its buses tell; no framework asked.

Kinds are those of the answer ``hardware.train``: nvidia, amd, intel_gpu, tpu, apple, trainium.
Serial numbers, UUIDs and bus addresses are never kept.

Sources: nvidia-smi(1) ``--help-query-gpu``; the PCI class codes of the PCI ID database (03xx
display, 12xx processing accelerator); amdgpu's sysfs documentation (mem_info_vram_total,
product_name) and the KFD topology, where a node with SIMD units is a GPU; the device ids of
Google's TPUs as jax's hardware_utils lists them; /dev/neuron* of the AWS Neuron driver.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.machine.host import Host
from advisor.text import inert

_PCI = "/sys/bus/pci/devices"
_GIB = 1 << 30
_NVIDIA, _AMD, _INTEL, _GOOGLE, _AMAZON = 0x10DE, 0x1002, 0x8086, 0x1AE0, 0x1D0F
_TPU_NAMES = {
    0x0027: "TPU v2 or v3",
    0x005E: "TPU v4",
    0x0062: "TPU v5p",
    0x0063: "TPU v5e",
    0x006F: "TPU v6e",
    0x0076: "TPU7x",
}
# An integrated AMD GPU carves this much or less out of main memory.
_INTEGRATED_VRAM_BYTES = 2 * _GIB
_NVIDIA_QUERIES = (
    "name,memory.total,driver_version,compute_cap,mig.mode.current",
    # Drivers before 510 know neither of the last two.
    "name,memory.total,driver_version",
)


@dataclass(frozen=True)
class DetectedAccelerator:
    """`count` equal accelerators.

    With `mig`, a process sees one part of it: `mig_profiles` names the parts (``3g.40gb``).
    `driver` is the driver's version, or the name of its module where it has no version; None
    means that nothing drives it. `integrated` ones share the processor's memory.
    Where the driver's tool lists nothing, `driver_words` is what it said instead, and
    `device_nodes` how many devices this process could open.
    """

    kind: str
    name: str
    count: int = 1
    memory_bytes: int | None = None
    driver: str | None = None
    compute_capability: str | None = None
    mig: bool = False
    mig_devices: int | None = None
    mig_profiles: tuple[str, ...] = ()
    integrated: bool = False
    device_nodes: int | None = None
    driver_words: str | None = None

    def document(self) -> dict[str, Any]:
        """The accelerator as it stands in the evidence."""
        described: dict[str, Any] = {
            "kind": self.kind,
            "name": self.name,
            "count": self.count,
            "memory_bytes": self.memory_bytes,
            "driver": self.driver,
        }
        if self.compute_capability:
            described["compute_capability"] = self.compute_capability
        if self.device_nodes is not None:
            described["device_nodes"] = self.device_nodes
            described["driver_words"] = self.driver_words
        if self.mig:
            described["mig"] = True
            described["mig_devices"] = self.mig_devices
            described["mig_profiles"] = list(self.mig_profiles)
        return described


@dataclass(frozen=True)
class _PciDevice:
    place: str
    vendor: int
    device: int
    class_code: int
    driver: str | None

    @property
    def is_compute(self) -> bool:
        """A display controller or a processing accelerator."""
        return self.class_code >> 16 in (0x03, 0x12)


def find_accelerators(host: Host) -> list[DetectedAccelerator]:
    """All accelerators, equal ones together, in a fixed order of kinds."""
    devices = _pci_devices(host)
    accelerators = [
        *_nvidia(host, devices),
        *_amd(host, devices),
        *_intel(host, devices),
        *_tpu(host, devices),
        *_neuron(host, devices),
        *_apple(host),
    ]
    return _together(accelerators)


def _together(accelerators: Sequence[DetectedAccelerator]) -> list[DetectedAccelerator]:
    counts: dict[DetectedAccelerator, int] = {}
    for one in accelerators:
        key = replace(one, count=1)
        counts[key] = counts.get(key, 0) + one.count
    return [replace(one, count=count) for one, count in counts.items()]


def _pci_devices(host: Host) -> list[_PciDevice]:
    devices = []
    for name in host.listing(_PCI):
        place = f"{_PCI}/{name}"
        vendor, device = host.read_int(f"{place}/vendor"), host.read_int(f"{place}/device")
        if vendor is None or device is None:
            continue
        code = host.read_int(f"{place}/class") or 0
        devices.append(_PciDevice(place, vendor, device, code, _driver_of(host, place)))
    return devices


def _driver_of(host: Host, place: str) -> str | None:
    for line in (host.read(f"{place}/uevent") or "").splitlines():
        key, _, value = line.partition("=")
        if key == "DRIVER" and value not in ("", "vfio-pci", "pci-stub", "nouveau"):
            return value
    return None


def _nvidia(host: Host, devices: Sequence[_PciDevice]) -> list[DetectedAccelerator]:
    reported, words = _ask_nvidia_smi(host)
    if reported:
        return reported
    # Without nvidia-smi (containers, a broken driver): what the kernel and the bus know.
    on_bus = sum(1 for d in devices if d.vendor == _NVIDIA and d.is_compute)
    nodes = len(host.matching("/dev", r"nvidia\d+"))
    count = nodes or on_bus
    if not count:
        return []
    return [
        DetectedAccelerator(
            "nvidia",
            "NVIDIA GPU",
            count,
            driver=_nvidia_driver(host),
            device_nodes=nodes,
            driver_words=words,
        )
    ]


def _ask_nvidia_smi(host: Host) -> tuple[list[DetectedAccelerator], str | None]:
    """What the driver's tool lists, or the first line that it says instead."""
    command = host.find_command("nvidia-smi", "/usr/lib/wsl/lib", "/usr/local/nvidia/bin")
    if command is None:
        return [], None
    words = None
    for query in _NVIDIA_QUERIES:
        ran = host.run([command, f"--query-gpu={query}", "--format=csv,noheader,nounits"])
        parsed = [_nvidia_row(line) for line in ran.text.splitlines()]
        rows = [row for row in parsed if row is not None]
        if ran.status == 0 and rows:
            return _with_mig(host, command, rows), None
        words = words or next((line for line in ran.text.splitlines() if line.strip()), None)
        if ran.status is None:
            # It hung, and would hang again.
            break
    return [], inert(words, limit=200) if words else None


def _nvidia_row(line: str) -> DetectedAccelerator | None:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < 3 or not re.fullmatch(r"\d+(\.\d+)*", cells[2]):
        return None
    mib = re.fullmatch(r"(\d+)", cells[1])
    capability = cells[3] if len(cells) > 3 and re.fullmatch(r"\d+\.\d+", cells[3]) else None
    return DetectedAccelerator(
        "nvidia",
        _plain(cells[0]) or "NVIDIA GPU",
        memory_bytes=int(mib.group(1)) << 20 if mib else None,
        driver=cells[2],
        compute_capability=capability,
        mig=len(cells) > 4 and cells[4].lower() == "enabled",
    )


def _with_mig(
    host: Host, command: str, rows: list[DetectedAccelerator]
) -> list[DetectedAccelerator]:
    """Count the MIG instances: a process sees one of them, not the whole GPU."""
    if not any(row.mig for row in rows):
        return rows
    text = host.output_of([command, "-L"]) or ""
    instances: list[list[str]] = []
    for line in text.splitlines():
        part = re.match(r"\s+MIG (\S*)", line)
        if line.startswith("GPU "):
            instances.append([])
        elif part and instances:
            instances[-1].append(_plain(part.group(1)))
    if len(instances) != len(rows):
        return rows
    return [
        replace(row, mig_devices=len(profiles), mig_profiles=tuple(profiles)) if row.mig else row
        for row, profiles in zip(rows, instances, strict=True)
    ]


def _nvidia_driver(host: Host) -> str | None:
    text = host.read("/proc/driver/nvidia/version") or ""
    match = re.search(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s", text)
    if match:
        return match.group(1)
    return host.read("/sys/module/nvidia/version")


def _amd(host: Host, devices: Sequence[_PciDevice]) -> list[DetectedAccelerator]:
    rocm = host.read("/opt/rocm/.info/version")
    cards = []
    for device in devices:
        if device.vendor != _AMD or not device.is_compute:
            continue
        memory = host.read_int(f"{device.place}/mem_info_vram_total")
        if device.class_code >> 16 == 0x03 and (memory or 0) <= _INTEGRATED_VRAM_BYTES:
            # Processor graphics: ROCm does not support most of them. A card without a driver
            # looks the same, and cannot be told apart without a list of ids.
            continue
        name = _plain(host.read(f"{device.place}/product_name") or "") or "AMD GPU"
        driver = device.driver and (f"ROCm {rocm.split('-')[0]}" if rocm else device.driver)
        cards.append(DetectedAccelerator("amd", name, memory_bytes=memory, driver=driver))
    return cards or _amd_from_kfd(host, rocm)


def _amd_from_kfd(host: Host, rocm: str | None) -> list[DetectedAccelerator]:
    """GPUs in a container that hides the bus: KFD nodes with SIMD units and own memory."""
    nodes = "/sys/class/kfd/kfd/topology/nodes"
    count = 0
    for node in host.listing(nodes):
        text = host.read(f"{nodes}/{node}/properties") or ""
        numbers = dict(re.findall(r"^(\w+)\s+(\d+)$", text, flags=re.MULTILINE))
        # An APU's node holds CPU cores too.
        if int(numbers.get("simd_count", 0)) > 0 and not int(numbers.get("cpu_cores_count", 0)):
            count += 1
    if not count or not host.exists("/dev/kfd"):
        return []
    driver = f"ROCm {rocm.split('-')[0]}" if rocm else "amdgpu"
    return [DetectedAccelerator("amd", "AMD GPU", count, driver=driver)]


def _intel(host: Host, devices: Sequence[_PciDevice]) -> list[DetectedAccelerator]:
    del host
    return [
        DetectedAccelerator("intel_gpu", "Intel GPU", driver=device.driver)
        for device in devices
        # Bus 0 carries the processor's own graphics.
        if device.vendor == _INTEL and device.is_compute and not _on_bus_zero(device)
    ]


def _on_bus_zero(device: _PciDevice) -> bool:
    return re.search(r"/[0-9a-f]{4}:00:[0-9a-f]{2}\.\d$", device.place) is not None


def _tpu(host: Host, devices: Sequence[_PciDevice]) -> list[DetectedAccelerator]:
    chips = [d for d in devices if d.vendor == _GOOGLE and d.device in _TPU_NAMES]
    nodes = len(host.matching("/dev", r"accel\d+"))
    # On newer chips the runtime drives them through VFIO.
    vfio = len(host.matching("/dev/vfio", r"\d+"))
    if chips:
        driver = "accel" if nodes else ("vfio" if vfio else None)
        return [
            DetectedAccelerator("tpu", _TPU_NAMES[chip.device], driver=driver) for chip in chips
        ]
    kind = host.environ.get("TPU_ACCELERATOR_TYPE") or host.environ.get("ACCELERATOR_TYPE", "")
    # /dev/accel* alone is not a TPU: other makers' drivers use the same names.
    if nodes and (kind or host.environ.get("TPU_NAME")):
        name = f"TPU {_plain(kind)}" if kind else "TPU"
        return [DetectedAccelerator("tpu", name, nodes, driver="accel")]
    return []


def _neuron(host: Host, devices: Sequence[_PciDevice]) -> list[DetectedAccelerator]:
    nodes = len(host.matching("/dev", r"neuron\d+"))
    if nodes:
        driver = host.read("/sys/module/neuron/version") or "neuron"
        return [DetectedAccelerator("trainium", "AWS Neuron device", nodes, driver=driver)]
    on_bus = sum(1 for d in devices if d.vendor == _AMAZON and d.class_code >> 16 == 0x12)
    return [DetectedAccelerator("trainium", "AWS Neuron device", on_bus)] if on_bus else []


def _apple(host: Host) -> list[DetectedAccelerator]:
    import platform  # noqa: PLC0415  (only the real machine can be a Mac)

    if host.system != "Darwin" or platform.machine() != "arm64":
        return []
    name = (host.output_of(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]) or "").strip()
    return [DetectedAccelerator("apple", f"{_plain(name) or 'Apple'} GPU", driver="Metal")]


def _plain(name: str) -> str:
    """A device's name without what could be an identifier or a control character."""
    kept = re.sub(r"[^\w .+()/-]", "", name.replace("_", " "))
    return " ".join(kept.split())[:80]
