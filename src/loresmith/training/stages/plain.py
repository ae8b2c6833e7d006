"""Why: a text or a reply is learned by the cross-entropy of its tokens, whatever stage it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loresmith.training.stages.stage import Objective, StepLoss


class PlainObjective(Objective):
    """The mean cross-entropy over all tokens that are learned, in nats a token."""

    def backward(self, items: Sequence[Any]) -> StepLoss:
        return StepLoss(self.forward.backward(items))

    def measure(self, items: Sequence[Any]) -> StepLoss:
        return StepLoss(self.forward.loss(items))
