"""Why: the loss is taken at answer tokens alone, by the cheapest way that a model allows.

A model's own forward computes scores of the whole vocabulary for every token, and wants padding.
Where a probe shows that it makes no difference, the scores are computed only where something is
learned, and rows are packed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from loresmith.errors import TrainingError
from loresmith.training.attention import (
    PackingUnsupported,
    packed_attention,
    variable_length_attention,
)
from loresmith.training.batches import Batch, packed_batch, padded_batch
from loresmith.training.fused.head_log_probs import head_log_probs, log_probs_of
from loresmith.training.fused.layers import Fused, fused_layers, taken
from loresmith.training.method import Switch
from loresmith.training.neftune import noisy_embeddings
from loresmith.training.order import ItemT, split_into_passes
from loresmith.training.placement import Copies
from loresmith.training.ranks import Ranks
from loresmith.training.rows import Row, count_learned

SCORES_AT_ONCE = 2**26  # vocabulary scores in fp32: 256 MiB, and as much for their gradient
_WORTH_A_PASS = {"cpu": 256, "card": 2048}  # tokens: fewer take no less time for it
_TOLERANCE = {"bf16": 0.05, "fp32": 1e-3}  # relative to the length of what is compared


class Forward:
    """Takes rows through a model and gives their loss, with or without gradients."""

    def __init__(
        self,
        model: Any,
        *,
        device: str,
        precision: str,
        pad_id: int,
        pass_tokens: int,
        noise_alpha: float | None = None,
        placement: Copies | None = None,
        ranks: Ranks | None = None,
        fused: bool = True,
    ) -> None:
        self._model = placement.called if placement is not None else model
        self._placement = placement
        self.ranks = ranks or Ranks()
        self._filling: Row | None = None
        self._inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._body: Any = getattr(self._inner, self._inner.base_model_prefix or "", None)
        self._head = self._inner.get_output_embeddings()
        self._device = device
        self.precision = precision
        self._pad_id = pad_id
        self.pass_tokens = pass_tokens
        """Tokens that go through the model at once."""
        self.under_way: Sequence[Row] = ()
        """The rows of the latest pass: those that memory ran out with, if it did."""
        self._noise_alpha = noise_alpha
        self._scores_where_learned = False
        self._by_length = False
        self.packed = False
        self._may_fuse = fused and device == "cpu"  # a card has Liger's
        self._fused: Fused = {}

    @property
    def model(self) -> Any:
        """The whole model, adapters and all."""
        return self._model

    def choose(self, rows: Sequence[Row], packing: Switch) -> None:
        """Probes with the shortest of `rows` which short cuts this model allows, and takes them.

        Raises TrainingError when packing is `on` and the model cannot be packed.
        """
        probe = sorted(rows, key=lambda row: len(row.input_ids))[:3]
        longest = max(len(row.input_ids) for row in rows)
        if self.in_step:  # shards come together only where the model is called as a whole
            self._filling = Row(probe[0].input_ids, [False] * len(probe[0].labels_mask))
        else:
            self._scores_where_learned = self._can_score_where_learned(probe)
            self.fuse()
        if packing == "off":
            return
        on_card = self._device.startswith("cuda")
        self._by_length = on_card and variable_length_attention() is not None
        reason = self._reason_against_packing(probe, longest)
        if reason and self._by_length:
            self._by_length = False
            reason = self._reason_against_packing(probe, longest)
        self.packed = not reason
        if reason and packing == "on":
            raise TrainingError(
                f"rows cannot be packed for this model: {reason}",
                hint="Set training.packing to auto or off.",
            )

    def fuse(self) -> None:
        """Finds the layers that can be computed in fewer passes over memory."""
        if self._may_fuse:
            self._fused = fused_layers(self._inner)

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Within this, the model is set up for `backward` and `loss`, and not for chat."""
        attention = packed_attention(self._inner) if self.packed else nullcontext()
        with attention, taken(self._fused):
            yield

    def autocast(self) -> AbstractContextManager[Any]:
        """Within this, the model computes in the chosen precision."""
        import torch

        kind = torch.device(self._device).type
        context: AbstractContextManager[Any] = torch.autocast(
            kind, torch.bfloat16, enabled=self.precision == "bf16"
        )
        return context

    def backward(self, rows: Sequence[Row], *, total: int | None = None) -> float:
        """Adds the gradients of the loss, summed over all answer tokens of `rows` and divided by
        `total` (when not given, by their number: the mean); returns that loss."""
        total = sum(map(count_learned, rows)) if total is None else total
        passes = self._passes(rows)
        return (
            sum(
                self._take_pass(part, self._backward(total, last=number == len(passes)))
                for number, part in enumerate(passes, start=1)
            )
            / total
        )

    def loss(self, rows: Sequence[Row], *, total: int | None = None) -> float:
        """The loss as `backward` returns it, in nats a token; no gradients."""
        import torch

        with torch.no_grad():
            summed = sum(self._take_pass(part, None) for part in self._passes(rows))
        return summed / (sum(map(count_learned, rows)) if total is None else total)

    @property
    def in_step(self) -> bool:
        """Whether all processes must go through the model equally often."""
        return self._placement is not None and self._placement.in_step

    def _backward(self, total: int, *, last: bool) -> Callable[[Any], None]:
        placement = self._placement
        if placement is None:
            return lambda loss: (loss / total).backward()
        return lambda loss: placement.backward(loss / total, last=last)

    def split(self, items: Sequence[ItemT]) -> list[list[ItemT]]:
        """The items, rows or pairs of them, in parts that go through the model at once."""
        return split_into_passes(
            items,
            tokens=self.pass_tokens,
            packed=self.packed,
            worth_a_pass=_WORTH_A_PASS["cpu" if self._device == "cpu" else "card"],
        )

    def _passes(self, rows: Sequence[Row]) -> list[list[Row]]:
        passes = self.split(rows)
        if self._filling is not None:  # a pass that learns nothing, while others have one more
            passes += [[self._filling]] * (self.ranks.most(len(passes)) - len(passes))
        return passes

    def tokens_of(self, rows: Sequence[Row]) -> int:
        """What a pass with these rows counts: padding too, where they are not packed."""
        lengths = [len(row.input_ids) for row in rows]
        return sum(lengths) if self.packed else max(lengths) * len(lengths)

    def _take_pass(self, rows: Sequence[Row], backward: Callable[[Any], None] | None) -> float:
        """The summed loss of one pass."""
        self.under_way = rows
        batch = self._batch(rows, packed=self.packed)
        with self._noise(rows) if backward is not None else nullcontext():
            return self._take_batch(batch, backward)

    def _take_batch(self, batch: Batch, backward: Callable[[Any], None] | None) -> float:
        if not self._scores_where_learned:
            with self.autocast():
                scores = self._model(**batch.inputs, use_cache=False).logits
            loss = -log_probs_of(scores.flatten(0, 1)[batch.places], batch.targets).sum()
            if backward is not None:
                backward(loss)
            return float(loss.detach())
        with self.autocast():
            hidden = self._hidden(batch)[batch.places]
        return self._score_in_parts(hidden, batch.targets, backward)

    def _noise(self, rows: Sequence[Row]) -> AbstractContextManager[None]:
        """Within this, the rows' embeddings are noisy, where the settings say so."""
        if self._noise_alpha is None:
            return nullcontext()
        return noisy_embeddings(
            self._inner,
            alpha=self._noise_alpha,
            lengths=[len(row.input_ids) for row in rows],
            packed=self.packed,
        )

    def _score_in_parts(
        self, hidden: Any, targets: Any, backward: Callable[[Any], None] | None
    ) -> float:
        """The head's share, a part of the tokens at a time: scores of all would fill the memory.

        The parts' gradients meet in a copy of `hidden` and go on into the model from there, once.
        """
        learn = backward is not None
        copy = hidden.detach().requires_grad_(learn)
        step = max(1, SCORES_AT_ONCE // self._head.weight.shape[0])
        summed = 0.0
        for start in range(0, len(targets), step):
            part = slice(start, start + step)
            with self.autocast():
                loss = -head_log_probs(copy[part], self._head, targets[part]).sum()
            if backward is not None:
                backward(loss)
            summed += float(loss.detach())
        if learn and hidden.requires_grad:  # not where the head alone is learned
            hidden.backward(copy.grad)
        return summed

    def _hidden(self, batch: Batch) -> Any:
        """What the model holds at each token before its head: (tokens, width)."""
        output = self._body(**batch.inputs, use_cache=False)
        return output.last_hidden_state.flatten(0, 1)

    def _batch(self, rows: Sequence[Row], *, packed: bool) -> Batch:
        if packed:
            # Noise is drawn for each row on its own: then nothing of them is the same.
            share = self._noise_alpha is None
            by_length = self._by_length
            return packed_batch(rows, device=self._device, share=share, by_length=by_length)
        return padded_batch(rows, pad_id=self._pad_id, device=self._device)

    def _can_score_where_learned(self, probe: Sequence[Row]) -> bool:
        """Whether head(body(tokens)) is what the whole model gives (some scale or cap scores)."""
        if self._body is None or self._head is None:
            return False
        batch = self._batch(probe, packed=False)
        with self._probing():
            whole = self._model(**batch.inputs, use_cache=False).logits.flatten(0, 1)
            output = self._body(**batch.inputs, use_cache=False)
            if getattr(output, "last_hidden_state", None) is None:
                return False
            ours = self._head(output.last_hidden_state.flatten(0, 1)[batch.places])
        return self._alike(whole[batch.places], ours)

    def _reason_against_packing(self, probe: Sequence[Row], longest: int) -> str:
        """Empty when packed rows give what the same rows give when they are padded."""
        padded, packed = self._batch(probe, packed=False), self._batch(probe, packed=True)
        layout = packed.inputs["layout"]._replace(longest=longest)
        packed.inputs["layout"] = layout
        try:
            with self._probing():
                expected = self._model(**padded.inputs, use_cache=False).logits
                with packed_attention(self._inner):
                    given = self._model(**packed.inputs, use_cache=False).logits
        except (PackingUnsupported, TypeError, ValueError, RuntimeError) as error:
            return str(error)
        alike = self._alike(
            expected.flatten(0, 1)[padded.places], given.flatten(0, 1)[packed.places]
        )
        return "" if alike else "packed rows would see one another"

    @contextmanager
    def _probing(self) -> Iterator[None]:
        import torch

        was_training = self._model.training
        self._model.eval()
        try:
            with torch.no_grad(), self.autocast():
                yield
        finally:
            self._model.train(was_training)

    def _alike(self, expected: Any, given: Any) -> bool:
        difference = (expected.float() - given.float()).norm() / expected.float().norm()
        return bool(difference < _TOLERANCE[self.precision])
