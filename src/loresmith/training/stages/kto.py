"""Why: a thumb up or down under single answers is easier to come by than pairs of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import Field
from typing_extensions import Self

from loresmith.errors import ModelError
from loresmith.models.templates import ChatTemplate
from loresmith.records import FeedbackExample, StoredRecord
from loresmith.training.rows import Row, count_learned
from loresmith.training.stages.measures import Means
from loresmith.training.stages.passes import own_passes
from loresmith.training.stages.replies import Replies, encode_replies, reply_row
from loresmith.training.stages.stage import (
    Encoded,
    Encoding,
    Objective,
    Shape,
    Stage,
    StepLoss,
)

if TYPE_CHECKING:
    from loresmith.training.row_log_probs import RowForward


class Kto(Stage):
    """Kahneman-Tversky optimisation (arXiv 2402.01306): answers that were liked become likelier,
    and those that were not, less likely."""

    type: Literal["kto"] = "kto"
    shape: ClassVar[Shape] = "feedback"
    shared: ClassVar[bool] = True
    compares: ClassVar[bool] = True

    beta: float = Field(default=0.1, gt=0.0, le=1000.0, json_schema_extra={"common": True})
    """How closely the model stays to what it was: the higher, the closer."""
    desirable_weight: float = Field(default=1.0, ge=0.0, le=1000.0)
    """Weight of the answers that were liked. Where there are fewer of them than of the others, one
    that makes up for it helps."""
    undesirable_weight: float = Field(default=1.0, ge=0.0, le=1000.0)
    """Weight of the answers that were not liked."""

    @property
    def rate_factor(self) -> float:
        """1e-6 for full fine-tuning of 8B and 1e-5 for LoRA, as trl takes."""
        return 0.05

    @property
    def default_epochs(self) -> float:
        return 2.0

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        template = ChatTemplate(encoding.tokenizer)
        encoded = encode_replies(
            rows,
            _said,
            template,
            max_length=encoding.max_length,
            too_long=encoding.too_long,
        )
        kept = [rows[place] for place, _ in encoded.kept]
        strange = _strange_replies(kept, template, encoding)
        items = [
            Feedback(row, other, example.desirable)
            for (_, (row,)), other, example in zip(encoded.kept, strange, kept, strict=True)
        ]
        return Encoded(items, encoded.dropped, encoded.shortened)

    def forward(self, model: Any, **options: Any) -> RowForward:
        from loresmith.training.row_log_probs import RowForward

        return RowForward(model, **options)

    def objective(self, forward: Any) -> Objective:
        return _Liking(self, forward)

    def loss_of(self, ratios: Any, desirable: Any, *, drift: float) -> Any:
        """Eq. 7 of the paper: a tensor of one loss an answer. `ratios` are how much likelier the
        answers have become, in nats, `desirable` is true or false, and `drift` is the estimate of
        the divergence from the model as it started (KL, at least 0)."""
        liked = self.desirable_weight * (1 - (self.beta * (ratios - drift)).sigmoid())
        not_liked = self.undesirable_weight * (1 - (self.beta * (drift - ratios)).sigmoid())
        return liked.where(desirable, not_liked)


class Feedback(NamedTuple):
    """A conversation whose last reply was liked or not."""

    row: Row
    strange: Row | None
    """The same question with the reply to another: what such become likelier by, all do. None
    where the reply does not fit."""
    desirable: bool
    reference: float = 0.0
    """Log-probability of the reply by the model as it starts."""
    strange_reference: float = 0.0

    @property
    def rows(self) -> tuple[Row, ...]:
        return (self.row,) if self.strange is None else (self.row, self.strange)

    @property
    def tokens(self) -> int:
        return len(self.row.input_ids)

    @property
    def mark(self) -> bytes:
        return b"liked" if self.desirable else b"not liked"

    def with_reference(self, log_probs: Sequence[float]) -> Self:
        own, *strange = log_probs
        return self._replace(reference=own, strange_reference=strange[0] if strange else 0.0)


class _Liking(Objective):
    """The mean loss over answers."""

    forward: RowForward

    def __init__(self, stage: Kto, forward: RowForward) -> None:
        super().__init__(forward)
        self._stage = stage
        self._measured: _Drift | None = None

    def backward(self, items: Sequence[Feedback]) -> StepLoss:
        return self._take(items, learn=True)

    def measure(self, items: Sequence[Feedback]) -> StepLoss:
        return self._take(items, learn=False)

    def _take(self, items: Sequence[Feedback], *, learn: bool) -> StepLoss:
        import torch

        means, drift = Means("loss", "chosen_reward", "rejected_reward"), self._drift(items)
        passes = self._passes(self.forward.ranks.share_of(items))
        for number, part in enumerate(passes, start=1):
            last = number == len(passes)
            if not part:
                self.forward.fill(learn=learn, last=last)
                continue
            rows = [item.row for item in part]
            if learn:
                share = partial(self._share, part, drift, len(items))
                known = self.forward.learn(rows, share, last=last)
            else:
                known = self.forward.log_probs(rows)
            rewards = self._stage.beta * _ratios(part, known)
            liked = torch.tensor([item.desirable for item in part], device=known.device)
            means.add("loss", self._losses(part, known, drift))
            means.add("chosen_reward", rewards[liked])
            means.add("rejected_reward", rewards[~liked])
        measured = means.step_loss(self.forward.ranks)
        self._measured = None
        return StepLoss(measured.loss, {**_with_margin(measured), "kl": drift})

    def _share(self, part: Sequence[Feedback], drift: float, total: int, log_probs: Any) -> Any:
        """What these answers add to the mean over all."""
        return self._losses(part, log_probs, drift).sum() / total

    def _losses(self, part: Sequence[Feedback], log_probs: Any, drift: float) -> Any:
        import torch

        liked = torch.tensor([item.desirable for item in part], device=log_probs.device)
        return self._stage.loss_of(_ratios(part, log_probs), liked, drift=drift)

    def _drift(self, items: Sequence[Feedback]) -> float:
        """How much likelier replies to other questions have become, in nats; at least 0.

        Over all processes' rows. One that does a step again, for want of memory, does not ask the
        others again, who wait for it elsewhere.
        """
        if self._measured is not None and self._measured.items is items:
            return self._measured.drift
        drift = self._mean_rise(items)
        self._measured = _Drift(items, drift)
        return drift

    def _mean_rise(self, items: Sequence[Feedback]) -> float:
        strange = [
            _Strange(item.strange, item.strange_reference)
            for item in items
            if item.strange is not None
        ]
        if not strange:
            return 0.0
        risen, ranks = 0.0, self.forward.ranks
        for part in self._passes(ranks.share_of(strange)):
            if not part:
                self.forward.fill(learn=False)
                continue
            known = self.forward.log_probs([one.row for one in part])
            before = known.new_tensor([one.reference for one in part])
            risen += float((known - before).sum())
        return max(0.0, ranks.sum_of(risen) / len(strange))

    def _passes(self, items: Sequence[Any]) -> list[list[Any]]:
        found = own_passes([_Alone(item) for item in items], self.forward)
        return [[one.item for one in part] for part in found]


class _Drift(NamedTuple):
    items: Sequence[Feedback]
    drift: float


class _Strange(NamedTuple):
    row: Row
    reference: float

    @property
    def tokens(self) -> int:
        return len(self.row.input_ids)


class _Alone(NamedTuple):
    """An item of which one row goes through the model."""

    item: Any

    @property
    def rows(self) -> tuple[Row, ...]:
        return (self.item.row,)

    @property
    def tokens(self) -> int:
        return len(self.item.row.input_ids)

    @property
    def mark(self) -> bytes:
        return b""


def _with_margin(measured: StepLoss) -> dict[str, float]:
    found = dict(measured.measures)
    if "chosen_reward" in found and "rejected_reward" in found:
        found["margin"] = found["chosen_reward"] - found["rejected_reward"]
    return found


def _ratios(part: Sequence[Feedback], log_probs: Any) -> Any:
    return log_probs - log_probs.new_tensor([item.reference for item in part])


def _strange_replies(
    rows: Sequence[FeedbackExample], template: ChatTemplate, encoding: Encoding
) -> list[Row | None]:
    """Each question with the reply to the one before it, in an order that the seed draws."""
    order = list(range(len(rows)))
    random.Random(f"{encoding.seed}/kto").shuffle(order)
    found: list[Row | None] = [None] * len(rows)
    for before, place in zip([order[-1:], *([one] for one in order)], order, strict=False):
        if before != [place]:
            found[place] = _strange_row(rows[place], rows[before[0]], template, encoding)
    return found


def _strange_row(
    asked: FeedbackExample, answered: FeedbackExample, template: ChatTemplate, encoding: Encoding
) -> Row | None:
    try:
        whole = reply_row(asked.prompt, answered.completion, template)
    except ModelError:
        return None
    row = Row(whole.input_ids[: encoding.max_length], whole.labels_mask[: encoding.max_length])
    return row if count_learned(row) else None


def _said(row: StoredRecord) -> Replies:
    assert isinstance(row, FeedbackExample)  # rows of other shapes were refused
    return Replies(row.prompt, (row.completion,))
