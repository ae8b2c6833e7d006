"""The rows about a real report stand, and each that is spoilt in a named way falls."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from loresmith.curation.claim import Claim, Source
from loresmith.curation.curation import with_evidence
from loresmith.curation.kept import Kept
from loresmith.records import Fact

FOLDER = Path(__file__).parents[2] / "examples" / "financial-report"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check", FOLDER / "check.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check = _load()


def test_no_filter_objects_to_any_committed_row() -> None:
    assert check.objections(check.rows()) == []


def test_every_row_has_a_verdict_on_four_counts() -> None:
    rows = check.lines()
    assert len(rows) > 200
    for row in rows:
        verdict = row["verdict"]
        marks = [verdict[name] for name in ("grounded", "figure", "qualifiers", "natural")]
        assert set(marks) <= {"good", "usable", "none"}
        assert bool(verdict["note"]) or "usable" not in marks, "what is not good says why"


def test_the_teacher_s_lines_hold_every_kept_question() -> None:
    told = (FOLDER / "teacher.jsonl").read_text(encoding="utf-8")
    assert [row for row in check.lines() if row["question"] not in told] == []


class Spoilt(NamedTuple):
    """A fact changed in one way; the same fact where there is nothing to change."""

    question: str
    answer: str
    short_answer: str


def _replaced(old: str, new: str) -> Callable[[Fact], Spoilt]:
    def spoil(fact: Fact) -> Spoilt:
        question = fact.question.replace(old, new)
        return Spoilt(question, fact.answer.replace(old, new), fact.short_answer)

    return spoil


def _asked_without(word: str) -> Callable[[Fact], Spoilt]:
    return lambda fact: Spoilt(fact.question.replace(word, ""), fact.answer, fact.short_answer)


def _answered_with(old: str, new: str) -> Callable[[Fact], Spoilt]:
    def spoil(fact: Fact) -> Spoilt:
        short = re.sub(old, new, fact.short_answer)
        return Spoilt(fact.question, fact.answer.replace(fact.short_answer, short), short)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "at_least"),
    [
        (_answered_with(r"\d+", "777"), 40),
        (_answered_with("%", "个百分点"), 20),
        (_answered_with("亿", "万"), 10),
        (_asked_without("经调整"), 3),
        (_asked_without("同比"), 15),
        (_replaced("2024年", "2025年"), 40),
        (_replaced("2023年", "2022年"), 4),
        (_replaced("第二季度", "第三季度"), 35),
    ],
    ids=["figure", "points", "unit", "adjusted", "year-on-year", "year", "base year", "quarter"],
)
def test_a_fact_that_is_spoilt_is_thrown_out(
    spoil: Callable[[Fact], Spoilt], at_least: int
) -> None:
    rows, curation = check.rows(), check.curation()
    source = Source(rows.document, rows.chunk)
    spoilt = kept = 0
    for fact in rows.facts:
        parts = spoil(fact)
        if parts == (fact.question, fact.answer, fact.short_answer):
            continue
        spoilt += 1
        changed = with_evidence(fact.model_copy(update=parts._asdict()), source)
        kept += curation.judge(Claim.of_fact(changed, source, Kept())).keep
    assert spoilt >= at_least
    assert kept == 0


def test_the_year_before_is_mostly_found_out() -> None:
    """2023 for 2024: where a sentence names both years and ties the figure to neither, nothing can
    be told; that is at most one in eight."""
    rows, curation = check.rows(), check.curation()
    source = Source(rows.document, rows.chunk)
    spoil = _replaced("2024年", "2023年")
    kept = 0
    for fact in rows.facts:
        changed = with_evidence(fact.model_copy(update=spoil(fact)._asdict()), source)
        was_spoilt = changed.question != fact.question
        kept += was_spoilt and curation.judge(Claim.of_fact(changed, source, Kept())).keep
    assert kept <= len(rows.facts) // 8
