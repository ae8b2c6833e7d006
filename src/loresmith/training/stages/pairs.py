"""Why: a question with a better and a worse answer is learned from as one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import Self

from loresmith.models.templates import ChatTemplate
from loresmith.records import PreferenceExample, StoredRecord
from loresmith.training.rows import Row
from loresmith.training.stages.measures import Means
from loresmith.training.stages.passes import own_passes
from loresmith.training.stages.replies import Replies, encode_replies
from loresmith.training.stages.stage import Encoded, Encoding, Objective, StepLoss

if TYPE_CHECKING:
    from loresmith.training.reward_forward import RewardForward
    from loresmith.training.row_log_probs import RowForward


_FIGURES = ("margin", "accuracy", "chosen_reward", "rejected_reward")


class Pair(NamedTuple):
    """Two conversations that differ in their last reply."""

    chosen: Row
    rejected: Row
    chosen_reference: float = 0.0
    """Log-probability of the better reply by the model as it starts, where that is asked for."""
    rejected_reference: float = 0.0

    @property
    def rows(self) -> tuple[Row, ...]:
        return (self.chosen, self.rejected)

    @property
    def tokens(self) -> int:
        return len(self.chosen.input_ids) + len(self.rejected.input_ids)

    @property
    def mark(self) -> bytes:
        return b"pair"

    def with_reference(self, log_probs: Sequence[float]) -> Self:
        chosen, rejected = log_probs
        return self._replace(chosen_reference=chosen, rejected_reference=rejected)


class PairObjective(Objective):
    """The mean of a loss of pairs. `known` is what the model says of each row: a tensor, the better
    answers of all pairs first, then the worse."""

    forward: RowForward | RewardForward

    def backward(self, items: Sequence[Pair]) -> StepLoss:
        return self._take(items, learn=True)

    def measure(self, items: Sequence[Pair]) -> StepLoss:
        return self._take(items, learn=False)

    @abstractmethod
    def known(self, rows: Sequence[Row]) -> Any:
        """Asks the model, without gradients."""

    @abstractmethod
    def losses(self, pairs: Sequence[Pair], known: Any) -> Any:
        """The loss of each pair: a tensor."""

    @abstractmethod
    def rewards(self, pairs: Sequence[Pair], known: Any) -> tuple[Any, Any]:
        """What the better answers, and the worse, are worth to the model: two tensors."""

    def _take(self, items: Sequence[Pair], *, learn: bool) -> StepLoss:
        means, forward = Means("loss", *_FIGURES), self.forward
        passes = own_passes(forward.ranks.share_of(items), forward)
        for number, pairs in enumerate(passes, start=1):
            last = number == len(passes)
            if not pairs:
                forward.fill(learn=learn, last=last)
                continue
            rows = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
            if learn:
                share = partial(self._share, pairs, len(items))
                known = forward.learn(rows, share, last=last)
            else:
                known = self.known(rows)
            better, worse = self.rewards(pairs, known)
            means.add("loss", self.losses(pairs, known))
            means.add("margin", better - worse)
            means.add("accuracy", (better > worse).float())
            means.add("chosen_reward", better)
            means.add("rejected_reward", worse)
        return means.step_loss(forward.ranks)

    def _share(self, pairs: Sequence[Pair], total: int, known: Any) -> Any:
        """What these pairs add to the mean over all."""
        return self.losses(pairs, known).sum() / total


def encode_pairs(rows: Sequence[PreferenceExample], encoding: Encoding) -> Encoded:
    """A pair for each row; where one of its conversations is too long, both are."""
    encoded = encode_replies(
        rows,
        _said,
        ChatTemplate(encoding.tokenizer),
        max_length=encoding.max_length,
        too_long=encoding.too_long,
    )
    pairs = [Pair(chosen, rejected) for _, (chosen, rejected) in encoded.kept]
    return Encoded(pairs, encoded.dropped, encoded.shortened)


def _said(row: StoredRecord) -> Replies:
    assert isinstance(row, PreferenceExample)  # rows of other shapes were refused
    return Replies(row.prompt, (row.chosen, row.rejected))
