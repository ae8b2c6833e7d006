"""Why: which of two answers is better teaches what one right answer cannot: what to leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.training.rows import Row, count_learned
from loresmith.training.stages import preference_losses
from loresmith.training.stages.pairs import Pair, PairObjective, encode_pairs
from loresmith.training.stages.preference_losses import (
    REFERENCE_FREE,
    PreferenceLoss,
    Side,
)
from loresmith.training.stages.stage import (
    Encoded,
    Encoding,
    Objective,
    Shape,
    Stage,
)

if TYPE_CHECKING:
    from loresmith.training.row_log_probs import RowForward


class Dpo(Stage):
    """Direct preference optimisation (arXiv 2305.18290) and its relatives: of two answers to a
    question, the better becomes likelier than the worse."""

    type: Literal["dpo"] = "dpo"
    shape: ClassVar[Shape] = "preference"
    shared: ClassVar[bool] = True
    rows_together: ClassVar[int] = 2
    compares: ClassVar[bool] = True

    loss: PreferenceLoss = Field(default="sigmoid", json_schema_extra={"common": True})
    """What is asked of a pair: `sigmoid` (DPO), `hinge`, `ipo`, or without comparing with the model
    as it started `orpo` and `simpo`."""
    beta: float = Field(default=0.1, gt=0.0, le=1000.0, json_schema_extra={"common": True})
    """How closely the model stays to what it was: the higher, the closer. For `simpo` the scale of
    the margin (2 is usual), for `orpo` the weight of the odds ratio."""
    label_smoothing: float = Field(default=0.0, ge=0.0, lt=0.5)
    """Share of the pairs that are thought to be the wrong way round; for `sigmoid` alone."""
    sft_weight: float = Field(default=0.0, ge=0.0, le=1000.0)
    """Weight of learning the better answers as in `sft`, beside the comparison; `orpo` has that
    with the weight 1 in any case."""
    simpo_gamma: float = Field(default=0.5, ge=0.0, le=1000.0)
    """By how much the better answer has to win; for `simpo` alone."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.label_smoothing and self.loss != "sigmoid":
            raise ValueError("label_smoothing is of the loss sigmoid alone: leave it at 0")
        return self

    @property
    def referred(self) -> bool:
        return self.loss not in REFERENCE_FREE

    @property
    def rate_factor(self) -> float:
        """1e-6 for full fine-tuning of 8B and 1e-5 for LoRA, as trl and DPO's users take; ORPO,
        which learns the answers too, 8e-6."""
        return 0.4 if self.loss == "orpo" else 0.05

    @property
    def default_epochs(self) -> float:
        return 2.0

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        return encode_pairs(rows, encoding)

    def forward(self, model: Any, **options: Any) -> RowForward:
        from loresmith.training.row_log_probs import RowForward

        return RowForward(model, **options)

    def objective(self, forward: Any) -> Objective:
        return _Preference(self, forward)

    def loss_of(self, chosen: Side, rejected: Side) -> Any:
        """The loss of each pair: a tensor."""
        beta = self.beta
        if self.loss == "sigmoid":
            loss = preference_losses.dpo_sigmoid(
                chosen, rejected, beta=beta, smoothing=self.label_smoothing
            )
        elif self.loss == "hinge":
            loss = preference_losses.hinge(chosen, rejected, beta=beta)
        elif self.loss == "ipo":
            loss = preference_losses.ipo(chosen, rejected, beta=beta)
        elif self.loss == "simpo":
            loss = preference_losses.simpo(chosen, rejected, beta=beta, gamma=self.simpo_gamma)
        else:
            loss = preference_losses.odds_ratio(chosen, rejected, beta=beta) - chosen.mean
        return loss - self.sft_weight * chosen.mean if self.sft_weight else loss

    def rewards(self, replies: Side) -> Any:
        """What the answers are worth to the model: a tensor."""
        return self.beta * (replies.mean if self.loss in REFERENCE_FREE else replies.ratio)


class _Preference(PairObjective):
    """The mean loss over pairs, of the log-probabilities of their answers."""

    forward: RowForward

    def __init__(self, stage: Dpo, forward: RowForward) -> None:
        super().__init__(forward)
        self._stage = stage

    def known(self, rows: Sequence[Row]) -> Any:
        return self.forward.log_probs(rows)

    def losses(self, pairs: Sequence[Pair], known: Any) -> Any:
        return self._stage.loss_of(*_sides(pairs, known))

    def rewards(self, pairs: Sequence[Pair], known: Any) -> tuple[Any, Any]:
        chosen, rejected = _sides(pairs, known)
        return self._stage.rewards(chosen), self._stage.rewards(rejected)


def _sides(pairs: Sequence[Pair], log_probs: Any) -> tuple[Side, Side]:
    """The better answers, which come first in `log_probs`, and the worse."""
    count = len(pairs)
    return (
        Side(
            log_probs[:count],
            log_probs.new_tensor([count_learned(pair.chosen) for pair in pairs]),
            log_probs.new_tensor([pair.chosen_reference for pair in pairs]),
        ),
        Side(
            log_probs[count:],
            log_probs.new_tensor([count_learned(pair.rejected) for pair in pairs]),
            log_probs.new_tensor([pair.rejected_reference for pair in pairs]),
        ),
    )
