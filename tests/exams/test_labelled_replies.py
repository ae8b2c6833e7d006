"""Replies that a person has marked: every grader must mark them the same way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from loresmith.exams import mark
from loresmith.records import AnswerKey, ExamItem

LINES = (Path(__file__).parent / "labelled_replies.jsonl").read_text(encoding="utf-8").splitlines()
LABELLED: list[dict[str, Any]] = [json.loads(line) for line in LINES]


def item_of(row: dict[str, Any]) -> ExamItem:
    key = AnswerKey(
        short_answer=row["short_answer"],
        answer=row["answer"],
        accepted=tuple(row.get("accepted", ())),
    )
    return ExamItem(
        id="item", prompt=row["prompt"], kind=row["kind"], language=row["language"], key=key
    )


@pytest.mark.parametrize(
    "row", LABELLED, ids=[f"{n}: {row['trap']}" for n, row in enumerate(LABELLED, start=1)]
)
def test_a_reply_is_marked_as_a_person_marked_it(row: dict[str, Any]) -> None:
    score = mark(item_of(row), row["reply"])
    assert (score.score == 1.0) is row["right"], f"{row['reply'][:80]!r}: {score.reason}"


@pytest.mark.parametrize("row", LABELLED[::7])
def test_every_mark_gives_a_reason(row: dict[str, Any]) -> None:
    assert mark(item_of(row), row["reply"]).reason


def test_the_labelled_replies_cover_both_languages_and_both_marks() -> None:
    counts = Counter((row["language"], row["right"]) for row in LABELLED)
    assert sum(counts.values()) >= 90
    assert min(counts[language, right] for language in ("en", "zh") for right in (True, False)) > 20
