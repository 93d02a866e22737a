"""``probe --export-worker``: all that measuring needs in one file, and the plan beside it.

Knows which files go along. The bytes depend on those files alone: no times, nothing compressed
(a Python built without zlib reads it too).
"""

from __future__ import annotations

import hashlib
import io
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.cli.common import emit_json, say
from advisor.errors import ExitCode, UserError
from advisor.files import REPORT_DIRECTORY, write_whole
from advisor.jsonio import dumps
from advisor.resources import PACKED_WORDS, resource_dir, words_of

if TYPE_CHECKING:
    from advisor.measure.wishes import Wishes

EXPORT_SCHEMA = "fw-advisor/export@1"
CARRIED = Path("probe.pyz")
"""What an interview calls the file that somebody carries to another machine."""
_SHEBANG = b"#!/usr/bin/env python3\n"
_MODULES = (
    *("__init__.py", "accuracy.py", "bounds.py", "devices.py", "errors.py", "files.py"),
    *("jsonio.py", "owned.py", "pair.py", "ratio.py", "reason.py", "resources.py", "scaling.py"),
    "text.py",
    # Of what reports are made of, the words alone.
    *("render/__init__.py", "render/evidence_words.py", "render/wording.py"),
)
_PACKAGES = ("evidence", "measure", "workers", "machine", "node")
_ENTRY = "node/entry.py"
# The earliest time that a zip file can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Exported:
    """What was written: the file, the plan beside it, and the file's hash."""

    worker: Path
    plan: Path
    sha256: str


def worker_archive() -> bytes:
    """The exported file's bytes: a zip that a Python from 3.10 on runs as a script."""
    raw = io.BytesIO()
    raw.write(_SHEBANG)
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(_contents().items()):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return raw.getvalue()


def export_worker(place: Path, wishes: Wishes) -> Exported:
    """Write the file to *place*, and the plan for *wishes* beside it.

    Raises:
        UserError: another suffix than ``.pyz``, or a place that cannot be written to.
    """
    from advisor.measure.wishes import PLAN_SCHEMA, wishes_document

    if place.suffix != ".pyz":
        raise UserError(
            f"the worker is written as .pyz, not as {place.suffix or 'a file without suffix'}",
            hint="write --export-worker probe.pyz",
            where=str(place),
        )
    data = worker_archive()
    plan = place.with_suffix(".plan.json")
    write_whole(plan, dumps({"schema": PLAN_SCHEMA, "wishes": wishes_document(wishes)}))
    write_whole(place, data, option="--export-worker", executable=True)
    return Exported(place, plan, hashlib.sha256(data).hexdigest())


def tell_export(done: Exported, *, json: bool, quiet: bool) -> int:
    """Say what was written and how it is used; returns the exit code."""
    if json:
        document: dict[str, Any] = {
            "schema": EXPORT_SCHEMA,
            "worker": str(done.worker),
            "plan": str(done.plan),
            "sha256": done.sha256,
        }
        emit_json(document)
        return ExitCode.DONE
    worker, plan = shlex.quote(done.worker.name), shlex.quote(done.plan.name)
    say(f"wrote {done.worker} and {done.plan}", quiet=quiet)
    lines = (
        "copy both to the node, then:",
        f"  ssh NODE python3 {worker} --plan {plan} --label NODE > evidence.json",
        "  fw-advisor advise --answers ANSWERS.yaml --evidence evidence.json",
    )
    for line in lines:
        say(line, quiet=quiet)
    return ExitCode.DONE


def _contents() -> dict[str, bytes]:
    """Names in the zip and what they hold."""
    from advisor.node.command import PACKED_MENDS

    package = Path(__file__).resolve().parent.parent
    probes = resource_dir("probes")
    files = {f"advisor/{name}": package / name for name in _MODULES}
    for name in _PACKAGES:
        for path in (package / name).rglob("*.py"):
            files[f"advisor/{path.relative_to(package).as_posix()}"] = path
    for path in probes.rglob("*.py"):
        files[f"probes/{path.relative_to(probes).as_posix()}"] = path
    files["__main__.py"] = package / _ENTRY
    return {
        **{name: path.read_bytes() for name, path in files.items()},
        f"advisor/machine/{PACKED_MENDS}": _packed_mends(),
        f"advisor/{PACKED_WORDS}": _packed_words(),
    }


def _packed_words() -> bytes:
    """What is said and how, as JSON: a node's Python may have no reader of TOML."""
    import json

    return json.dumps(words_of(), sort_keys=True).encode("utf-8")


def _packed_mends() -> bytes:
    """What mends what, as JSON: a node has no reader of YAML."""
    import json

    from advisor.cli.measuring import mends_data

    return json.dumps(mends_data(), sort_keys=True, default=str).encode("utf-8")


def export_to_carry(wishes: Wishes) -> list[str]:
    """Write the worker for *wishes* here; what to do with it, one line each."""
    done = export_worker(CARRIED, wishes)
    return [
        f"Written: {done.worker} and {done.plan}. Copy both to that machine, then:",
        f"$ python3 {done.worker.name} --plan {done.plan.name} > evidence.json",
        "and here, with what it measured:",
        f"$ fw-advisor advise --answers {REPORT_DIRECTORY}/answers.yaml --evidence evidence.json",
    ]


def device_for(hardware: Any) -> str:
    """The device word for a value of the answer on hardware: ``cuda`` for ``nvidia_cluster``."""
    from advisor.devices import DEVICES, reported_word

    kinds = {kind for info in DEVICES.values() for kind in info.kinds}
    for kind in sorted(kinds):
        if isinstance(hardware, str) and (hardware == kind or hardware.startswith(f"{kind}_")):
            return reported_word(kind) or ""
    return ""
