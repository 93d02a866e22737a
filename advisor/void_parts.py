"""Parts of evidence that cannot be: each is marked as void with its reason, and the rest is kept.

Works on the plain document, from what validation found wrong with it and where. Knows which part
a place belongs to, and that a doubt always costs a verdict and never makes one. It must not know
what any number means, nor how a reason is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from advisor.jsonio import copied

VOID = "void-part"
"""The id of the reason, and of the notice, that says so."""

SIDE_VOID = "side-void"
"""The id of the reason of a comparison one side of which is void."""

Finding = Mapping[str, Any]
"""What validation found: ``loc`` (the path of keys and positions), ``msg``, ``type``, ``ctx``."""

_OF_VOID = {"framework", "mode", "toolchain", "status", "reason"}
_OF_WORK = ("model", "name", "title", "size", "precision", "device", "cores")
_OUTCOME = ("verdict", "reason")
_DROPPED_WHOLE = ("attributions", "notices", "behaviours", "scaling", "time_to_accuracy")
_OF_MACHINE = ("tool", "created", "profile", "seed", "machine", "selftest", "spent_s")


def without_impossible(data: Any) -> Any:
    """*data*, changed in place, without times that contradict each other inside one entry."""
    made = data
    for probe in _dicts(made, "probes"):
        for entry in _dicts(probe, "entries"):
            for name, problem in _contradictions(entry):
                entry[name] = None
                _notice(made, f"{probe.get('id')}, {entry.get('mode')}: {name}", problem)
    return made


def _contradictions(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of *entry* that cannot be beside the others, and why."""
    wrong = []
    steady = _numbers(entry, ("median_s", "p95_s"))
    if steady and steady[1] < steady[0]:
        text = f"{steady[1]:.3g} s is below the median, {steady[0]:.3g} s"
        wrong.append(("p95_s", text))
    single = _numbers(entry.get("latency"), ("p50_s", "p95_s", "p99_s"))
    if single != sorted(single):
        wrong.append(("latency", "its percentiles do not rise"))
    return wrong


def _numbers(part: Any, names: Sequence[str]) -> list[float]:
    """The values of *names* in *part*; nothing unless all of them are numbers."""
    values: list[Any] = [part.get(name) for name in names] if isinstance(part, dict) else []
    return values if all(type(v) in (int, float) for v in values) else []


def voided(data: Any, findings: Sequence[Finding]) -> Any:
    """A copy of *data* in which every part that *findings* speak of is void, cut or left out.

    Returns *data* itself where nothing could be done about any of them.
    """
    made = copied(data)
    done = False
    for finding in findings:
        place = finding["loc"]
        if finding["type"] == "string_too_long":
            done |= _cut(made, place, finding["ctx"]["max_length"])
        else:
            done |= _void(made, place, finding["msg"])
    if not done:
        return data
    return _without_dropped(made)


def _cut(data: Any, place: Sequence[Any], length: int) -> bool:
    """Cut the text at *place*: too many words are no reason to lose a measurement."""
    holder = _at(data, place[:-1])
    try:
        holder[place[-1]] = holder[place[-1]][:length]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _void(data: Any, place: Sequence[Any], problem: str) -> bool:
    if place[:1] in (("probes",), ("works",)) and len(place) > 1:
        void = _void_in_probe if place[0] == "probes" else _void_work
        return void(data, place, problem)
    if len(place) > 1 and place[0] in _DROPPED_WHOLE:
        return _drop(data, data[place[0]], place[1], str(place[0]), problem)
    if place[:1] == ("toolchains",) and len(place) > 2 and place[2] != "framework":
        return _forget(data, data["toolchains"][place[1]], place[2], "toolchain", problem)
    if place[:1] == ("selftest",):
        # Without a self-test that can be believed no verdict can.
        data["selftest"] = {"status": "failed", "reason": _reason(_path(place[1:]), problem)}
        return True
    if place and place[0] in _OF_MACHINE:
        return _void_around(data, place, problem)
    return False


def _void_work(data: Any, place: Sequence[Any], problem: str) -> bool:
    """Keep which model it was, at which size, and why it predicts nothing."""
    works, at = data["works"], place[1]
    work = works[at] if isinstance(works, list) else None
    if work is _DROPPED:
        return True
    inside = _path(place[2:])
    if not isinstance(work, dict) or inside.partition(".")[0] in _OF_WORK:
        return _drop(data, works, at, "works", f"{inside}: {problem}")
    if set(work) <= {*_OF_WORK, *_OUTCOME}:
        # Several things were wrong with it, and it is void by the first of them.
        return True
    kept = {key: work[key] for key in _OF_WORK if key in work}
    work.clear()
    work.update(kept, verdict="invalid", reason=_reason(inside, problem))
    return True


