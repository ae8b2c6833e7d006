"""Why: a training that has gone wrong for good is stopped with a diagnosis, not trained to its end.

Only what no healthy training shows is taken for that: numbers that are none, a gradient that stays
a hundred times as long as it was while the loss is worse than at the start, and steps from the
beginning that learn nothing at all.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from loresmith.errors import TrainingError

_LONG = 30
"""Steps in a row that make a stretch."""
_TIMES = 100.0
"""So many times the usual length is an exploded gradient."""
_NOTHING = 10
"""First steps without any gradient that are enough to tell that nothing is learned."""


class DivergenceWatch:
    """Looks at each step's loss and gradient."""

    def __init__(self, *, peak_rate: float, precision: str, losses: list[float]) -> None:
        """`losses` are those of the steps before, when a training goes on."""
        self._peak_rate = peak_rate
        self._precision = precision
        self._first = list(losses[:_LONG])
        self._done = len(losses)
        self._usual: deque[float] = deque(maxlen=_LONG)
        self._exploded: list[float] = []
        self._learned = bool(losses)

    def look(self, *, loss: float, norm: float, rate: float) -> None:
        """Raises TrainingError where the training cannot come to anything any more."""
        self._done += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TrainingError(
                f"the loss became {loss} (gradient {norm}) at step {self._done}",
                hint=f"Lower the learning rate (its peak is {self._peak_rate:.2g}), or set "
                "precision to fp32. The last checkpoint is kept."
                if self._precision == "bf16"
                else f"Lower the learning rate (its peak is {self._peak_rate:.2g}), or look for "
                "rows of nonsense. The last checkpoint is kept.",
            )
        self._look_for_idleness(loss, norm, rate)
        self._look_for_explosion(loss, norm)
        if len(self._first) < _LONG:
            self._first.append(loss)

    def _look_for_idleness(self, loss: float, norm: float, rate: float) -> None:
        # What has learned once may have no gradient later: it knows its rows by heart.
        self._learned = self._learned or (norm > 0.0 and rate > 0.0)
        if self._learned or self._done < _NOTHING:
            return
        what = "the learning rate is 0" if rate <= 0.0 else "no gradient reaches what is learned"
        raise TrainingError(
            f"nothing is learned: after {self._done} steps the loss is {loss:.4g} and {what}",
            hint="A loss of 0 comes of a number format that overflows (set precision to fp32 or "
            "bf16), of rows whose replies are empty, or of a base model whose weights are damaged; "
            "any other loss, of layers that are not used. The last checkpoint is kept.",
        )

    def _look_for_explosion(self, loss: float, norm: float) -> None:
        usual = median(self._usual) if len(self._usual) == _LONG else math.inf
        if norm <= _TIMES * usual:
            self._usual.append(norm)
            self._exploded.clear()
            return
        self._exploded.append(loss)
        if len(self._exploded) < _LONG or min(self._exploded) <= median(self._first):
            return
        raise TrainingError(
            f"the training diverges: over {_LONG} steps the gradient is more than {_TIMES:.0f} "
            f"times as long as before (now {norm:.3g}, before {usual:.3g}), and the loss "
            f"{loss:.3g} is higher than at the start ({median(self._first):.3g})",
            hint=f"Lower the learning rate (its peak is {self._peak_rate:.2g}), lengthen the "
            f"warm-up, or lower max_grad_norm. The last checkpoint is kept.",
        )
