"""Twelve models of the transformers package at small sizes, built from their configuration alone.

Nothing is downloaded: the weights are random. Read by a worker as a user's file is.
"""

import torch
import transformers as t
from torch import nn
from torch.nn import functional as f


def _tokens(batch=2, length=32, vocabulary=100):
    return torch.randint(3, vocabulary, (batch, length))


def _images(batch=2, side=32):
    return torch.randn(batch, 3, side, side)


class Only(nn.Module):
    """One tensor of a model's outputs: what a loss is taken of."""

    def __init__(self, model, pick, **given):
        super().__init__()
        self.model = model
        self.pick = pick
        self.given = given

    def forward(self, x):
        return getattr(self.model(x, **self.given), self.pick)


def _next_token(logits, ids):
    return f.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def _first_class(logits, _):
    return f.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))


def gpt2():
    config = t.GPT2Config(
        vocab_size=100, n_positions=32, n_embd=64, n_layer=2, n_head=4,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False,
    )  # fmt: skip
    return Only(t.GPT2LMHeadModel(config), "logits"), _tokens(), _next_token


def llama():
    config = t.LlamaConfig(
        vocab_size=100, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=32, use_cache=False,
    )  # fmt: skip
    return Only(t.LlamaForCausalLM(config), "logits"), _tokens(), _next_token


def opt():
    config = t.OPTConfig(
        vocab_size=100, hidden_size=64, ffn_dim=128, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=32, word_embed_proj_dim=64, dropout=0.0, use_cache=False,
    )  # fmt: skip
    return Only(t.OPTForCausalLM(config), "logits"), _tokens(), _next_token


def bert():
    config = t.BertConfig(
        vocab_size=100, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=128, max_position_embeddings=32,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return Only(t.BertForSequenceClassification(config), "logits"), _tokens(), _first_class


def distilbert():
    config = t.DistilBertConfig(
        vocab_size=100, dim=64, n_layers=2, n_heads=4, hidden_dim=128,
        max_position_embeddings=32, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0,
    )  # fmt: skip
    return Only(t.DistilBertForSequenceClassification(config), "logits"), _tokens(), _first_class


def vit():
    config = t.ViTConfig(
        image_size=32, patch_size=8, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=128, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return Only(t.ViTForImageClassification(config), "logits"), _images(), _first_class


def deit():
    config = t.DeiTConfig(
        image_size=32, patch_size=8, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=128, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return Only(t.DeiTForImageClassification(config), "logits"), _images(), _first_class


def resnet():
    config = t.ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic"
    )
    return Only(t.ResNetForImageClassification(config), "logits"), _images(4), _first_class


def convnext():
    config = t.ConvNextConfig(num_stages=2, hidden_sizes=[16, 32], depths=[1, 1], patch_size=4)
    return Only(t.ConvNextForImageClassification(config), "logits"), _images(4), _first_class


def mobilenet():
    config = t.MobileNetV2Config(image_size=32, depth_multiplier=0.35, classifier_dropout_prob=0.0)
    return Only(t.MobileNetV2ForImageClassification(config), "logits"), _images(4), _first_class


def lstm():
    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(100, 64)
            self.lstm = nn.LSTM(64, 64, num_layers=2, batch_first=True)
            self.head = nn.Linear(64, 100)

        def forward(self, x):
            return self.head(self.lstm(self.embedding(x))[0])

    return Language(), _tokens(), _next_token


def mixer():
    """Dense layers over features and tokens, without attention."""
    config = t.PatchTSMixerConfig(
        context_length=32, patch_length=8, patch_stride=8, num_input_channels=2, d_model=16,
        num_layers=2, dropout=0.0, head_dropout=0.0, prediction_length=4,
    )  # fmt: skip
    model = Only(t.PatchTSMixerForPrediction(config), "prediction_outputs")
    return model, torch.randn(4, 32, 2), lambda y, _: (y * y).mean()
