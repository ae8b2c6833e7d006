"""What was asked again for today's passages, and which facts and wordings came of it.

A round belongs to the opening task of its passage: with another teacher, prompt or text there is
another opening, and what the rounds of the old one brought counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loresmith.component import content_id
from loresmith.records import Fact, FillKind, FillRound
from loresmith.workspace.context import Context, remembered


def round_key(kind: FillKind, opening: str, number: int) -> str:
    """Where a round is kept: the `number`th of its kind for a passage's opening task."""
    return content_id("fill", kind, opening, number)


def rounds_of(context: Context, opening: str) -> Sequence[FillRound]:
    """The rounds of a passage, by its opening task; oldest first of each kind."""
    return _rounds(context).get(opening, ())


def fact_rounds(context: Context, opening: str) -> list[FillRound]:
    """Those that asked for facts."""
    return [one for one in rounds_of(context, opening) if one.kind == "facts"]


def facts_of_rounds(context: Context, rounds: Sequence[FillRound]) -> list[Fact]:
    """What was written for them."""
    return context.store.get(Fact, [made for one in rounds for made in one.made])


@remembered
def added_ids(context: Context) -> frozenset[str]:
    """The ids of all facts and wordings that rounds brought, whatever they belong to."""
    return frozenset(
        made for some in _rounds(context).values() for one in some for made in one.made
    )


@remembered
def _rounds(context: Context) -> Mapping[str, Sequence[FillRound]]:
    found: dict[str, list[FillRound]] = {}
    for one in context.store.all(FillRound):
        found.setdefault(one.opening, []).append(one)
    for some in found.values():
        some.sort(key=lambda one: (one.kind, one.number))
    return found
