"""Throws out questions that lost what makes their figure true.

"Net profit grew by 73.7 %" is false where the source says so of *adjusted* net profit. A question
names the qualifier that the evidence ties to its figure, and none that the evidence lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.curation.qualifiers import QUALIFIERS, Qualifier
from loresmith.records import Verdict
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import covers


class QualifierFilter(Filter):
    """Drops a claim whose question omits a qualifier of its figure (`qualifier_missing`) or adds
    one that its evidence does not have (`qualifier_not_in_evidence`).

    Known qualifiers: adjusted, non-GAAP, recurring, year-on-year, quarter-on-quarter, estimated,
    annualised, average, at constant currency, cumulative, attributable to owners, preliminary;
    each in English and Chinese. A reversed question or a restatement may name them in its answer.
    """

    type: Literal["qualifiers"] = "qualifiers"

    def judge(self, claim: Claim) -> Verdict:
        if claim.fact is None or not claim.evidence_sentences:
            return KEEP
        asked = claim.question if claim.asks_forward else f"{claim.question}\n{claim.answer}"
        for qualifier in _tied_to_answer(claim):
            if not qualifier.asked.search(asked):
                return drop("qualifier_missing", f"the evidence says {qualifier.name}")
        for qualifier in _added(claim):
            detail = f"the evidence does not say {qualifier.name}"
            return drop("qualifier_not_in_evidence", detail)
        return KEEP


_CLAUSE_END = re.compile(r"[,;:，；：](?!\d)|。|[.!?！？](?=\s|$)")


def _tied_to_answer(claim: Claim) -> list[Qualifier]:
    """The qualifiers that go with the figure of the short answer wherever the evidence has it."""
    wanted = figures(claim.fact.short_answer if claim.fact else claim.short_answer)
    ties = [
        {qualifier for qualifier in QUALIFIERS if _is_tied(qualifier, clause, figure)}
        for sentence in claim.evidence_sentences
        for clause, figure in _clauses_with(sentence, wanted)
    ]
    return [q for q in QUALIFIERS if ties and all(q in tied for tied in ties)]


def _added(claim: Claim) -> list[Qualifier]:
    """The exclusive qualifiers that the question has and the evidence has not."""
    if not claim.asks_forward:
        return []
    source = "\n".join((*claim.evidence_sentences, claim.source.surroundings))
    if "|" in source:  # of a table row, the header may be anywhere in the passage
        source += claim.source.chunk.text
    exclusive = [qualifier for qualifier in QUALIFIERS if qualifier.is_exclusive]
    return [q for q in exclusive if q.said.search(claim.question) and not q.asked.search(source)]


class _Clause(NamedTuple):
    text: str
    figures: list[Figure]


def _clauses_with(sentence: str, wanted: list[Figure]) -> Iterator[tuple[_Clause, Figure]]:
    for clause in _clauses(sentence):
        for figure in clause.figures:
            if any(covers(figure, one) or _is_cell(figure, one, clause.text) for one in wanted):
                yield clause, figure


def _is_cell(figure: Figure, wanted: Figure, row: str) -> bool:
    """In a table the unit stands elsewhere: `| 归属于股东的净利润 | 3,980 |` is 3,980百万元."""
    if "|" not in row or figure.unit or figure.value != figure.written:
        return False
    return abs(figure.written) == abs(wanted.written) or _same_digits(figure, wanted)


def _same_digits(one: Figure, other: Figure) -> bool:
    """30,975 and 309.75, the same amount by another magnitude."""
    return _digits(one.written) == _digits(other.written) != ()


def _digits(number: Decimal) -> tuple[int, ...]:
    return abs(number).normalize().as_tuple().digits if number else ()


@lru_cache(maxsize=512)
def _clauses(sentence: str) -> tuple[_Clause, ...]:
    """The clauses of a sentence; one without a verb of its own, such as 经调整, joins the next."""
    cuts = [match.end() for match in _CLAUSE_END.finditer(sentence)]
    parts, begin = [], 0
    for cut in (*cuts, len(sentence)):
        if sentence.startswith("分别", cut):
            continue
        if cut - begin > _SHORT or cut == len(sentence):
            parts.append(sentence[begin:cut])
            begin = cut
    return tuple(_Clause(part, figures(part)) for part in parts if part.strip())


_SHORT = 7
"""Characters up to which a clause only opens the next, such as 经调整后，."""


def _is_tied(qualifier: Qualifier, clause: _Clause, figure: Figure) -> bool:
    if qualifier.name == "year-on-year" and figure in _since_the_same_period(clause):
        return True
    for match in qualifier.said.finditer(clause.text):
        respectively = _respectively(clause, match)
        if respectively:
            if figure in respectively:
                return True
            continue
        after = [f for f in clause.figures if f.start >= match.end()]
        before = [f for f in clause.figures if f.end <= match.start()]
        if qualifier.of_change:
            nearest = after[:1] if _follows_closely(after, match) else (before[-1:] or after[:1])
            nearest = [one for one in nearest if _is_change(one, match)]
        else:
            nearest = after or before[-1:]
        if figure in nearest:
            return True
    return False


def _respectively(clause: _Clause, match: re.Match[str]) -> list[Figure]:
    """毛利率和经调整净利润率分别为55.3%和15.1%: the figure in the place of what is qualified;
    all of them where the qualifier stands before no list (同比增长分别为5.1%和2.7%)."""
    word = clause.text.find("分别", match.end())
    if word < 0:
        return []
    after = [figure for figure in clause.figures if figure.start > word]
    begin = max((f.end for f in clause.figures if f.end <= word), default=0)
    items = [begin, *(begin + m.end() for m in _AND.finditer(clause.text[begin:word]))]
    if len(items) != len(after):
        return after
    place = sum(item <= match.start() for item in items) - 1
    return [after[max(place, 0)]]


_AND = re.compile(r"[、和及与]")
_SAME_PERIOD = re.compile(r"(?:[12]\d{3}年|上年|去年)同期")


def _since_the_same_period(clause: _Clause) -> list[Figure]:
    """由2023年同期的143亿元增加22.1%: a change from the year before in all but the word."""
    return [
        figure
        for match in _SAME_PERIOD.finditer(clause.text)
        for figure in [f for f in clause.figures if f.start >= match.end()]
        if figure.unit in _SHARES and _GROWS.search(clause.text[figure.start - 3 : figure.start])
    ]


def _follows_closely(after: list[Figure], match: re.Match[str]) -> bool:
    """同比增长11.6%: the change stands right behind; `rose 11.6 % year-on-year to 31`: before."""
    return bool(after) and not re.match(r"\s*(?:to|and)\b", match.string[match.end() :])


def _is_change(figure: Figure, match: re.Match[str]) -> bool:
    """A share or multiple, or an amount by which something grew; not 环比上季度的86亿."""
    between = match.string[match.end() : figure.start]
    return figure.unit in _SHARES or _GROWS.search(between) is not None


_SHARES = ("%", "percentage point", "basis point", "times")
_GROWS = re.compile(r"[增升涨降减跌长缩多少]|下滑|回落|扩大|\b(?:by|up|down|growth|change)\b")
