"""Sizes of models by the names that people give them in configurations and constructors.

Knows spellings of the size keys that models have here. It must not know where a name stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SIZE = "model.size."
"""What the keys of sizes begin with."""

_SPELLINGS: Mapping[str, str] = {
    "layers": "n_layer n_layers num_layers num_hidden_layers n_blocks num_blocks encoder_layers "
    "decoder_layers num_encoder_layers num_decoder_layers depth num_transformer_layers",
    "width": "d_model n_embd n_embed hidden_size embed_dim embedding_dim emb_dim hidden_dim "
    "model_dim dim_model hidden_channels hidden_features model_channels width_size",
    "heads": "n_head n_heads num_heads nhead num_attention_heads",
    "length": "block_size max_seq_len max_seq_length seq_len seq_length sequence_length "
    "context_length max_position_embeddings n_positions n_ctx max_sequence_length",
    "vocabulary": "vocab_size vocabulary_size n_vocab num_embeddings padded_vocab_size",
    "batch": "batch_size train_batch_size micro_batch_size per_device_train_batch_size "
    "global_batch_size",
    "image": "image_size img_size",
    "patch": "patch_size",
    "classes": "num_classes n_classes num_labels",
    "channels": "in_channels in_chans num_channels",
    "widths": "hidden_sizes hidden_dims layer_sizes hidden_units net_arch block_out_channels",
    "latent": "latent_dim latent_size z_dim",
    "environments": "num_envs n_envs",
}
KEYS: Mapping[str, str] = {
    name: f"{SIZE}{key}" for key, names in _SPELLINGS.items() for name in names.split()
}
"""The key of a size by the name that code gives it."""

# These mean a size of a model only inside a configuration.
_IN_CONFIGURATIONS: Mapping[str, str] = {"dim": f"{SIZE}width", "features": f"{SIZE}widths"}
_LARGEST = 10**9
_MOST_WIDTHS = 64


def size_key(name: str, *, configuration: bool = False) -> str | None:
    """The key of the size that *name* means, if it means one."""
    if name == "BLOCK_SIZE":
        # A constant of GPU kernels; the context length is spelled in lower case.
        return None
    plain = name.replace("-", "_").lower()
    key = KEYS.get(plain)
    return key or (_IN_CONFIGURATIONS.get(plain) if configuration else None)


def size_value(key: str, value: Any) -> int | list[int] | None:
    """*value* as a size: a positive whole number, or a list of them for widths; else None."""
    if isinstance(value, bool):
        return None
    if key == f"{SIZE}widths" and not isinstance(value, (list, tuple)):
        return None
    if isinstance(value, int):
        return value if 0 < value < _LARGEST else None
    if key == f"{SIZE}widths":
        numbers = [v for v in value if isinstance(v, int) and not isinstance(v, bool) and v > 0]
        whole = len(numbers) == len(value) and 0 < len(value) <= _MOST_WIDTHS
        return numbers if whole else None
    return None
