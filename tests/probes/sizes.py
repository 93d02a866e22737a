"""A size for every workload that is quick to build and still has all of its parts."""

from __future__ import annotations

_TRANSFORMER = {"batch": 2, "length": 8, "width": 64, "blocks": 1, "vocabulary": 16}

TINY: dict[str, dict[str, int]] = {
    "cold_start": {"batch": 4, "width": 8},
    "conv_train": {"batch": 4, "image": 8, "width": 16, "layout": 0},
    "data_feed": {"samples": 10, "image": 4, "batch": 4},
    "dispatch": {"turns": 3, "n": 4},
    "elementwise_chain": {"n": 64},
    "embedding_train": {"rows": 50, "dimension": 4, "batch": 8, "fields": 3, "hidden": 8},
    "export": _TRANSFORMER,
    "float64_solve": {"batch": 3, "n": 5},
    "hessian": {"n": 5, "m": 9},
    "higher_order": {"order": 3, "points": 8, "width": 8},
    "matmul": {"n": 32},
    "memory": {"batch": 16, "width": 8},
    "mlp_train": {"batch": 8},
    "ode_gradient": {"batch": 4, "dimension": 3, "width": 8, "steps": 3},
    "per_sample_gradient": {"batch": 4, "features": 6, "hidden": 8},
    "rnn_train": {"batch": 3, "steps": 5, "features": 4, "hidden": 8, "vendor": 0},
    "segment_sum": {"nodes": 20, "edges": 60, "features": 8},
    "shape_churn": {"lengths": 8, "width": 8, "padded": 1},
    "transformer_decode": {"length": 6, "width": 64, "blocks": 2, "vocabulary": 32},
    "transformer_train": _TRANSFORMER,
    "vectorized_simulation": {"environments": 32},
}
