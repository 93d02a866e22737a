"""Which model stands for the work where nobody says which it is.

Knows the rule base and the answers on task and packages. It must not know how it is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.knowledge.families import StandardModel
from advisor.knowledge.model import RuleBase
from advisor.knowledge.packages import resolve


def standard_for(base: RuleBase, facts: Mapping[str, Any]) -> StandardModel | None:
    """The model that stands for the work: the one of a package in *facts*, else of the task.

    Where several packages have one, the first in the order of the rule base counts. One that is
    returned for packages holds only those that *facts* name, under any of their names.
    """
    needed = facts.get("must_use")
    listed = needed if isinstance(needed, list) else []
    packages = [resolve(base.packages, str(name)) for name in listed]
    names = {package.name for package in packages if package is not None}
    of_task = [s for s in base.standards if s.task == facts.get("task")]
    for standard in of_task:
        if named := tuple(name for name in standard.packages if name in names):
            return replace(standard, packages=named)
    return next((s for s in of_task if not s.packages), None)
