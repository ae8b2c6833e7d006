"""Why: parts of a model are named by people, and a name that fits nothing must be told, with what
there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from loresmith.errors import TrainingError


def last_parts(names: Iterable[str]) -> list[str]:
    """The last parts of dotted names, each once, sorted; numbers left out."""
    parts = {name.rpartition(".")[2] for name in names}
    return sorted(part for part in parts if part and not part.isdigit())


def saved_in_full(model: Any, names: Sequence[str]) -> dict[str, Any]:
    """PEFT's settings for layers that are learned in full beside an adapter.

    Raises TrainingError for a name that no layer has.
    """
    if not names:
        return {}
    there = [name for name, module in model.named_modules() if _has_own_weights(module)]
    unknown = [name for name in names if not any(_ends_with(one, name) for one in there)]
    if unknown:
        raise TrainingError(
            f"training.additional_modules names what this model has not: {', '.join(unknown)}",
            hint=f"Its layers with weights are: {', '.join(last_parts(there))}.",
        )
    settings: dict[str, Any] = {"modules_to_save": _as_peft_finds(names, there)}
    if getattr(model.config, "tie_word_embeddings", False) and _can_tie():
        tied = {"embed_tokens", "lm_head", "wte"} & {name.rpartition(".")[2] for name in names}
        settings["ensure_weight_tying"] = bool(tied)
    return settings


def _as_peft_finds(names: Sequence[str], there: Sequence[str]) -> list[str]:
    """Names by which PEFT finds the same layers: it looks at the ends of names, and to it `norm` is
    the end of `input_layernorm`. Such names are given in full."""
    found = []
    for name in names:
        meant = [one for one in there if _ends_with(one, name)]
        alone = len(meant) == sum(one.endswith(name) for one in there)
        found += [name] if alone else meant
    return found


def _ends_with(name: str, end: str) -> bool:
    return name == end or name.endswith(f".{end}")


def _has_own_weights(module: Any) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _can_tie() -> bool:
    """Whether this peft keeps an embedding and the output layer, which share weights, alike."""
    from peft import LoraConfig

    return "ensure_weight_tying" in {field.name for field in dataclasses.fields(LoraConfig)}
