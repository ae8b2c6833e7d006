"""Why: a text or a reply is learned by the cross-entropy of its tokens, whatever stage it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loresmith.training.ranks import Ranks
from loresmith.training.rows import count_learned
from loresmith.training.stages.stage import Objective, StepLoss


class PlainObjective(Objective):
    """The mean cross-entropy over all tokens that are learned, in nats a token."""

    def backward(self, items: Sequence[Any]) -> StepLoss:
        own, total = self._share(items)
        return StepLoss(self._ranks.sum_of(self.forward.backward(own, total=total)))

    def measure(self, items: Sequence[Any]) -> StepLoss:
        own, total = self._share(items)
        return StepLoss(self._ranks.sum_of(self.forward.loss(own, total=total)))

    @property
    def _ranks(self) -> Ranks:
        return self.forward.ranks

    def _share(self, items: Sequence[Any]) -> tuple[list[Any], int]:
        """What this process learns of them, and how many tokens all of them learn."""
        return self._ranks.share_of(items), sum(map(count_learned, items))
