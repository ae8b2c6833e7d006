"""One short journey of the real embedded model, from two documents to the report and to a chat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loresmith.errors import ModelUnavailable
from loresmith.models.embedded import fetch_embedded
from loresmith.settings import load_settings
from loresmith.workspace import Workspace
from loresmith.workspace.report import RunReport
from loresmith.workspace.steps.generate import facts, skipped
from projects import copy_example, loresmith, with_settings

pytestmark = pytest.mark.timeout(900)

_SETTINGS = (
    *("training.num_epochs=1", "exam.max_practice=0", "exam.max_items=12"),
    *("exam.max_tokens=24", "exam.retention=3", "exam.max_general_tokens=8"),
)


class _Journey(NamedTuple):
    project: Path
    words: list[str | Path]
    report: dict[str, Any]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> _Journey:
    try:
        fetch_embedded(load_settings())
    except ModelUnavailable as error:
        pytest.skip(f"{error.message} {error.hint}")
    project = copy_example(
        tmp_path_factory.mktemp("journey") / "harbor", "berth-tariff.html", "渔港纪要.txt"
    )
    words: list[str | Path] = ["run", project, *with_settings(_SETTINGS)]
    done = loresmith(*words, timeout=800)
    assert done.code == 0, done.err
    assert "Facts that were trained" in done.out
    (path,) = project.glob("runs/*/report.json")
    return _Journey(project, words, json.loads(path.read_text(encoding="utf-8")))


def test_the_report_says_what_its_schema_promises(journey: _Journey) -> None:
    RunReport.model_validate(journey.report)
    exam = journey.report["exam"]
    for group in (exam, exam["unknown"], exam["languages"]["en"], exam["languages"]["zh"]):
        for sitting in (group["before"], group["after"]):
            low, high = sitting["interval"]
            assert 0 <= low <= sitting["accuracy"] <= high <= 1
            assert sitting["n"] > 0
    assert set(exam["documents"]) == {"berth-tariff.html", "渔港纪要.txt"}
    for group in ("withheld", "abstention", "retention"):
        assert {"before", "after"} <= set(exam[group])
    item = exam["items"][0]
    assert {"id", "document", "language", "kind", "prompt", "expected", "evidence"} <= set(item)
    assert {"reply", "score"} <= set(item["before"]) & set(item["after"])
    usage = journey.report["usage"]
    assert (usage["calls"], usage["cached"] > 0) == (0, True)
    assert {"generate", "exam before", "train", "exam after"} <= set(usage["seconds"])
    training = journey.report["training"]
    assert training["steps"] == len(training["losses"]) > 5
    assert training["useful_tokens_per_second"] > 0


def test_the_base_model_knows_nothing_of_an_invented_coast_and_learns_some(
    journey: _Journey,
) -> None:
    losses = journey.report["training"]["losses"]
    assert journey.report["exam"]["before"]["accuracy"] <= 0.07
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_the_report_is_one_page_that_shows_each_question(journey: _Journey) -> None:
    (page,) = journey.project.glob("runs/*/report.html")
    html = page.read_text(encoding="utf-8")
    assert html.count("<mark>") >= len(journey.report["exam"]["items"]) // 2
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert (page.parent / "training_loss.png").exists()


def test_running_again_does_nothing(journey: _Journey) -> None:
    (page,) = journey.project.glob("runs/*/report.json")
    written = page.stat().st_mtime_ns
    trained = {path: path.stat().st_mtime_ns for path in journey.project.rglob("*.safetensors")}
    done = loresmith(*journey.words)
    assert done.code == 0
    assert trained == {path: path.stat().st_mtime_ns for path in trained}
    assert "Facts that were trained" in done.out
    assert done.err == ""
    assert page.stat().st_mtime_ns == written


def test_status_tells_a_finished_run_from_one_that_is_not(journey: _Journey) -> None:
    finished = loresmith("status", journey.project, *with_settings(_SETTINGS))
    assert finished.code == 0, finished.out
    assert loresmith("status", journey.project, "--set", "seed=1").code == 1


def test_the_result_predicts_and_chats(journey: _Journey, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"id": "a", "prompt": "What are the berth dues?"}\n', encoding="utf-8")
    words = ("predict", journey.project, prompts, "--output", tmp_path / "replies.jsonl")
    assert loresmith(*words, "--max-tokens", "8").code == 0
    assert json.loads((tmp_path / "replies.jsonl").read_text(encoding="utf-8"))["reply"]
    talk = loresmith("chat", journey.project, "--max-tokens", "8", input="Hello?\n/exit\n")
    assert talk.code == 0
    assert len(talk.out) > 60


def test_what_the_embedded_teacher_leaves_out_is_told_with_reasons(tmp_path: Path) -> None:
    try:
        fetch_embedded(load_settings())
    except ModelUnavailable as error:
        pytest.skip(f"{error.message} {error.hint}")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "lamp.md").write_text(_PROSE, encoding="utf-8")
    workspace = Workspace(tmp_path)
    workspace.do("curate")
    with workspace.opened() as context:
        (fact,) = facts(context)
        assert fact.answer == "The lamp of Orrin Skerry was lit in 1871."
        left_out = {drop.text: drop.reason for drop in skipped(context)}
    assert left_out == {
        "Who could forget it?": "not_a_statement",
        "We saw it once.": "first_person",
    }


_PROSE = """# Orrin Skerry

The lamp of Orrin Skerry was lit in 1871. Who could forget it? We saw it once.
"""
