"""Why: rate and time left are told from the last steps, not from how it began."""

from __future__ import annotations

from collections import deque


class StepMeter:
    """Measures the last 20 steps of this attempt."""

    def __init__(self) -> None:
        self._tokens: deque[int] = deque(maxlen=20)
        self._seconds: deque[float] = deque(maxlen=20)

    def add(self, *, tokens: int, seconds: float) -> None:
        """One step, with its useful tokens."""
        self._tokens.append(tokens)
        self._seconds.append(seconds)

    @property
    def tokens_per_second(self) -> float:
        return sum(self._tokens) / max(sum(self._seconds), 1e-9)

    @property
    def seconds_a_step(self) -> float:
        return sum(self._seconds) / max(len(self._seconds), 1)
