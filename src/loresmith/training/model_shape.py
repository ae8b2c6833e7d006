"""Why: how much memory a training needs follows from a model's config.json, without its weights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.errors import ModelUnavailable
from loresmith.records import Record

_NOT_GATED = {"gpt2", "gpt_neo", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "starcoder2"}
"""Whose MLPs have two matrices and not three."""
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")


class Linear(Record):
    """One linear layer: it turns `wide_in` numbers a token into `wide_out`."""

    wide_in: int
    wide_out: int

    @property
    def parameters(self) -> int:
        """Of its matrix."""
        return self.wide_in * self.wide_out


class Held(NamedTuple):
    """What a method keeps of a model, and learns of it."""

    weights: int
    """Bytes of all weights, what is learned beside them too."""
    learned: int
    """Parameters that get a gradient; they and it are held in 4 bytes each."""
    adapted: tuple[Linear, ...] = ()
    """The linear layers of one layer that have an adapter beside them."""
    rank: int = 0
    """Of those adapters."""
    dropout: bool = False
    """Whether their inputs are blanked at random."""


class ModelShape(Record):
    """The sizes of a language model that memory depends on."""

    layers: int
    hidden: int
    """Numbers a token is held in between layers."""
    kv: int
    """Numbers of keys, and as many of values, a token and layer."""
    inner: int
    """Width of the MLP that a token goes through; of all its experts together."""
    vocabulary: int
    tied: bool
    """Whether the head shares its matrix with the embeddings."""
    linear: dict[str, Linear]
    """Of one layer, by the last part of their names; experts are not among them."""
    experts: int = 0
    """Parameters of a layer's experts; 0 for a model without any."""
    parameters: int = 0
    """Of all of it."""
    stored_bits: int | None = None
    """Bits that a number of its linear layers is stored in, where the model comes quantized."""

    @property
    def embeddings(self) -> int:
        """Parameters of the embeddings and the head, which are never quantized."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def linear_parameters(self) -> int:
        """Parameters of all linear layers, experts too."""
        return self.layers * (self.experts + sum(one.parameters for one in self.linear.values()))

    def bytes_in(self, number: float, *, bits: int | None = None) -> int:
        """All weights at so many bytes a number; with `bits`, or where they are stored so, linear
        layers in so many bits and an eighth of a bit for their scales."""
        bits = bits or self.stored_bits
        if bits is None:
            return int(self.parameters * number)
        others = self.parameters - self.linear_parameters
        return int(self.linear_parameters * (bits + 0.127) / 8 + others * number)

    def targets(self, names: str | Iterable[str]) -> list[Linear]:
        """The linear layers of one layer that `all-linear`, or these names, mean. A name that is
        not known counts as one of hidden width."""
        if names == "all-linear":
            return [*self.linear.values()]
        plain = Linear(wide_in=self.hidden, wide_out=self.hidden)
        return [self.linear.get(name.rsplit(".", 1)[-1], plain) for name in names]


def read_shape(folder: Path, *, parameters: int | None = None) -> ModelShape:
    """The shape of the model in `folder`; `parameters` is their number where it is known.

    Raises ModelUnavailable where there is no config.json that tells it.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return shape_of(config, parameters=parameters)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"the config.json in {folder} does not tell the sizes of a language model",
            hint="Give a folder in Hugging Face's layout.",
        ) from error


def shape_of(config: Mapping[str, Any], *, parameters: int | None = None) -> ModelShape:
    """The same of what config.json holds. Raises LookupError, TypeError or ValueError where that
    is not the config of a decoder."""
    whole, config = config, config.get("text_config") or config
    hidden = int(_first(config, "hidden_size", "n_embd", "d_model"))
    heads = int(_first(config, "num_attention_heads", "n_head", "n_heads"))
    kv_heads = _or(config, heads, "num_key_value_heads", "multi_query_group_num")
    head = _or(config, hidden // heads, "head_dim", "kv_channels")
    dense = _or(config, 4 * hidden, "intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim")
    attention = heads * head
    gated = config.get("model_type") not in _NOT_GATED
    names = _MLP if gated else _MLP[1:]
    sizes = {
        "q_proj": (hidden, attention),
        "k_proj": (hidden, kv_heads * head),
        "v_proj": (hidden, kv_heads * head),
        "o_proj": (attention, hidden),
    }
    experts = _or(config, 0, "num_experts", "num_local_experts", "n_routed_experts")
    inner, of_experts = dense, 0
    if experts:
        width = _or(config, dense, "moe_intermediate_size")
        shared = _or(config, 0, "shared_expert_intermediate_size") or width * _or(
            config, 0, "n_shared_experts"
        )
        used = _or(config, 2, "num_experts_per_tok", "top_k_experts")
        inner = width * used + shared
        of_experts = len(names) * hidden * (width * experts + shared) + hidden * experts
    else:
        sizes |= dict.fromkeys(names[:-1], (hidden, dense))
        sizes["down_proj"] = (dense, hidden)
    shape = ModelShape(
        layers=int(_first(config, "num_hidden_layers", "n_layer", "num_layers", "n_layers")),
        hidden=hidden,
        kv=kv_heads * head,
        inner=inner if gated else inner // 2,
        vocabulary=int(_first(config, "vocab_size", "padded_vocab_size")),
        tied=bool(config.get("tie_word_embeddings", whole.get("tie_word_embeddings", True))),
        linear={name: Linear(wide_in=i, wide_out=o) for name, (i, o) in sizes.items()},
        experts=of_experts,
        stored_bits=_stored_bits(whole),
    )
    # Norms: two of hidden width a layer, and one at the end.
    counted = shape.embeddings + shape.linear_parameters + hidden * (2 * shape.layers + 1)
    known = parameters if parameters and shape.stored_bits is None else counted
    return shape.model_copy(update={"parameters": known})


def _stored_bits(config: Mapping[str, Any]) -> int | None:
    told = config.get("quantization_config")
    if not isinstance(told, Mapping):
        return None
    if told.get("load_in_4bit"):
        return 4
    if told.get("load_in_8bit") or told.get("quant_method") == "fp8":
        return 8
    bits = told.get("bits", told.get("w_bit"))
    return int(bits) if bits else None


def _first(config: Mapping[str, Any], *names: str) -> Any:
    """What the config says under the first of these names that it has. Raises LookupError."""
    for name in names:
        if config.get(name) is not None:
            return config[name]
    raise LookupError(names[0])


def _or(config: Mapping[str, Any], otherwise: int, *names: str) -> int:
    try:
        return int(_first(config, *names))
    except LookupError:
        return otherwise
