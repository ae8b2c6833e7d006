"""Why: preferences are about whole replies, so each row's log-probability is asked for, not a mean
over the tokens of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from loresmith.training.batches import Batch
from loresmith.training.forward import SCORES_AT_ONCE, Forward
from loresmith.training.fused.head_log_probs import head_log_probs, log_probs_of
from loresmith.training.rows import Row, count_learned


class RowForward(Forward):
    """Gives the log-probability of what is learned of each row, and learns from any loss of them.

    Scores of the whole vocabulary are never held for all tokens at once: what the loss asks of each
    row is found first, without gradients, and the rows' gradients are then taken a part at a time.
    """

    def log_probs(self, rows: Sequence[Row]) -> Any:
        """Of each row the sum over its learned tokens, in nats; no gradients. All go through the
        model at once. Returns a tensor (rows,)."""
        import torch

        self.under_way = rows
        batch, owners = self._batch(rows, packed=self.packed), self._owners(rows)
        with torch.no_grad():
            if not self._scores_where_learned:
                tokens = self._token_log_probs_of_model(batch)
                return _by_row(tokens, owners, len(rows))
            with self.autocast():
                hidden = self._hidden(batch)[batch.places]
            return self._summed_by_row(hidden, batch.targets, owners, len(rows))

    def learn(
        self, rows: Sequence[Row], loss_of: Callable[[Any], Any], *, last: bool = True
    ) -> Any:
        """Adds the gradients of `loss_of(log_probs)`, a scalar; returns the log-probabilities.

        `last` of a step's passes, where all processes go through the model in step.
        """
        import torch

        self.under_way = rows
        batch, owners = self._batch(rows, packed=self.packed), self._owners(rows)
        with self._noise(rows) if self._noise_alpha is not None else nullcontext():
            if not self._scores_where_learned:
                tokens = self._token_log_probs_of_model(batch)
                sums = _by_row(tokens, owners, len(rows))
                self._send_back(loss_of(sums), last=last)
                return sums.detach()
            with self.autocast():
                hidden = self._hidden(batch)[batch.places]
            with torch.no_grad():
                known = self._summed_by_row(hidden, batch.targets, owners, len(rows))
            wanted = known.clone().requires_grad_()
            (weights,) = torch.autograd.grad(loss_of(wanted), wanted)
            self._learn_in_parts(hidden, batch.targets, weights[owners])
        return known

    def fill(self, *, learn: bool, last: bool = True) -> None:
        """A pass that learns nothing, while another process has one more."""
        assert self._filling is not None  # only asked of who goes in step
        if learn:
            self.learn([self._filling], lambda known: known.sum() * 0, last=last)
        else:
            self.log_probs([self._filling])

    def _send_back(self, loss: Any, *, last: bool) -> None:
        if self._placement is None:
            loss.backward()
        else:
            self._placement.backward(loss, last=last)

    def _learn_in_parts(self, hidden: Any, targets: Any, weights: Any) -> None:
        """Adds the gradients of the sum of weight times log-probability over all tokens."""
        copy = hidden.detach().requires_grad_()
        for start, end in self._parts(len(targets)):
            with self.autocast():
                tokens = head_log_probs(copy[start:end], self._head, targets[start:end])
            (tokens * weights[start:end]).sum().backward()
        if hidden.requires_grad:  # not where the head alone is learned
            hidden.backward(copy.grad)

    def _summed_by_row(self, hidden: Any, targets: Any, owners: Any, rows: int) -> Any:
        import torch

        found = []
        for start, end in self._parts(len(targets)):
            with self.autocast():
                found.append(head_log_probs(hidden[start:end], self._head, targets[start:end]))
        return _by_row(torch.cat(found), owners, rows)

    def _token_log_probs_of_model(self, batch: Batch) -> Any:
        with self.autocast():
            scores = self._model(**batch.inputs, use_cache=False).logits
        return log_probs_of(scores.flatten(0, 1)[batch.places], batch.targets)

    def _parts(self, tokens: int) -> list[tuple[int, int]]:
        """So many that the scores of one part fit."""
        step = max(1, SCORES_AT_ONCE // self._head.weight.shape[0])
        return [(start, min(start + step, tokens)) for start in range(0, tokens, step)]

    def _owners(self, rows: Sequence[Row]) -> Any:
        """For each learned token, the number of its row."""
        import torch

        counts = torch.tensor([count_learned(row) for row in rows], device=self._device)
        return torch.arange(len(rows), device=self._device).repeat_interleave(counts)


def _by_row(tokens: Any, owners: Any, rows: int) -> Any:
    return tokens.new_zeros(rows).index_add(0, owners, tokens)
