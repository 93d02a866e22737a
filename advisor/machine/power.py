"""Power and clocks: a laptop on its battery, a saving governor, a processor that throttled.

Each makes times that do not repeat. From /sys/class/power_supply and cpufreq on Linux (kernel
ABI documents sysfs-class-power and sysfs-devices-system-cpu); from psutil elsewhere.
"""

from __future__ import annotations

from typing import Any

from advisor.machine.host import Host

_SUPPLIES = "/sys/class/power_supply"
_CPUS = "/sys/devices/system/cpu"


def describe_power(host: Host) -> dict[str, Any]:
    """What powers the machine, and how its clocks are governed.

    Keys: ``battery``, ``on_battery`` (None: unknown), ``governor``, ``frequency_driver`` and
    ``throttled_count``.
    """
    battery, on_battery = _supplies(host)
    if host.is_real and host.system != "Linux":
        battery, on_battery = _psutil_battery()
    return {
        "battery": battery,
        "on_battery": on_battery,
        "governor": _common(host, "scaling_governor"),
        "frequency_driver": _common(host, "scaling_driver"),
        "throttled_count": _throttle_count(host),
    }


def _supplies(host: Host) -> tuple[bool, bool | None]:
    mains: list[bool] = []
    discharging: list[bool] = []
    for name in host.listing(_SUPPLIES):
        place = f"{_SUPPLIES}/{name}"
        kind = (host.read(f"{place}/type") or "").lower()
        if kind in ("mains", "usb"):
            online = host.read_int(f"{place}/online")
            mains += [] if online is None else [online > 0]
        elif kind == "battery" and (host.read(f"{place}/scope") or "").lower() != "device":
            # Scope "Device" is the battery of a mouse or a pen.
            discharging.append((host.read(f"{place}/status") or "").lower() == "discharging")
    if not discharging:
        return False, False if mains else None
    if any(mains):
        return True, False
    return True, any(discharging) or bool(mains)


def _psutil_battery() -> tuple[bool, bool | None]:
    try:
        import psutil  # noqa: PLC0415  (needed off Linux only, and a bare node lacks it)
    except ImportError:
        return False, None
    read = getattr(psutil, "sensors_battery", None)
    battery = read() if read else None
    if battery is None:
        return False, None
    return True, None if battery.power_plugged is None else not battery.power_plugged


def _common(host: Host, name: str) -> str | None:
    """One cpufreq attribute of all CPUs; different values are joined with a comma."""
    words = {host.read(f"{_CPUS}/{cpu}/cpufreq/{name}") for cpu in host.matching(_CPUS, r"cpu\d+")}
    return ", ".join(sorted(word for word in words if word)) or None


def _throttle_count(host: Host) -> int | None:
    """How often a core was slowed for its heat since boot; None where it is not counted."""
    counts = [
        host.read_int(f"{_CPUS}/{name}/thermal_throttle/core_throttle_count")
        for name in host.matching(_CPUS, r"cpu\d+")
    ]
    readings = [count for count in counts if count is not None]
    return sum(readings) if readings else None