def _void_around(data: Any, place: Sequence[Any], problem: str) -> bool:
    """Leave out what is wrong about the machine and the run; its default stands."""
    holder = data[place[0]]
    if len(place) == 1 or not isinstance(holder, dict):
        return _forget(data, data, place[0], "", problem)
    if place[1] == "accelerators" and len(place) > 2:
        return _drop(data, holder["accelerators"], place[2], "accelerators", problem)
    return _forget(data, holder, place[1], str(place[0]), problem)


def _void_in_probe(data: Any, place: Sequence[Any], problem: str) -> bool:
    probes, at = data["probes"], place[1]
    probe = probes[at]
    if probe is _DROPPED:
        return True
    if isinstance(probe, dict) and len(place) > 2:
        name = str(probe.get("id"))[:200]
        inside = _path(place[4:])
        if place[2] == "parity":
            found = _reason(_path(place[3:]), problem)
            probe["parity"] = {"status": "failed", "reason": found}
            return True
        if place[2] in _INSIDE and len(place) > 3:
            part = probe[place[2]][place[3]]
            if part is _DROPPED or _INSIDE[place[2]](probe, part, inside, problem):
                return True
            return _drop(data, probe[place[2]], place[3], name, problem)
    named = probe.get("id") if isinstance(probe, dict) else at
    return _drop(data, probes, at, f"{named}"[:200], f"{_path(place[2:])}: {problem}")


def _void_entry(probe: Any, entry: Any, inside: str, problem: str) -> bool:
    """Keep whose times these were, and why there are none; its comparisons go with it."""
    if not isinstance(entry, dict) or inside in ("framework", "mode"):
        return False
    if set(entry) <= _OF_VOID:
        return True
    kept = {k: entry[k] for k in ("framework", "mode") if k in entry}
    if isinstance(entry.get("toolchain"), int):
        kept["toolchain"] = entry["toolchain"]
    entry.clear()
    entry.update(kept, status="invalid", reason=_reason(inside, problem))
    for compared in _dicts(probe, "comparisons"):
        if kept.get("mode") in (compared.get("a"), compared.get("b")):
            _refuse(compared, {"id": SIDE_VOID, "values": {"mode": kept.get("mode")}})
    return True


def _void_comparison(_: Any, compared: Any, inside: str, problem: str) -> bool:
    if not isinstance(compared, dict) or inside in ("a", "b"):
        return False
    _refuse(compared, _reason(inside, problem))
    return True


def _refuse(compared: dict[str, Any], reason: dict[str, Any]) -> None:
    """Take the verdict from a comparison, and every number that it rests on."""
    kept: dict[str, Any] = {k: compared[k] for k in ("a", "b") if k in compared}
    compared.clear()
    compared.update(kept, verdict="invalid", reason=reason)


def _leave_out(*_: Any) -> bool:
    return False


_INSIDE: Mapping[str, Callable[[Any, Any, str, str], bool]] = {
    "entries": _void_entry,
    "comparisons": _void_comparison,
    "gates": _leave_out,
}


def _reason(field: str, problem: str) -> dict[str, Any]:
    case = "field" if field else "whole"
    return {"id": VOID, "case": case, "values": {"field": field, "problem": problem[:300]}}


_DROPPED: Any = object()


def _drop(data: Any, parts: Any, at: Any, name: str, problem: str) -> bool:
    if not isinstance(parts, list):
        return False
    if parts[at] is not _DROPPED:
        parts[at] = _DROPPED
        _notice(data, name, problem)
    return True


def _forget(data: Any, holder: Any, key: Any, name: str, problem: str) -> bool:
    if not isinstance(holder, dict):
        return False
    if key in holder:
        del holder[key]
        _notice(data, ".".join(filter(None, (name, str(key)))), problem)
    return True


def _notice(data: Any, part: str, problem: str) -> None:
    said = {"part": part[:200], "problem": problem[:300]}
    notices = data.setdefault("notices", [])
    if isinstance(notices, list):
        notices.append({"id": VOID, "severity": "warning", "values": said})


def _without_dropped(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_dropped(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_dropped(v) for v in value if v is not _DROPPED]
    return value


def _dicts(holder: Any, key: str) -> list[dict[str, Any]]:
    parts = holder.get(key) if isinstance(holder, dict) else None
    return [p for p in parts if isinstance(p, dict)] if isinstance(parts, list) else []


def _at(data: Any, place: Sequence[Any]) -> Any:
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _path(place: Sequence[Any]) -> str:
    return ".".join(str(step) for step in place)
