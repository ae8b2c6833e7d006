"""Why: a reward model is the base model with one number at its end in the place of a vocabulary, in
the layout that transformers loads as a sequence classifier of one label."""

from __future__ import annotations

import copy
from typing import Any

from loresmith.errors import TrainingError

HEAD = "score"


def with_reward_head(model: Any, *, pad_id: int | None, seed: int) -> Any:
    """`model` with its own body and a new head; equal for equal seeds.

    `pad_id` is noted in its config, by which transformers finds the last token of padded rows.
    Raises TrainingError where transformers has no such classifier.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    config = copy.deepcopy(model.config)
    config.num_labels = 1
    if config.pad_token_id is None:
        config.pad_token_id = pad_id
    try:
        with torch.device("meta"):
            judge = AutoModelForSequenceClassification.from_config(config)
    except ValueError as error:
        raise _unsuited(model) from error
    body, head = judge.base_model_prefix, getattr(judge, HEAD, None)
    if head is None or not hasattr(model, body):
        raise _unsuited(model)
    setattr(judge, body, getattr(model, body))
    judge.config.quantization_config = getattr(model.config, "quantization_config", None)
    if judge.config.quantization_config is None:
        del judge.config.quantization_config
    for name in ("is_quantized", "quantization_method", "hf_quantizer", "is_loaded_in_4bit"):
        if hasattr(model, name):
            setattr(judge, name, getattr(model, name))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = torch.nn.Linear(head.in_features, 1, bias=head.bias is not None)
        torch.nn.init.normal_(fresh.weight, std=getattr(config, "initializer_range", 0.02))
    setattr(judge, HEAD, fresh.to(model.device))
    return judge.eval()


def reward_head(model: Any) -> Any:
    """The head of a reward model; None of any other model."""
    return getattr(model, HEAD, None) if getattr(model.config, "num_labels", 2) == 1 else None


def reward_head_names(model: Any) -> tuple[str, ...]:
    """What has to be learned in full, whatever else is: the head of a reward model."""
    return (HEAD,) if reward_head(model) is not None else ()


def refuse_untrained_head(adapted: Any) -> None:
    """Raises TrainingError where an earlier adapter, learned further, leaves the head as it is."""
    head = reward_head(adapted.get_base_model())
    if head is not None and not any(p.requires_grad for p in head.parameters()):
        raise TrainingError(
            "the adapter of training.adapters is of no reward model: it has no head to learn",
            hint="Set training.create_new_adapter to true: it is merged, and a new one is begun.",
        )


def _unsuited(model: Any) -> TrainingError:
    kind = type(model).__name__
    return TrainingError(
        f"transformers knows no sequence classifier of the kind of {kind}",
        hint="Train a reward model on a base model of another family, such as Qwen or Llama.",
    )
