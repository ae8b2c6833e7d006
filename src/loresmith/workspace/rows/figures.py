"""Marks the figures of an answer: found in the evidence, computed from it, or without a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from loresmith.curation import Claim
from loresmith.curation.filters.figures import FigureFilter
from loresmith.text.figures import figures
from loresmith.workspace.rows.model import AnswerPart

_FILTER = FigureFilter()


def answer_parts(claim: Claim) -> Iterator[AnswerPart]:
    """The claim's answer, cut at its figures; each is judged as curation judges it."""
    answer, position = claim.answer, 0
    for figure in figures(answer):
        if figure.start < position:
            continue
        if position < figure.start:
            yield AnswerPart(text=answer[position : figure.start])
        position = figure.end
        yield AnswerPart(text=answer[figure.start : position], figure=_mark(claim, figure.text))
    if answer[position:]:
        yield AnswerPart(text=answer[position:])


def _mark(claim: Claim, figure: str) -> Literal["found", "computed", "missing"]:
    alone = replace(claim, question="", answer=figure, short_answer="")
    without = claim.fact.model_copy(update={"formula": None}) if claim.fact else None
    if _FILTER.judge(replace(alone, fact=without)).keep:
        return "found"
    with_formula = replace(alone, short_answer=figure)
    return "computed" if _FILTER.judge(with_formula).keep else "missing"
