"""Why: one small loop writes replies, alike for one question, a batch, a stream and a trainee.

Greedy means greedy: no penalty or temperature from a model's own files enters. Rows that have
ended leave the batch, and each row draws from its own random numbers, so that a reply does not
depend on what else is in the batch (beyond the noise of floating point). Equal prompts are read
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from loresmith.models.base import Sampling
from loresmith.models.running_batch import RunningBatch, forward_options


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

    batch = RunningBatch(
        model, prompts, device=next(model.parameters()).device, options=forward_options(model)
    )
    draw = sampler(sampling, seeds, batch.device)
    rows = list(range(len(prompts)))
    logits = batch.read_prompts()
    said = [set(prompt) for prompt in prompts]
    for position in range(sampling.max_tokens):
        logits = penalised(logits, [said[row] for row in rows], sampling.repetition_penalty)
        drawn = draw(logits, rows)
        ids: list[int] = drawn.tolist()
        for row, token in zip(rows, ids, strict=True):
            said[row].add(token)
            yield Token(row, token)
        going = [at for at, token in enumerate(ids) if token not in stop_ids]
        if not going or position + 1 == sampling.max_tokens:
            return
        if len(going) < len(rows):
            batch.keep(going)
            rows = [rows[at] for at in going]
            drawn = drawn[torch.tensor(going, device=drawn.device)]
        logits = batch.step(drawn)


def penalised(logits: Any, said: Sequence[set[int]], penalty: float) -> Any:
    """`logits` (rows x vocabulary) with the tokens that each row has `said` made less likely."""
    if penalty == 1.0:
        return logits
    import torch

    changed = logits.clone()
    for row, tokens in enumerate(said):
        at = torch.tensor(sorted(tokens), device=logits.device)
        seen = logits[row, at]
        changed[row, at] = torch.where(seen > 0, seen / penalty, seen * penalty)
    return changed


def sampler(
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
        if sampling.top_k is not None:
            chances[:, sampling.top_k :] = 0.0
            chances = chances / chances.sum(dim=-1, keepdim=True)
        running = chances.cumsum(dim=-1)
        # Keep the smallest set that reaches top_p: a token stays while those before it do not.
        chances = chances.masked_fill(running - chances >= sampling.top_p, 0.0)
        running = chances.cumsum(dim=-1)
        points = torch.stack([torch.rand(1, generator=generators[row]) for row in rows])
        points = points.to(device) * running[:, -1:]
        chosen = torch.searchsorted(running, points, right=True).clamp(max=running.shape[-1] - 1)
        return tokens.gather(-1, chosen)[:, 0]

    return draw
