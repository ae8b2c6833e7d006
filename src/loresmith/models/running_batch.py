"""Why: rows that are being written share a model's forward pass, and others may join or leave."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any


class RunningBatch:
    """Rows of tokens, padded on the left, and what the model remembers of them.

    `model` is called as transformers' causal language models are. With `labels`, one word a row,
    it is also called with `labels_of_rows=`, in the present order of the rows. Equal prompts (of
    one label) are read once.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        prompts: Sequence[Sequence[int]],
        *,
        device: Any,
        options: dict[str, Any],
        labels: Sequence[str] | None = None,
    ) -> None:
        self._model = model
        self._options = options
        self.device = device
        self._memory: Any = None
        self._mask: Any = None
        self._prompts = [list(prompt) for prompt in prompts]
        self._labels = list(labels) if labels is not None else None

    def __len__(self) -> int:
        return len(self._prompts) if self._mask is None else len(self._mask)

    def read_prompts(self) -> Any:
        """Logits after each prompt: rows x vocabulary."""
        import torch

        labels = self._labels or [""] * len(self._prompts)
        keys = list(zip(labels, map(tuple, self._prompts), strict=True))
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        if self._labels is not None:
            self._labels = [label for label, _prompt in places]
        width = max(len(prompt) for _label, prompt in places)
        # The id that pads is never seen: the mask hides it.
        ids = [[0] * (width - len(prompt)) + list(prompt) for _label, prompt in places]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for _label, prompt in places]
        self._mask = torch.tensor(mask, device=self.device)
        positions = (self._mask.cumsum(dim=1) - 1).clamp(min=0)
        logits = self._forward(torch.tensor(ids, device=self.device), positions)
        if len(places) == len(keys):
            return logits
        rows = [places[key] for key in keys]
        self.keep(rows)
        return logits[torch.tensor(rows, device=self.device)]

    def step(self, tokens: Any) -> Any:
        """Logits after one more token for each row."""
        import torch

        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        positions = self._mask.sum(dim=1, keepdim=True) - 1
        return self._forward(tokens[:, None], positions)

    def keep(self, rows: Sequence[int]) -> None:
        """The rows become these (indices into the present ones); others are forgotten."""
        import torch

        chosen = torch.tensor(rows, device=self.device)
        self._mask = self._mask[chosen]
        self._memory.batch_select_indices(chosen)
        if self._labels is not None:
            self._labels = [self._labels[row] for row in rows]

    def joins(self, other: RunningBatch) -> bool:
        """Whether `other` can join: both remember plain keys and values of every token."""
        return _is_plain(self._memory) and _is_plain(other._memory)

    def join(self, other: RunningBatch) -> None:
        """Takes over the rows of `other`, after its own; both have read their prompts."""
        import torch
        from torch.nn.functional import pad

        self._trim()
        width = max(self._mask.shape[1], other._mask.shape[1])
        self._mask = torch.cat(
            [pad(part, (width - part.shape[1], 0)) for part in (self._mask, other._mask)]
        )
        for mine, theirs in zip(self._memory.layers, other._memory.layers, strict=True):
            for name in ("keys", "values"):
                parts = [getattr(mine, name), getattr(theirs, name)]
                wide = [pad(part, (0, 0, width - part.shape[2], 0)) for part in parts]
                setattr(mine, name, torch.cat(wide))
        if self._labels is not None:
            self._labels += other._labels or []

    def _trim(self) -> None:
        """Drops the columns in which every row is padding."""
        empty = int((self._mask.sum(dim=0) > 0).int().argmax())
        if empty == 0:
            return
        self._mask = self._mask[:, empty:]
        for layer in self._memory.layers:
            layer.keys, layer.values = layer.keys[:, :, empty:], layer.values[:, :, empty:]

    def _forward(self, ids: Any, positions: Any) -> Any:
        import torch

        labels = {} if self._labels is None else {"labels_of_rows": self._labels}
        with torch.no_grad():  # inference_mode would taint what a model in training keeps
            out = self._model(
                input_ids=ids,
                attention_mask=self._mask,
                position_ids=positions,
                past_key_values=self._memory,
                use_cache=True,
                **self._options,
                **labels,
            )
            self._memory = out.past_key_values
            return out.logits[:, -1].float()


def forward_options(model: Any) -> dict[str, int]:
    """`logits_to_keep=1` for models that know it: logits of the last position only."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    known = "logits_to_keep" in inspect.signature(base.forward).parameters
    return {"logits_to_keep": 1} if known else {}


def _is_plain(memory: Any) -> bool:
    """No sliding windows, no recurrent states, nothing quantised or moved elsewhere."""
    from transformers.cache_utils import DynamicLayer

    layers = getattr(memory, "layers", None) or ()
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
