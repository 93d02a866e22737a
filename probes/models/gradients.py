"""Which gradients are shown together, the same way by both frameworks.

Where a normalisation follows, the gradient of a bias or a scale before it is zero but for
rounding, and no tolerance can be relative to it. So all vectors of one kind (biases, scales)
are shown as one, and matrices and kernels each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def by_kind(gradients: Mapping[str, Any], joined: Callable[[Sequence[Any]], Any]) -> dict[str, Any]:
    """*gradients* by name, vectors of one kind as one vector in the order of their names.

    The kind of a vector is the last word of its name. *joined* concatenates vectors of the
    framework.
    """
    shown = {name: value for name, value in gradients.items() if value.ndim != 1}
    vectors: dict[str, list[Any]] = {}
    for name in sorted(gradients):
        if name not in shown:
            kind = name.rpartition(".")[2]
            vectors.setdefault(f"all.{kind}", []).append(gradients[name])
    return {**shown, **{kind: joined(values) for kind, values in vectors.items()}}
