"""Rows that are too short or too long for those who train on them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from optional_filters import curation_by, reasons_of, stated

SENTENCE = "The berth due at Lantern Quay was 412 crowns in 2030."


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, ""),
        ({"min_question": 60}, "question_too_short"),
        ({"max_question": 10}, "question_too_long"),
        ({"min_answer": 54}, "answer_too_short"),
        ({"max_answer": 52}, "answer_too_long"),
        ({"min_answer": 53, "max_answer": 53}, ""),
    ],
)
def test_a_row_is_dropped_for_the_length_that_is_wrong(settings: dict[str, int], reason: str):
    case = stated(SENTENCE, "What was the berth due at Lantern Quay in 2030?", "412 crowns")
    assert reasons_of([case], curation_by("length", **settings)) == [reason]


def test_a_minimum_over_the_maximum_is_refused():
    with pytest.raises(ValidationError, match=r"min_answer \(9\) is more than max_answer \(8\)"):
        curation_by("length", min_answer=9, max_answer=8)
