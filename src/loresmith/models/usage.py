"""Adding up what calls cost, from several threads at once, in total and by purpose."""

from __future__ import annotations

import threading

from loresmith.records import Usage


class UsageMeter:
    """Totals of `Usage` by purpose. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_purpose: dict[str, Usage] = {}

    def add(self, purpose: str, usage: Usage) -> None:
        with self._lock:
            self._by_purpose[purpose] = self._by_purpose.get(purpose, Usage()) + usage

    @property
    def by_purpose(self) -> dict[str, Usage]:
        """A copy, in the order in which the purposes first came up."""
        with self._lock:
            return dict(self._by_purpose)

    @property
    def total(self) -> Usage:
        return sum(self.by_purpose.values(), Usage())
