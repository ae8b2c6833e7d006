"""Throws out rows with a figure that the source does not bear out: the worst that can be trained.

A figure of an answer stands in the evidence, in the headings or title around it, or follows from
figures of the evidence by the fact's formula. Dates are compared by their parts: a year that the
evidence names rules out another year; where it names none, the document decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.curation.formula import Formula, NotArithmetic, evaluate
from loresmith.curation.moments import is_sourced_moment
from loresmith.records import Verdict
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import covers, moment_parts


class FigureFilter(Filter):
    """Drops a claim with a figure that has no source (`figure_not_in_evidence`) or a computed one
    whose formula is wrong (`formula_wrong`)."""

    type: Literal["figures"] = "figures"

    def judge(self, claim: Claim) -> Verdict:
        if claim.fact is None:
            return KEEP
        evidence = (*_figures(claim.evidence), *_bracketed(claim.evidence))
        borne_out = (*evidence, *_figures(claim.source.surroundings), *_agreed(claim))
        in_answer = (*_figures(claim.short_answer), *_figures(claim.answer))
        nearby = (*borne_out, *_figures("\n".join(claim.evidence_sentences)))
        for figure, sources in (
            *((figure, borne_out) for figure in in_answer),
            *((f, nearby) for f in _figures(claim.question) if not _is_small_count(f)),
        ):
            if not _has_source(figure, sources, claim):
                verdict = _verdict_on(figure, evidence, claim)
                if not verdict.keep:
                    return verdict
        return KEEP


def _verdict_on(figure: Figure, evidence: Sequence[Figure], claim: Claim) -> Verdict:
    """For a figure that stands nowhere: kept where the formula gives it."""
    formula = claim.fact.formula if claim.fact else None
    if formula is None:
        return drop("figure_not_in_evidence", f"{figure.text!r} is not in the evidence")
    try:
        computed = evaluate(formula)
    except NotArithmetic as fault:
        return drop("formula_wrong", f"{formula!r} cannot be computed: {fault}")
    foreign = _foreign_operand(computed, evidence)
    if foreign is not None:
        return drop("formula_wrong", f"{foreign} of {formula!r} is not in the evidence")
    if not _comes_to(formula, computed, figure, evidence):
        if any(_comes_to(formula, computed, one, evidence) for one in _figures(claim.short_answer)):
            return drop("figure_not_in_evidence", f"{figure.text!r} is not in the evidence")
        shown = computed.value.normalize()
        return drop("formula_wrong", f"{formula!r} gives {shown:f}, not {figure.text!r}")
    return KEEP


def _agreed(claim: Claim) -> Sequence[Figure]:
    """What a wording may say because the fact says it, whose figures were judged before."""
    if claim.kind == "pair" or claim.fact is None:
        return ()
    return (*_figures(claim.fact.question), *_figures(claim.fact.answer))


def _has_source(figure: Figure, sources: Iterable[Figure], claim: Claim) -> bool:
    falls = _FALLS.search(f"{claim.question}\n{claim.answer}") is not None
    if any(covers(one, figure) or (falls and _is_its_size(one, figure)) for one in sources):
        return True
    if moment_parts(figure):
        return is_sourced_moment(figure, claim)
    if any(_is_cell_of(one, figure, claim) for one in sources):
        return True
    is_the_answer = any(covers(one, figure) for one in _figures(claim.short_answer))
    return not figure.unit and _is_small_count(figure) and not is_the_answer


_FALLS = re.compile(
    r"亏|损|负|[降减跌缩滑低]|(?<!多)少|赤字|流出|支出|费用|成本|收窄|回落"
    r"|\b(?:loss|lost|lose|fell|fall|declin|decreas|drop|down|low|less|shr[aiu]nk|cut|negative|minus"
    r"|deficit|outflow|expens|cost|worse|behind|under|below|short|narrow|reduc)",
    re.IGNORECASE,
)
"""Words under which an amount below zero is told by its size; without one, it becomes a gain."""


def _is_its_size(given: Figure, figure: Figure) -> bool:
    """`fell by 7.4 %` says what `-7.4 %` says."""
    size = given._replace(value=abs(given.value), written=abs(given.written))
    return given.value < 0 and (covers(size, figure) or size.written == figure.value)


_BRACKETED = re.compile(
    r"\|\s*[(（]\s*(\d[\d,]*(?:\.\d+)?)\s*(%?)\s*[)）]\s*(?=\||$)", re.MULTILINE
)


def _bracketed(evidence: str) -> Sequence[Figure]:
    """The cells of a table that accountants put in brackets: (1,234) is -1,234."""
    found = []
    for cell in _BRACKETED.finditer(evidence):
        value = -Decimal(cell[1].replace(",", ""))
        found.append(Figure(value, cell[2], *cell.span(1), cell[0], value))
    return found


def _is_cell_of(given: Figure, figure: Figure, claim: Claim) -> bool:
    """A table states 18.4 in a column headed 亿元: the answer says 18.4亿元, or 1,840百万元."""
    if given.unit or given.value != given.written:
        return False
    around = f"{claim.source.chunk.text}\n{claim.source.surroundings}"
    return any(given.value * size == figure.value for size in _sizes(around))


_MAGNITUDE = re.compile(r"[百千万亿]+|\b(?:million|billion|thousand|bn|mn)\b", re.IGNORECASE)
_DECLARED = re.compile(r"(?:单位|unit|in )[^\n|。]*|[(（][^()（）\n]*[)）]", re.IGNORECASE)


@lru_cache(maxsize=64)
def _sizes(text: str) -> frozenset[Decimal]:
    """What the numbers of a table count by: as declared (单位：百万元, 亿元 in brackets), or where
    nothing is, every such word of the text that belongs to no figure of its own."""
    plain = _without_figures(text)
    declared = _magnitudes("\n".join(_DECLARED.findall(plain)))
    return declared or _magnitudes(plain)


def _magnitudes(text: str) -> frozenset[Decimal]:
    return frozenset(figures(f"1 {word}")[0].value for word in _MAGNITUDE.findall(text))


def _without_figures(text: str) -> str:
    """So that the 万 of `3,480万元` is not taken for the unit of a column."""
    parts, end = [], 0
    for figure in _figures(text):
        parts.append(text[end : figure.start])
        end = figure.end
    return "".join((*parts, text[end:]))


def _is_small_count(figure: Figure) -> bool:
    """`the two apprentices`, `the month before`: a number word that may only count or point."""
    return figure.value <= 10 and not any(c.isdecimal() for c in figure.text)


def _foreign_operand(formula: Formula, evidence: Sequence[Figure]) -> Decimal | None:
    """A number of the formula that is neither in the evidence nor 1, 100 or how many are added."""
    known = {abs(n) for one in evidence for n in (one.value, one.written)}
    of_evidence = [o for o in formula.operands if {abs(o.written), abs(o.value)} & known]
    free = {Decimal(1), Decimal(100), Decimal(len(of_evidence))}
    for operand in formula.operands:
        if operand not in of_evidence and not {operand.written, operand.value} & free:
            return operand.written
    return None


def _gives(value: Decimal, figure: Figure) -> bool:
    """Whether `value` rounds to the figure as it is written, as a share or an amount."""
    magnitude = figure.value / figure.written if figure.written else Decimal(1)
    shares = ("%", "percentage point")
    candidates = [value, value / magnitude, *([value * 100] if figure.unit in shares else [])]
    exponent = figure.written.as_tuple().exponent
    half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
    return any(abs(abs(one) - abs(figure.written)) <= half for one in candidates)


def _comes_to(formula: str, computed: Formula, figure: Figure, evidence: Sequence[Figure]) -> bool:
    """Whether the formula gives the figure, in the unit of what it adds or takes away: 6.97亿 -
    6.92亿 is 500万 and not 0.05万. Where amounts of several units go in, the digits decide."""
    operands = {operand.written for operand in computed.operands}
    amounts = [one for one in evidence if one.written and abs(one.written) in operands]
    sizes = {one.value / one.written for one in amounts}
    units = {one.unit for one in amounts}
    of_one_kind = len(sizes) == len(units) == 1 and not re.search(r"[*/×÷]", formula)
    if not of_one_kind or (sizes, units) == ({Decimal(1)}, {""}):  # bare cells of a table
        return _gives(computed.value, figure)
    (size,), (unit,) = sizes, units
    if unit != figure.unit and unit and figure.unit and (unit, figure.unit) != _POINTS:
        return False
    exact = abs(computed.value) * size == abs(figure.value)
    return exact or (figure.value == figure.written * size and _gives(computed.value, figure))


_POINTS = ("%", "percentage point")


@lru_cache(maxsize=4096)
def _figures(text: str) -> tuple[Figure, ...]:
    return tuple(figures(text))
