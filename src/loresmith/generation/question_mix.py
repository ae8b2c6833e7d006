"""Which questions are asked for: so many of each type and difficulty, by shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.component import Component

QuestionType = Literal["fact", "definition", "procedure", "comparison", "analysis", "inference"]
Difficulty = Literal["easy", "medium", "hard"]

_SHARE = Field(default=0.0, ge=0.0, json_schema_extra={"common": True})


class _Shares(Component):
    """Numbers whose proportions say how many of each are asked for."""

    def shares(self) -> Mapping[str, float]:
        """The share of each."""
        return dict(self)

    def wanted(self) -> tuple[str, ...]:
        """Those with a share."""
        return tuple(name for name, share in self.shares().items() if share)

    def counts(self, total: int) -> Mapping[str, int]:
        """How many of each wanted one make up `total`."""
        return apportioned(self.shares(), total) if self.wanted() else {}


class QuestionTypes(_Shares):
    """Shares of the types of questions, as proportions of any size: 3 and 1 are 0.75 and 0.25."""

    fact: float = Field(default=1.0, ge=0.0, json_schema_extra={"common": True})
    """A figure, date, name, place or condition that the passage states."""
    definition: float = _SHARE
    """What a term, a body or a measure is."""
    procedure: float = _SHARE
    """How something is done, by whom, in which order or under which conditions."""
    comparison: float = _SHARE
    """How two things that the passage tells of differ."""
    analysis: float = _SHARE
    """Why something happened or what it led to, as the passage explains it."""
    inference: float = _SHARE
    """What follows from several statements of the passage taken together."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(self.shares().values()):
            raise ValueError("every share is 0: one type at least has to be asked for")
        return self

    def wanted(self) -> tuple[str, ...]:
        """The types with a share; none where nothing but facts is asked for, as by default."""
        kinds = super().wanted()
        return () if kinds == ("fact",) else kinds


class Difficulties(_Shares):
    """Shares of easy, medium and hard questions; where all are 0, nobody asks for difficulty."""

    easy: float = _SHARE
    """One sentence of the passage answers it."""
    medium: float = _SHARE
    """It takes a table, or two places of the passage."""
    hard: float = _SHARE
    """It takes conditions or figures of several places, or a computation."""


def apportioned(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """`total` divided by `shares`, in whole numbers that add up (the largest remainder method).

    What gets nothing is left out. Of equal remainders the earlier one is served first.
    """
    weight = sum(shares.values())
    exact = {name: total * share / weight for name, share in shares.items()}
    counts = {name: int(part) for name, part in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return {name: count for name, count in counts.items() if count}
