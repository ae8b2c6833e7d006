"""Marks answers that are figures: the first one named must be the right one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from loresmith.exams.base import Grader
from loresmith.exams.claims import (
    clause_around,
    contradiction,
    declines,
    goes_down,
    is_denied,
    offers_alternatives,
    sentence_around,
)
from loresmith.exams.words import content_words, tokens_of
from loresmith.records import ExamItem
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import moment_parts
from loresmith.text.units import measure_of


class FigureGrader(Grader):
    """For a target with a figure or a date.

    Of the figures of a reply that measure the same thing and are not in the question, the first
    must equal the target after normalising width, separators, magnitude and unit; of a date, the
    parts that the question does not give. Nothing is rounded, unless the target itself is hedged
    (`about 310`): then a more precise figure that rounds to it is right. Wrong are also: a
    denied figure, the opposite direction or sign, and further figures offered as alternatives.
    """

    type: Literal["figure"] = "figure"
    most_others: int = 4
    """So many other figures of the same kind after the right one make a list of guesses."""

    def fault(self, item: ExamItem, reply: str) -> str:
        said = _aligned(figures(reply), reply)
        asked = _aligned(figures(item.prompt), item.prompt)
        targets = _targets(item, asked)
        for group in _groups(targets):
            fault = self._fault_of_group(group, said, asked, item, reply)
            if fault:
                return fault
        return ""

    def _fault_of_group(
        self,
        group: Sequence[Figure],
        said: Sequence[Figure],
        asked: Sequence[Figure],
        item: ExamItem,
        reply: str,
    ) -> str:
        """Checks targets of one dimension against the first figures of that dimension."""
        context = _Context(item, reply, asked, said)
        candidates = _candidates(group[0], said, context)
        affirmed = []
        for figure in candidates:
            if _is_denied(figure, context):
                if any(_agrees(target, figure, context) for target in group):
                    return f"denies {figure.text}"
            else:
                affirmed.append(figure)
        given = _distinct(affirmed)
        if not given:
            return _nothing(group[0], item, reply)
        for target, figure in zip(group, given, strict=False):
            fault = _fault_of_pair(target, figure, context)
            if fault:
                return fault
        if len(given) < len(group):
            return f"does not name {group[len(given)].text}"
        others = given[len(group) :]
        last = given[len(group) - 1]
        if others and offers_alternatives(reply[last.end : others[0].start]):
            return f"is a list of guesses: also names {others[0].text}"
        return "is a list of guesses" if len(others) >= self.most_others else ""


class _Context(NamedTuple):
    item: ExamItem
    reply: str
    asked: Sequence[Figure]
    said: Sequence[Figure]


def _targets(item: ExamItem, asked: Sequence[Figure]) -> list[Figure]:
    """The figures of the short answer that the question does not give away (else all)."""
    text = item.key.short_answer
    found = _aligned(figures(text), text)
    if len(found) == 1 and found[0].unit == "calendar year" and _noun_after(found[0], text):
        found = [found[0]._replace(unit="")]
    return [figure for figure in found if not any(_equal(figure, a) for a in asked)] or found


def _groups(targets: Sequence[Figure]) -> list[list[Figure]]:
    groups: dict[str, list[Figure]] = {}
    for target in targets:
        groups.setdefault(_kind(target), []).append(target)
    return list(groups.values())


def _kind(figure: Figure) -> str:
    """The dimension; all dates and years are of one kind, times of day of another."""
    parts = moment_parts(figure)
    if parts and "time" not in parts and "quarter" not in parts:
        return "moment"
    return figure.dimension


def _candidates(target: Figure, said: Sequence[Figure], context: _Context) -> list[Figure]:
    """The figures of the reply that may be meant as the answer, in order."""
    kind = _kind(target)
    fresh = [
        figure
        for figure in said
        if _agrees(target, figure, context) or not any(_equal(figure, a) for a in context.asked)
    ]
    if kind == "moment":
        parts = moment_parts(target).keys()
        return [figure for figure in fresh if parts & moment_parts(figure).keys()]
    if kind:
        same = [figure for figure in fresh if _kind(figure) == kind]
        return same or [figure for figure in fresh if not figure.unit]
    noun = _noun_after(target, context.item.key.short_answer)
    counted = [f for f in fresh if noun and _noun_after(f, context.reply) == noun]
    bare = [f for f in fresh if not f.unit or (_is_year(f) and _is_year(target))]
    if counted or bare:
        return [f for f in counted or bare if _kind(f) in ("", "moment")]
    return [] if noun else [f for f in fresh if _kind(f) != "moment" and f.unit != "ordinal"]


def _is_year(figure: Figure) -> bool:
    """A number that may be read as a year: 1500 to 2199, written without a separator."""
    return 1500 <= figure.value <= 2199 and figure.unit in ("", "calendar year")


def _noun_after(figure: Figure, text: str) -> str:
    """The word that follows a figure, as what it counts; empty where none does at once."""
    following = tokens_of(text[figure.end : figure.end + 40])
    gap = text[figure.end : figure.end + following[0].start] if following else "."
    counts = bool(content_words(following[:1])) and re.fullmatch(r"[\s-]*", gap)
    return following[0].form if counts else ""


def _agrees(target: Figure, figure: Figure, context: _Context) -> bool:
    """The same amount (sign apart), or the same date as far as the question leaves it open."""
    if _kind(target) == "moment":
        known: dict[str, int] = {}
        for other in (*context.asked, *context.said):
            known |= moment_parts(other) if _is_consistent(target, other) else {}
        given = known | moment_parts(figure)
        return _is_consistent(target, figure) and all(
            given.get(name) == value for name, value in moment_parts(target).items()
        )
    if _equal(target, figure):
        return True
    hedged = _HEDGED.search(context.item.key.short_answer) is not None
    return hedged and _rounds_to(figure, target)


def _is_consistent(target: Figure, figure: Figure) -> bool:
    """True for a date that shares a part with the target and differs from it in none."""
    wanted, given = moment_parts(target), moment_parts(figure)
    shared = wanted.keys() & given.keys()
    return bool(shared) and all(wanted[name] == given[name] for name in shared)


def _equal(first: Figure, second: Figure) -> bool:
    one, other = measure_of(first.unit), measure_of(second.unit)
    bare = {one.dimension, other.dimension} & {"", "calendar year"}
    if one.dimension != other.dimension and not bare:
        return False
    if one.dimension != other.dimension and {_kind(first), _kind(second)} == {"moment"}:
        return False
    if not first.unit or not second.unit:
        return abs(first.value) == abs(second.value)
    return abs(first.value) * one.factor == abs(second.value) * other.factor


def _rounds_to(figure: Figure, target: Figure) -> bool:
    """True where `figure` lies within half a unit of the last digit that `target` writes."""
    if figure.dimension != target.dimension or not target.written:
        return False
    exponent = target.written.as_tuple().exponent
    places = exponent if isinstance(exponent, int) else 0
    scale = target.value / target.written * measure_of(target.unit).factor
    amount = abs(figure.value) * measure_of(figure.unit).factor
    wanted = abs(target.value) * measure_of(target.unit).factor
    return abs(amount - wanted) <= Decimal(1).scaleb(places) * scale / 2


def _is_denied(figure: Figure, context: _Context) -> bool:
    """A denial in the reply that the expected answer does not hold as well."""
    if not is_denied(context.reply, figure.start, figure.end):
        return False
    answer = context.item.key.answer
    return not any(
        _equal(figure, expected) and is_denied(answer, expected.start, expected.end)
        for expected in figures(answer)
    )


def _fault_of_pair(target: Figure, figure: Figure, context: _Context) -> str:
    if not _agrees(target, figure, context):
        return f"names {figure.text} where it is {target.text}"
    if declines(context.reply[: figure.start]):
        return f"declines before it names {figure.text}"
    key, reply = context.item.key, context.reply
    near = " ".join(clause_around(reply, figure.start, figure.end))
    whole = sentence_around(reply, figure.start, figure.end)
    if (target.value < 0) != (figure.value < 0):
        unsigned = near if target.value < 0 else f"{key.short_answer} {key.answer}"
        if not (goes_down(unsigned) or goes_down(context.item.prompt)):
            return f"names {figure.text} where it is {target.text}: the sign is wrong"
    expected = f"{key.short_answer} {_clause_with(target, key.answer)}"
    return contradiction(expected, near) or contradiction(expected, whole)


def _clause_with(target: Figure, answer: str) -> str:
    """The clause of the full answer that holds the target; the whole answer if none does."""
    for figure in figures(answer):
        if _equal(target, figure):
            return " ".join(clause_around(answer, figure.start, figure.end))
    return answer


def _nothing(target: Figure, item: ExamItem, reply: str) -> str:
    if declines(reply):
        return f"declines to answer; it is {item.key.short_answer}"
    kind = _kind(target)
    what = "date" if kind == "moment" else f"figure in {target.unit}" if target.unit else "figure"
    return f"names no {what} but those of the question"


def _distinct(candidates: Sequence[Figure]) -> list[Figure]:
    """Without repeats of an amount that was named before."""
    kept: list[Figure] = []
    for figure in candidates:
        if not any(_equal(figure, earlier) for earlier in kept):
            kept.append(figure)
    return kept


def _aligned(found: Sequence[Figure], text: str) -> list[Figure]:
    """Gives the first number of a range the magnitude and unit of the second: `5 to 7 %`."""
    aligned = list(found)
    for place in range(len(aligned) - 2, -1, -1):
        figure, following = aligned[place], aligned[place + 1]
        between = text[figure.end : following.start]
        if figure.unit or figure.value != figure.written or not _RANGE.fullmatch(between):
            continue
        scale = following.value / following.written if following.written else Decimal(1)
        if following.unit and not moment_parts(following):
            aligned[place] = figure._replace(value=figure.value * scale, unit=following.unit)
    return aligned


_RANGE = re.compile(
    r"\s*(?:[-–—~～、,，/]|,?\s*\b(?:to|or|and)\b|至|到|或者?|和)\s*", re.IGNORECASE
)
_HEDGED = re.compile(
    r"\b(?:about|around|approximately|roughly|nearly|almost|some|circa)\b|≈|~|约|近|左右|大概|将近",
    re.IGNORECASE,
)
