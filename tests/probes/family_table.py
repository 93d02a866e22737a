"""Write ``rules/families.yaml`` from the families: ``python -m tests.probes.family_table``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from probes.models import catalogue

PATH = Path(__file__).parents[2] / "rules" / "families.yaml"
_HEAD = """\
# The families of models that can be measured, as their code describes them: what the answers model,
# model.preset and model.size may be. Written by: python -m tests.probes.family_table
schema: fw-advisor/families@1
families:
"""


def text() -> str:
    """The file as it should be."""
    lines = [_HEAD]
    for name in catalogue.names():
        model = catalogue.describe(catalogue.load(name))
        lines.append(f"  - id: {name}\n    title: {json.dumps(model['title'])}\n    sizes:\n")
        lines += [f"      - {json.dumps(_key(key))}\n" for key in model["sizes"]]
        lines.append("    presets:\n")
        lines += [f"      {p['id']}: {json.dumps(p['size'])}\n" for p in model["presets"]]
    return "".join(lines)


def _key(key: dict[str, Any]) -> dict[str, Any]:
    kept = {k: key[k] for k in ("low", "high") if key[k] is not None}
    return {"id": key["key"], **kept, **{k: key[k] for k in ("longest", "choices") if key[k]}}


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
