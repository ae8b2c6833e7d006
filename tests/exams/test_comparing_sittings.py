"""Comparing two sittings: the numbers of report.json."""

from __future__ import annotations

import json

import pytest

from loresmith.errors import ExamError
from loresmith.exams import ExamReport, compare
from loresmith.exams.compare import accuracy
from loresmith.records import AnswerKey, ExamItem, Score, Transcript

KEY = AnswerKey(short_answer="short", answer="The full answer.", quotes=("a quote",))


def item(name: str, kind: str = "direct", **fields: object) -> ExamItem:
    return ExamItem.model_validate(
        {"id": name, "prompt": f"{name}?", "kind": kind, "language": "en", "key": KEY, **fields}
    )


ITEMS = (
    item("1", document="a.md"),
    item("2", document="a.md", kind="reversed"),
    item("3", document="b.txt", language="zh"),
    item("4", document="b.txt", withheld=True),
    item("5", document="b.txt", kind="abstention"),
    item("6", kind="retention"),
    item("7", kind="retention"),
)


def sitting(name: str, marks: str) -> Transcript:
    scores = tuple(
        Score(item_id=one.id, reply=f"{name} says {one.id}", score=float(mark), reason="because")
        for one, mark in zip(ITEMS, marks, strict=True)
    )
    return Transcript(candidate=name, scores=scores, seconds=1.0)


REPORT = compare(sitting("base", "1000010"), sitting("tuned", "1101101"), ITEMS)


def test_the_main_score_is_over_answerable_items_only() -> None:
    assert (REPORT.before.n, REPORT.after.n) == (3, 3)
    assert REPORT.before.accuracy == pytest.approx(1 / 3)
    assert REPORT.after.accuracy == pytest.approx(2 / 3)


def test_unknown_is_over_what_the_base_model_missed() -> None:
    assert (REPORT.unknown.before.accuracy, REPORT.unknown.before.n) == (0.0, 2)
    assert (REPORT.unknown.after.accuracy, REPORT.unknown.after.n) == (0.5, 2)


def test_scores_are_split_by_language_and_document() -> None:
    assert {code: both.after.n for code, both in REPORT.languages.items()} == {"en": 2, "zh": 1}
    assert REPORT.languages["en"].after.accuracy == 1.0
    assert {name: both.after.n for name, both in REPORT.documents.items()} == {
        "a.md": 2,
        "b.txt": 1,
    }


def test_withheld_and_abstention_are_apart() -> None:
    assert (REPORT.withheld.after.accuracy, REPORT.withheld.after.n) == (1.0, 1)
    assert (REPORT.abstention.before.accuracy, REPORT.abstention.after.accuracy) == (0.0, 1.0)


def test_retention_counts_only_what_the_base_model_got_right() -> None:
    assert (REPORT.retention.before.accuracy, REPORT.retention.before.n) == (1.0, 1)
    assert (REPORT.retention.after.accuracy, REPORT.retention.after.n) == (0.0, 1)


def test_every_item_shows_both_replies_and_what_was_expected() -> None:
    first = REPORT.items[1]
    assert (first.prompt, first.expected, first.kind) == ("2?", "The full answer.", "reversed")
    assert (first.before.reply, first.before.score) == ("base says 2", 0.0)
    assert (first.after.reply, first.after.score) == ("tuned says 2", 1.0)
    assert len(REPORT.items) == len(ITEMS)


def test_the_json_has_the_documented_shape_and_reads_back_equal() -> None:
    data = json.loads(REPORT.model_dump_json())
    assert set(data["before"]) == {"accuracy", "interval", "n"}
    assert isinstance(data["before"]["interval"], list)
    assert set(data["withheld"]) == {"before", "after"}
    assert set(data["languages"]["zh"]["after"]) == {"accuracy", "interval", "n"}
    assert {"id", "document", "language", "kind", "prompt", "expected", "evidence"} < set(
        data["items"][0]
    )
    assert ExamReport.model_validate(data) == REPORT


def test_every_field_of_the_report_is_documented() -> None:
    schema = ExamReport.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    bare = [
        (model["title"], name)
        for model in models
        if model["title"] not in ("Span",)
        for name, field in model["properties"].items()
        if "description" not in field
    ]
    assert not bare


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [  # worked by hand from Wilson's formula
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (80, 100, 0.7112, 0.8666),
        (1, 2, 0.0945, 0.9055),
    ],
)
def test_the_interval_is_wilsons(right: int, n: int, low: float, high: float) -> None:
    result = accuracy([1.0] * right + [0.0] * (n - right))
    assert result.accuracy == right / n
    assert result.interval == pytest.approx((low, high), abs=5e-5)


def test_no_items_say_nothing() -> None:
    assert (accuracy([]).n, accuracy([]).interval) == (0, (0.0, 1.0))


def test_a_sitting_that_lacks_marks_is_not_compared() -> None:
    partial = sitting("tuned", "1101101").model_copy(update={"scores": ()})
    with pytest.raises(ExamError, match="tuned has no mark for 7 of 7"):
        compare(sitting("base", "1000010"), partial, ITEMS)
