"""Why: a number for how good an answer is can sort answers, and steer other trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from loresmith.training.rows import Row
from loresmith.training.stages.pairs import Pair, PairObjective, encode_pairs
from loresmith.training.stages.stage import (
    Encoded,
    Encoding,
    Objective,
    Shape,
    Stage,
)

if TYPE_CHECKING:
    from loresmith.training.reward_forward import RewardForward


class Reward(Stage):
    """A reward model (Ouyang et al. 2022, arXiv 2203.02155): of two answers to a question, the
    better gets the higher number. It is delivered as transformers' sequence classifier of one
    label, and an adapter of it with that head, `score`, in PEFT's `modules_to_save`."""

    type: Literal["reward"] = "reward"
    shape: ClassVar[Shape] = "preference"
    shared: ClassVar[bool] = True
    sharded: ClassVar[bool] = False  # its number is read off inside of the model
    rows_together: ClassVar[int] = 2
    chats: ClassVar[bool] = False

    @property
    def rate_factor(self) -> float:
        """1e-4 for LoRA and 1e-5 for full fine-tuning of 8B, as trl advises."""
        return 0.5

    @property
    def default_epochs(self) -> float:
        return 2.0

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        encoded = encode_pairs(rows, encoding)
        pad = encoding.tokenizer.pad_token_id
        kept = encoded.kept
        pairs = [Pair(_scored(one.chosen, pad), _scored(one.rejected, pad)) for one in kept]
        return encoded._replace(kept=pairs)

    def adapted(self, model: Any, *, pad_id: int | None, seed: int) -> Any:
        from loresmith.training.reward_head import with_reward_head

        return with_reward_head(model, pad_id=pad_id, seed=seed)

    def forward(self, model: Any, **options: Any) -> RewardForward:
        from loresmith.training.reward_forward import RewardForward

        return RewardForward(model, **options)

    def objective(self, forward: Any) -> Objective:
        return _Ranking(forward)


def _scored(row: Row, pad_id: int | None) -> Row:
    """The row up to the token whose place transformers reads a classifier's number at, which is
    the last that does not pad, and one token more, in whose place the number stands."""
    ids = row.input_ids
    last = next((i for i in range(len(ids) - 1, 0, -1) if ids[i] != pad_id), len(ids) - 1)
    return Row([*ids[: last + 1], ids[last]], [*[False] * (last + 1), True], row.id)


class _Ranking(PairObjective):
    """The mean of -log sigmoid(better - worse) over pairs (Bradley and Terry)."""

    forward: RewardForward

    def known(self, rows: Sequence[Row]) -> Any:
        return self.forward.rewards(rows)

    def losses(self, pairs: Sequence[Pair], known: Any) -> Any:
        from torch.nn.functional import logsigmoid

        better, worse = self.rewards(pairs, known)
        return -logsigmoid(better - worse)

    def rewards(self, pairs: Sequence[Pair], known: Any) -> tuple[Any, Any]:
        return known[: len(pairs)], known[len(pairs) :]
