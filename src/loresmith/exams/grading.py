"""Finds the grader for an item by what kind of answer it has."""

from __future__ import annotations

import re

from loresmith.exams.abstention import AbstentionGrader
from loresmith.exams.base import Grader
from loresmith.exams.figures import FigureGrader
from loresmith.exams.names import NameGrader
from loresmith.exams.retention import RetentionGrader
from loresmith.exams.words import content_words, is_chinese, tokens_of
from loresmith.records import ExamItem, Score
from loresmith.text.figures import figures


def mark(item: ExamItem, reply: str) -> Score:
    """The mark for `reply` by the grader that fits `item`."""
    return grader_for(item).grade(item, reply)


def grader_for(item: ExamItem) -> Grader:
    """By kind; for questions on facts, by whether the short answer is a figure or words.

    A short answer is a figure when little else stands in it: at most three content words (six
    Chinese characters) besides, and no name before the number as in `Berth 7` or 七号码头.
    """
    if item.kind == "abstention":
        return AbstentionGrader()
    if item.kind == "retention":
        return RetentionGrader()
    return FigureGrader() if _is_figure(item.key.short_answer) else NameGrader()


def _is_figure(target: str) -> bool:
    found = [figure for figure in figures(target) if figure.unit != "ordinal"]
    if not found or _LABEL.search(target[: found[0].start]):
        return False
    rest = "".join(
        character if not any(f.start <= place < f.end for f in found) else " "
        for place, character in enumerate(target)
    )
    words = [token for token in content_words(tokens_of(rest)) if token.form not in _AROUND]
    chinese = sum(is_chinese(word.form) for word in words)
    return len(words) - chinese <= 3 and chinese <= 6


_LABEL = re.compile(r"(?<![.!?] )(?<!\A)\b[A-Z][a-z]+ \Z|\A[A-Z][a-z]{2,} \Z|第\Z")
_AROUND = frozenset(
    "about around approximately roughly nearly almost some circa up down rose fell increase "
    "increased decrease decreased gain more less least most early late end mid 约 近 大 超".split()
)
