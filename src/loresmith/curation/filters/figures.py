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
                return _verdict_on(figure, evidence, claim)
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
    if not _gives(computed.value, figure):
        if any(_gives(computed.value, one) for one in _figures(claim.short_answer)):
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
        return _is_sourced_moment(figure, claim)
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


_BRACKETED = re.compile(r"\|\s*[(（]\s*(\d[\d,]*(?:\.\d+)?)\s*(%?)\s*[)）]\s*(?=\||$)", re.MULTILINE)


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


def _is_sourced_moment(figure: Figure, claim: Claim) -> bool:
    """Each part of a date is compared with that part of the dates of the evidence, or where the
    evidence has none, of the surroundings, the passage and the document."""
    sentences = "\n".join(claim.evidence_sentences)
    evidence = _moments(sentences)
    around = _moments(claim.source.surroundings)
    document = _moments(claim.source.document.text)
    relative = {name for name, said in _RELATIVE.items() if said.search(sentences)}
    for name, value in moment_parts(figure).items():
        near = evidence.get(name, _NONE) | around.get(name, _NONE)
        everywhere = near | document.get(name, _NONE)
        if value in (near if name in evidence else everywhere):
            continue
        if name not in relative or not _neighbours(name, value) & everywhere:
            return False
    return True


_NONE: frozenset[int] = frozenset()
_RELATIVE = {
    "year": re.compile(
        r"去年|上年|上一年|前一年|同期|同比|明年|次年|翌年|来年"
        r"|\b(?:last|previous|preceding|prior|next|following|same) (?:year|period)"
        r"|\byear (?:before|earlier)|year[- ]on[- ]year",
        re.IGNORECASE,
    ),
    "quarter": re.compile(
        r"上一?个?季|前一?个?季|下一?个?季|环比|\b(?:last|previous|preceding|prior|next) quarter"
        r"|\bquarter (?:before|earlier)|quarter[- ]on[- ]quarter",
        re.IGNORECASE,
    ),
    "month": re.compile(
        r"上一?个?月|前一?个?月|下一?个?月|次月|环比|\b(?:last|previous|preceding|prior|next) month"
        r"|\bmonth (?:before|earlier)|month[- ]on[- ]month",
        re.IGNORECASE,
    ),
}
"""Words by which a text of 2031 speaks of 2030 without naming it."""


def _neighbours(name: str, value: int) -> set[int]:
    """The year, quarter or month before and the one after; quarters and months go round."""
    cycle = {"quarter": 4, "month": 12}.get(name)
    if cycle is None:
        return {value - 1, value + 1}
    return {(value - 2) % cycle + 1, value % cycle + 1}


@lru_cache(maxsize=4096)
def _moments(text: str) -> dict[str, frozenset[int]]:
    """The years, months, days, quarters and times that a text names."""
    named: dict[str, set[int]] = {}
    for figure in _figures(text):
        for name, value in moment_parts(figure).items():
            named.setdefault(name, set()).add(value)
    return {name: frozenset(values) for name, values in named.items()}


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


@lru_cache(maxsize=4096)
def _figures(text: str) -> tuple[Figure, ...]:
    return tuple(figures(text))
