"""Why: one small loop writes replies, alike for one question, a batch, a stream and a trainee.

Greedy means greedy: no penalty or temperature from a model's own files enters. Rows that have
ended leave the batch, and each row draws from its own random numbers, so that a reply does not
depend on what else is in the batch (beyond the noise of floating point).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from loresmith.models.base import Sampling


class Token(NamedTuple):
    """One token of one row's reply, as it is drawn; `row` is an index into the prompts."""

    row: int
    id: int


def decode(
    model: Any,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    stop_ids: frozenset[int],
    seeds: Sequence[int | None],
) -> Iterator[Token]:
    """Draws tokens for all rows side by side until each has met a stop token or max_tokens.

    The stop token is drawn too, as a row's last. `seeds` has one seed for each row; None is a
    fresh one. Nothing here touches torch's global random numbers.
    """
    import torch

    batch = _Batch(model, prompts)
    draw = _sampler(sampling, seeds, batch.device)
    rows = list(range(len(prompts)))
    logits = batch.read_prompts()
    for position in range(sampling.max_tokens):
        drawn = draw(logits, rows)
        ids: list[int] = drawn.tolist()
        for row, token in zip(rows, ids, strict=True):
            yield Token(row, token)
        going = [at for at, token in enumerate(ids) if token not in stop_ids]
        if not going or position + 1 == sampling.max_tokens:
            return
        if len(going) < len(rows):
            batch.keep(going)
            rows = [rows[at] for at in going]
            drawn = drawn[torch.tensor(going, device=drawn.device)]
        logits = batch.step(drawn)


def forward_options(model: Any) -> dict[str, int]:
    """`logits_to_keep=1` for models that know it: logits of the last position only."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    known = "logits_to_keep" in inspect.signature(base.forward).parameters
    return {"logits_to_keep": 1} if known else {}


class _Batch:
    """Rows of tokens, padded on the left, and what the model remembers of them."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]]) -> None:
        import torch

        self._model = model
        self.device = next(model.parameters()).device
        self._options = forward_options(model)
        self._memory: Any = None
        width = max(len(prompt) for prompt in prompts)
        # The id that pads is never seen: the mask hides it.
        ids = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        self._ids = torch.tensor(ids, device=self.device)
        self._mask = torch.tensor(mask, device=self.device)

    def read_prompts(self) -> Any:
        """Logits after each prompt: rows x vocabulary."""
        positions = (self._mask.cumsum(dim=1) - 1).clamp(min=0)
        return self._forward(self._ids, positions)

    def step(self, tokens: Any) -> Any:
        """Logits after one more token for each row."""
        import torch

        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        positions = self._mask.sum(dim=1, keepdim=True) - 1
        return self._forward(tokens[:, None], positions)

    def keep(self, rows: Sequence[int]) -> None:
        """Forgets all rows but these (indices into the present ones)."""
        import torch

        chosen = torch.tensor(rows, device=self.device)
        self._mask = self._mask[chosen]
        self._memory.batch_select_indices(chosen)

    def _forward(self, ids: Any, positions: Any) -> Any:
        import torch

        with torch.no_grad():  # inference_mode would taint what a model in training keeps
            out = self._model(
                input_ids=ids,
                attention_mask=self._mask,
                position_ids=positions,
                past_key_values=self._memory,
                use_cache=True,
                **self._options,
            )
            self._memory = out.past_key_values
            return out.logits[:, -1].float()


def _sampler(
    sampling: Sampling, seeds: Sequence[int | None], device: Any
) -> Callable[[Any, Sequence[int]], Any]:
    """A function from logits (rows x vocabulary) and the rows' numbers to one token a row."""
    import torch

    if sampling.temperature == 0.0:
        return lambda logits, _rows: logits.argmax(dim=-1)
    generators = [torch.Generator() for _ in seeds]
    for generator, seed in zip(generators, seeds, strict=True):
        if seed is None:
            generator.seed()
        else:
            generator.manual_seed(seed)

    def draw(logits: Any, rows: Sequence[int]) -> Any:
        chances, tokens = (logits / sampling.temperature).softmax(dim=-1).sort(descending=True)
        running = chances.cumsum(dim=-1)
        # Keep the smallest set that reaches top_p: a token stays while those before it do not.
        chances = chances.masked_fill(running - chances >= sampling.top_p, 0.0)
        running = chances.cumsum(dim=-1)
        points = torch.stack([torch.rand(1, generator=generators[row]) for row in rows])
        points = points.to(device) * running[:, -1:]
        chosen = torch.searchsorted(running, points, right=True).clamp(max=running.shape[-1] - 1)
        return tokens.gather(-1, chosen)[:, 0]

    return draw
