"""report.json has exactly the keys that its readers were promised."""

from __future__ import annotations

import json
from typing import Any

from harbor_report import harbor_report

from loresmith.workspace.report import RunReport, TrainingSummary


def test_the_exam_part_has_the_promised_keys() -> None:
    exam = _as_json()["exam"]
    for side in (exam["before"], exam["after"]):
        _is_accuracy(side)
    for group in ("unknown", "withheld", "abstention", "retention"):
        _is_comparison(exam[group])
    assert set(exam["languages"]) == {"en", "zh"}
    assert "渔港纪要.txt" in exam["documents"]
    for comparison in (*exam["languages"].values(), *exam["documents"].values()):
        _is_comparison(comparison)


def test_every_exam_item_shows_question_answer_evidence_and_both_replies() -> None:
    promised = {"id", "document", "language", "kind", "prompt", "expected", "evidence"}
    items = _as_json()["exam"]["items"]
    assert len(items) > 100
    for item in items:
        assert promised <= set(item)
        for sitting in ("before", "after"):
            assert {"reply", "score"} <= set(item[sitting])


def test_drops_usage_and_training_have_the_promised_keys() -> None:
    report = _as_json()
    assert report["dropped"]["near_duplicate"] == 14
    assert set(report["usage"]) == {
        "calls",
        "cached",
        "prompt_tokens",
        "cached_prompt_tokens",
        "completion_tokens",
        "money",
        "seconds",
    }
    assert report["usage"]["seconds"]["train"] == 846.0
    assert {"steps", "useful_tokens_per_second", "losses"} <= set(report["training"])
    assert all(isinstance(loss, float) for loss in report["training"]["losses"])


def test_a_report_reads_back_equal_from_its_json() -> None:
    report = harbor_report()
    assert RunReport.model_validate_json(report.model_dump_json()) == report


def test_a_loss_that_is_no_number_becomes_null_rather_than_broken_json() -> None:
    training = TrainingSummary(steps=3, losses=(2.0, float("nan"), float("inf")))
    text = training.model_dump_json()
    assert json.loads(text)["losses"] == [2.0, None, None]
    assert TrainingSummary.model_validate_json(text) == training


def test_every_field_of_the_schema_is_described() -> None:
    schema = RunReport.model_json_schema()
    bare = [
        f"{name}.{field}"
        for name, model in {"RunReport": schema, **schema["$defs"]}.items()
        for field, what in model.get("properties", {}).items()
        if "description" not in what
    ]
    ours = [name for name in bare if name.split(".")[0] not in {"Drop", "Span", "PracticeScore"}]
    assert ours == []


def _as_json() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(harbor_report().model_dump_json())
    return found


def _is_comparison(value: dict[str, Any]) -> None:
    assert set(value) == {"before", "after"}
    _is_accuracy(value["before"])
    _is_accuracy(value["after"])


def _is_accuracy(value: dict[str, Any]) -> None:
    assert set(value) == {"accuracy", "interval", "n"}
    low, high = value["interval"]
    assert 0 <= low <= value["accuracy"] <= high <= 1
