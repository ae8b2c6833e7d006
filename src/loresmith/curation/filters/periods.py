"""Throws out rows that give a figure of one period to another: 2023's sales as those of 2024.

Both years stand in the evidence, so the check of figures has nothing to object to; which figure is
whose is told by what stands right before it, or by the head of its column.
"""

from __future__ import annotations

import re
from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import covers, moment_parts


class PeriodFilter(Filter):
    """Drops a claim that asks for one year and answers with the figure of another
    (`figure_of_another_period`).

    A figure is of the year that is named right before it (`2024年第二季度的175亿元`) or in the head
    of its column. Where the evidence ties it to no year, nothing is said.
    """

    type: Literal["periods"] = "periods"

    def judge(self, claim: Claim) -> Verdict:
        wanted = figures(claim.fact.short_answer) if claim.fact else []
        if len(wanted) != 1 or moment_parts(wanted[0]) or (claim.fact and claim.fact.formula):
            return KEEP
        tied = _years_of(wanted[0], claim)
        for text in (claim.question, claim.answer):
            named = _years(figures(text))
            if _YEAR_BEFORE.search(text):
                named |= {year - 1 for year in named}
            if tied and named and not named & tied:
                own, other = (" or ".join(map(str, sorted(years))) for years in (tied, named))
                return drop(
                    "figure_of_another_period",
                    f"{wanted[0].text!r} belongs to {own}, not to {other}",
                )
        return KEEP


def _years_of(wanted: Figure, claim: Claim) -> frozenset[int]:
    """The years to which the evidence ties the figure; empty where one place ties it to none."""
    tied: set[int] = set()
    for text in claim.evidence.splitlines():
        if text.lstrip().startswith("|"):
            found = _by_column(wanted, text, claim)
        else:
            found = _by_words(wanted, text)
        if frozenset() in found:
            return frozenset()
        tied.update(*found)
    return frozenset(tied)


_YEAR_BEFORE = re.compile(
    r"去年|上年|上一年|前一年|一年前|同期|\b(?:last|previous|preceding|prior) year"
    r"|\byear (?:before|earlier)",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:年|同期|上半年|下半年|全年|Q[1-4]|[第一二三四1-4]+季度?)*[的为达是至]*\s*")


def _by_words(wanted: Figure, text: str) -> list[frozenset[int]]:
    """For each place of the figure: the year right before it, with at most the quarter between; of
    a change since 2023年同期, the year after that."""
    found = figures(text)
    places = []
    for figure in found:
        if covers(figure, wanted):
            since = _SINCE.search(text[: figure.start])
            if since and figure.unit in _SHARES:
                places.append(frozenset({int(since[1]) + 1}))
                continue
            years = [f for f in found if f.end <= figure.start and "year" in moment_parts(f)]
            near = years and _LINK.fullmatch(text, years[-1].end, figure.start)
            places.append(_years(years[-1:]) if near else frozenset())
    return places


_SINCE = re.compile(r"([12]\d{3})年同期[^。；]{0,20}?[增升涨降减跌][加长少幅]?\Z")
_SHARES = ("%", "times")


def _by_column(wanted: Figure, row: str, claim: Claim) -> list[frozenset[int]]:
    """For each cell that has the digits of the figure: the year in the head of its column."""
    heads = _cells(_header(row, claim))
    places = []
    for column, cell in enumerate(_cells(row)):
        if any(abs(one.written) == abs(wanted.written) for one in figures(cell)):
            head = heads[column] if column < len(heads) else ""
            places.append(_years(figures(head)))
    return places


def _header(row: str, claim: Claim) -> str:
    """The first row of the table: above in the passage, or in its context."""
    lines = claim.source.chunk.text.splitlines()
    at = next((n for n, line in enumerate(lines) if line.strip() == row.strip()), None)
    if at is None:
        return ""
    first = at
    while first and lines[first - 1].lstrip().startswith("|"):
        first -= 1
    if first < at:
        return lines[first]
    above = [one for one in claim.source.chunk.context.splitlines() if "|" in one]
    return above[0] if above else ""


def _cells(row: str) -> list[str]:
    return row.strip().strip("|").split("|")


def _years(found: list[Figure]) -> frozenset[int]:
    parts = (moment_parts(figure) for figure in found)
    return frozenset(part["year"] for part in parts if "year" in part)
