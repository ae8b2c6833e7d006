"""The demo replays what was recorded for today's prompts and documents, and loses nothing of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from loresmith import Workspace
from loresmith.exams import ExamSheet
from loresmith.records import Curated
from loresmith.workspace.recording import record
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.steps.dataset import exam_sheet
from projects import HARBOR, copy_example, loresmith


def test_the_recordings_are_what_the_teacher_says_to_today_s_requests(tmp_path: Path) -> None:
    project = copy_example(tmp_path / "harbor")
    (project / "teacher.jsonl").write_bytes((HARBOR / "teacher.jsonl").read_bytes())
    replies = record(project)
    rendered = (project / "recordings.jsonl").read_bytes()
    assert rendered == (HARBOR / "recordings.jsonl").read_bytes(), "run `make recordings`"
    assert replies == len(rendered.splitlines())


def test_the_demo_makes_no_call_and_drops_no_row(tmp_path: Path) -> None:
    project = copy_example(tmp_path / "harbor")
    done = loresmith("dataset", project)
    assert done.code == 0, done.err
    replies = len((HARBOR / "recordings.jsonl").read_bytes().splitlines())
    assert f"0 calls, {replies} cached" in done.err
    statistics = _statistics(project)
    assert statistics["dropped"] == {}
    assert set(statistics["documents"]) == {path.name for path in (HARBOR / "documents").iterdir()}
    assert set(statistics["languages"]) == {"en", "zh"}


def test_the_demo_examines_at_least_forty_english_facts_by_eighty_questions(
    tmp_path: Path,
) -> None:
    with Workspace(copy_example(tmp_path / "harbor")).context_after("dataset") as context:
        kept, sheet = curated(context), exam_sheet(context)
    assert isinstance(kept, Curated) and isinstance(sheet, ExamSheet)
    assert Counter(fact.language for fact in kept.facts)["en"] >= 40
    asked = [item for item in sheet.items if item.fact_id is not None]
    assert Counter(item.language for item in asked)["en"] >= 80
    assert {item.fact_id for item in asked} == {fact.id for fact in kept.facts}
    assert sheet.drops == ()
    assert any(item.kind == "abstention" for item in sheet.items)


def _statistics(project: Path) -> dict[str, Any]:
    path = project / "datasets" / "v1" / "statistics.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))
