"""How far a sitting is, though nobody knows beforehand how many general questions it takes."""

from __future__ import annotations

from loresmith.records import ExamItem


class SittingProgress:
    """Counts replies towards a total that stays as it is, so that a bar never runs backwards.

    Each of the exam's `own` questions counts one. General questions are asked until `wanted` of
    them were answered rightly or all `available` ones are asked: together they count `wanted`, by
    whichever of the two ends is nearer. Without `wanted` each of them counts one, as the others do.
    """

    def __init__(self, own: int, *, wanted: int = 0, available: int = 0) -> None:
        self._wanted = min(wanted, available)
        self._available = available
        self._own = self._asked = self._known = 0
        self.total = own + self._wanted

    def take(self, item: ExamItem, *, right: bool) -> None:
        """One more reply."""
        if item.kind != "retention" or not self._wanted:
            self._own += 1
            return
        self._asked += 1
        self._known += right

    @property
    def done(self) -> int:
        """At most the total; what is asked beyond the wanted ones, to end a block, adds nothing."""
        if not self._wanted:
            return min(self._own, self.total)
        general = max(self._known, self._wanted * self._asked // self._available)
        return min(self._own + min(general, self._wanted), self.total)
