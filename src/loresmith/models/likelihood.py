"""Why: how likely a model finds a given reply ranks candidates without asking for more text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loresmith.models.templates import EncodedExample


def mean_log_likelihoods(
    model: Any, examples: Sequence[EncodedExample], *, stop_ids: frozenset[int]
) -> list[float]:
    """Of each example's marked tokens, the mean natural log of their probability (so at most 0).

    The token that ends a reply is left out: what counts is the reply, not that it stops there.
    The examples are one batch, padded on the right.
    """
    import torch

    device = next(model.parameters()).device
    width = max(len(example.input_ids) for example in examples)
    ids = torch.zeros((len(examples), width), dtype=torch.long)
    seen = torch.zeros_like(ids)
    counted = torch.zeros_like(ids, dtype=torch.bool)
    for row, example in enumerate(examples):
        length = len(example.input_ids)
        ids[row, :length] = torch.tensor(example.input_ids)
        seen[row, :length] = 1
        counted[row, :length] = torch.tensor(
            [
                marked and token not in stop_ids
                for token, marked in zip(example.input_ids, example.labels_mask, strict=True)
            ]
        )
    ids, seen, counted = ids.to(device), seen.to(device), counted[:, 1:].to(device)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=seen, use_cache=False).logits[:, :-1]
        means = []
        for row in range(len(examples)):  # row by row: float32 of the whole batch is large
            chosen = logits[row][counted[row]].float()
            targets = ids[row, 1:][counted[row]]
            losses = torch.nn.functional.cross_entropy(chosen, targets, reduction="none")
            means.append(-float(losses.mean()) if len(losses) else 0.0)
    return means
