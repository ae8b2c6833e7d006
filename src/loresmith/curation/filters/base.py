"""What every filter is: settings, and a verdict with its reason on one claim."""

from __future__ import annotations

from abc import abstractmethod

from loresmith.component import Component
from loresmith.curation.claim import Claim
from loresmith.records import Verdict


class Filter(Component):
    """The base of all filters; a reworded answer passes the same ones as the first."""

    @abstractmethod
    def judge(self, claim: Claim) -> Verdict:
        """Keep `claim`, or drop it for a reason."""

    def mask(self, text: str) -> str:
        """What of a row's text may be shown and trained on: all of it, unless a filter hides some.
        Kept rows are masked when all filters have judged what the source says."""
        return text


KEEP = Verdict(keep=True)


def drop(reason: str, detail: str) -> Verdict:
    """A verdict against a claim."""
    return Verdict(keep=False, reason=reason, detail=detail)
