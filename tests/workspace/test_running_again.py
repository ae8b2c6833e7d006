"""Running again does what is missing and nothing else, whatever changed in between."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, DocumentError, ModelError
from loresmith.records import StepLog
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import FinishedCall, TeacherServer, status

OpenWorkspace = Callable[..., Workspace]


def test_a_finished_dataset_costs_no_second_call(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    assert open_workspace().do("dataset").complete
    calls, files = len(teacher.requests), _files(project)
    assert open_workspace().do("dataset").complete
    assert len(teacher.requests) == calls
    assert _files(project) == files


def test_every_stage_is_a_verb_and_does_only_what_is_missing(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    for verb, calls in (("parse", 0), ("chunk", 0), ("generate", 9), ("curate", 9)):
        assert open_workspace().do(verb).complete
        assert len(_paid(teacher)) == calls
    states = open_workspace().status()
    assert [name for name, state in states.items() if state.complete] == [
        *("parse", "chunk", "generate", "curate")
    ]


def test_rows_of_a_deleted_document_never_come_back(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    both = _rows(project, 1)
    (project / "documents" / "渔港纪要.txt").unlink()
    open_workspace().do("dataset")
    left = _rows(project, 2)
    assert {row["document"] for row in both} == {"annual-review.md", "渔港纪要.txt"}
    assert {row["document"] for row in left} == {"annual-review.md"}
    assert _nothing_was_paid_twice(teacher)


def test_a_document_that_comes_back_is_paid_for_already(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    gone = project / "documents" / "渔港纪要.txt"
    content = gone.read_bytes()
    gone.unlink()
    open_workspace().do("dataset")
    calls = len(teacher.requests)
    gone.write_bytes(content)
    open_workspace().do("dataset")
    assert len(teacher.requests) == calls
    assert sorted(path.name for path in (project / "datasets").iterdir()) == ["v1", "v2"]


def test_a_changed_document_is_asked_about_anew_and_the_others_are_not(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    before = len(teacher.finished)
    notes = project / "documents" / "渔港纪要.txt"
    title, rest = notes.read_text(encoding="gb18030").split("\n", 1)
    notes.write_text(f"{title}\n\n岑望舟家里有17只白鸽。\n\n{rest}", encoding="gb18030")
    open_workspace().do("dataset")
    asked = [call for call in teacher.finished[before:] if call.text != "ready"]
    assert asked
    assert all("Calder Reach" not in call.messages[-1]["content"] for call in asked)
    assert any("白鸽" in row["instruction"] for row in _alpaca(project, 2))


def test_other_chunk_settings_keep_what_was_paid_for_equal_chunks(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    copy_documents(project / "more", "船厂简报.md")
    (project / "more" / "documents" / "船厂简报.md").rename(project / "documents" / "船厂简报.md")
    (project / "documents" / "short.md").write_text(
        "# Note\n\nThe buoy of Calder Reach was painted on 3 May 2031 for 812 crowns.\n"
    )
    open_workspace().do("generate")
    before = len(teacher.finished)
    open_workspace("chunking.min_length=700", "chunking.max_length=1300").do("generate")
    asked = [call.messages[-1]["content"] for call in teacher.finished[before:]]
    assert asked
    assert not any("The buoy of Calder Reach was painted" in text for text in asked)
    assert _nothing_was_paid_twice(teacher)


def test_settings_of_the_curation_and_the_exam_cost_no_call(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    calls = len(teacher.requests)
    open_workspace("exam.max_items=3", "dataset.split.withheld=0.2", "seed=9").do("dataset")
    assert len(teacher.requests) == calls


def test_the_order_of_rows_does_not_follow_the_order_of_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    found = []
    for seed in (1, 2):
        draw, lock = random.Random(seed), threading.Lock()

        def late(messages: list[dict[str, str]], draw: Any = draw, lock: Any = lock) -> str:
            with lock:
                wait = draw.uniform(0.0, 0.2)
            time.sleep(wait)
            return sentence_teacher(messages)

        names = ("annual-review.md", "渔港纪要.txt", "船厂简报.md")
        project = copy_documents(tmp_path / str(seed) / "coast", *names)
        with TeacherServer(late) as server:
            Workspace(project, teacher=f"openai:any@{server.url}").do("dataset")
        found.append(_files(project))
    assert found[0] == found[1]


def test_rows_stand_in_the_order_of_document_and_place(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace().do("dataset")
    places = [
        (row["document"], row["evidence"][0]["start"])
        for row in _rows(project, 1)
        if row["split"] == "train" and row["evidence"]
    ]
    assert places == sorted(places)


def test_what_failed_is_told_with_its_place_and_tried_again(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    def refuses_chinese(_number: int, body: dict[str, Any]) -> Any:
        if "澜屿" in body["messages"][-1]["content"]:
            return status(400, {"message": "Content Exists Risk"})
        return None

    teacher.script = refuses_chinese
    outcome = open_workspace().do("generate")
    assert not outcome.complete
    (failure,) = outcome.states["generate"].failures
    assert failure.subject.startswith("渔港纪要.txt, characters 0-")
    assert "Content Exists Risk" in failure.reason
    with pytest.raises(ModelError, match=r"1 of \d+ calls of the teacher brought nothing"):
        open_workspace("generation.tolerated_failures=0").do("dataset")
    calls = len(_paid(teacher))

    teacher.script = ()
    assert open_workspace().do("dataset").complete
    assert _nothing_was_paid_twice(teacher)
    assert len(_paid(teacher)) == calls + 3


def test_a_second_process_is_kept_out_while_one_is_at_work(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    teacher.latency = 1.0
    first = threading.Thread(target=lambda: open_workspace().do("generate"))
    first.start()
    while not teacher.requests:
        time.sleep(0.01)
    with pytest.raises(Conflict, match="at work on this project"):
        open_workspace().do("generate")
    first.join()
    assert open_workspace().status()["generate"].complete
    assert _nothing_was_paid_twice(teacher)


def test_what_the_project_writes_is_never_taken_for_a_document(
    tmp_path: Path, teacher: TeacherServer
) -> None:
    folder = tmp_path / "reports"
    copy_documents(tmp_path / "source", "annual-review.md")
    (tmp_path / "source" / "documents").rename(folder)
    for _ in range(2):
        states = Workspace(folder, teacher=f"openai:any@{teacher.url}").do("dataset").states
        assert states["parse"].total == 1
    assert _nothing_was_paid_twice(teacher)


def test_a_folder_whose_documents_all_went_says_so(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace().do("chunk")
    for path in (project / "documents").iterdir():
        path.unlink()
    with pytest.raises(DocumentError, match="no document to read"):
        open_workspace().do("chunk")


def _paid(teacher: TeacherServer) -> list[FinishedCall]:
    """What was answered, less the little call that asks whether the teacher is there."""
    return [call for call in teacher.finished if call.text != "ready"]


def _nothing_was_paid_twice(teacher: TeacherServer) -> bool:
    paid = [call.digest for call in _paid(teacher)]
    return len(set(paid)) == len(paid)


def _files(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "datasets" / "v1").iterdir()}


def _rows(project: Path, version: int) -> list[dict[str, Any]]:
    path = project / "datasets" / f"v{version}" / "provenance.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _alpaca(project: Path, version: int) -> list[dict[str, Any]]:
    path = project / "datasets" / f"v{version}" / "alpaca.json"
    return list(json.loads(path.read_text(encoding="utf-8")))


def test_a_step_that_is_killed_has_logged_its_time_up_to_about_then(
    open_workspace: OpenWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [100.0]
    clock = SimpleNamespace(time=time.time, monotonic=lambda: moments[-1])
    monkeypatch.setattr("loresmith.workspace.context.time", clock)
    with open_workspace().opened() as context, context.timed("train"):
        for moment in (101.0, 160.0, 163.0):
            moments.append(moment)
            context.tell("train", 1, 3)
        (log,) = context.store.all(StepLog)  # what would be on disk if it were killed here
        assert log.seconds == 60.0
    (log,) = context.store.all(StepLog)
    assert log.seconds == 63.0
