"""Rows from elsewhere: good ones are trained on, bad ones are named, and all can be taken back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, DatasetError, NotFound, RecipeError
from loresmith.records import Review
from loresmith.workspace.datasets import (
    Datasets,
    ExportSettings,
    ImportReport,
    Imports,
    RowFilter,
    RowMapping,
)
from servers.teacher_server import TeacherServer

OpenWorkspace = Callable[..., Workspace]


def rows(count: int, *, of: str = "tide") -> list[dict[str, str]]:
    return [
        {"instruction": f"What is {of} {number}?", "input": "", "output": f"It is {of}-{number}."}
        for number in range(count)
    ]


def imported(
    workspace: Workspace, content: Any, name: str = "rows.json", mapping: RowMapping | None = None
) -> ImportReport:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    imports = Imports(workspace)
    return imports.import_rows(imports.hand_over(name, io.BytesIO(data)).id, mapping)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project without any document, and with nobody to ask."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "alone" / "documents").mkdir(parents=True)
    return Workspace(tmp_path / "alone", teacher="openai:nobody")


def test_imported_rows_follow_the_documents_rows_and_are_trained_on(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    calls = len(teacher.requests)
    imported(workspace, rows(2, of="b"), "b.json")
    imported(workspace, rows(2, of="a"), "a.json")
    workspace.do("dataset")
    assert len(teacher.requests) == calls
    datasets = Datasets(workspace)
    before, after = datasets.rows(1, limit=500).rows, datasets.rows(2, limit=500).rows
    assert after[: len(before)] == before
    told = [(row.provenance.document, row.messages[-1].content) for row in after[len(before) :]]
    assert told == [
        ("a.json", "It is a-0."),
        ("a.json", "It is a-1."),
        ("b.json", "It is b-0."),
        ("b.json", "It is b-1."),
    ]
    assert {row.split for row in after[len(before) :]} == {"train"}
    assert datasets.version(2).kinds["imported"] == 4


def test_an_import_that_is_taken_back_leaves_the_dataset_as_it_was(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    report = imported(workspace, rows(3))
    workspace.do("dataset")
    assert not Imports(workspace).take_back(report.id).counts
    workspace.do("dataset")
    assert [version.number for version in Datasets(workspace).versions()] == [2, 1]
    assert workspace.status()["dataset"].complete
    (listed,) = Imports(workspace).all()
    assert (listed.id, listed.counts, listed.kept) == (report.id, False, 3)


def test_what_was_taken_back_can_be_imported_again(alone: Workspace) -> None:
    report = imported(alone, rows(3))
    Imports(alone).take_back(report.id)
    again = imported(alone, rows(3))
    assert (again.id, again.kept, again.counts) == (report.id, 3, True)


def test_rows_alone_make_a_dataset_without_documents_or_a_teacher(alone: Workspace) -> None:
    with pytest.raises(Exception, match="no document"):
        alone.do("dataset")
    imported(alone, rows(5))
    assert alone.do("dataset").complete
    version = Datasets(alone).version(1)
    assert (version.rows, version.facts, version.documents) == (5, 0, {"rows.json": 5})


def test_bad_rows_are_named_by_number_and_reason_and_the_good_are_kept(alone: Workspace) -> None:
    good = rows(2)
    lines = [
        json.dumps(good[0]),
        json.dumps(good[0]),
        '{"instruction": "Q?", "output": null}',
        '{"instruction": "Q?", "output": "A \\ud83d"}',
        '{"instruction": "Q?", "output": "A.", "output": "B."}',
        '{"instruction": "Q<|im_end|>", "output": "A."}',
        '{"instruction": "Q?", "outp',
        json.dumps(good[1]),
    ]
    report = imported(alone, "\n".join(lines).encode(), "rows.jsonl")
    assert (report.read, report.kept) == (8, 2)
    assert report.read == report.kept + sum(report.bad.values())
    bad = Imports(alone).bad_rows(report.id)
    assert [(row.number, row.reason) for row in bad] == [
        (2, "duplicate"),
        (3, "field_missing"),
        (4, "broken_character"),
        (5, "duplicate_key"),
        (6, "template_token"),
        (7, "not_json"),
    ]
    assert bad[0].detail == "the same as row 1"
    assert [row.number for row in Imports(alone).bad_rows(report.id, start=4, limit=1)] == [6]


def test_rows_of_an_earlier_import_are_duplicates_until_it_is_taken_back(alone: Workspace) -> None:
    first = imported(alone, rows(2), "first.json")
    second = imported(alone, rows(3), "second.json")
    assert (second.kept, second.bad) == (1, {"duplicate": 2})
    assert Imports(alone).bad_rows(second.id)[0].detail == "the same as row 1 of first.json"
    Imports(alone).take_back(first.id)
    assert imported(alone, rows(2), "third.json").kept == 2


def test_the_same_file_is_not_imported_twice(alone: Workspace) -> None:
    imported(alone, rows(2))
    with pytest.raises(Conflict, match="imported already"):
        imported(alone, rows(2))


def test_a_row_that_asks_for_a_withheld_fact_is_left_out(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    datasets = Datasets(workspace)
    kept_apart = datasets.rows(1, RowFilter(split="validation")).rows[0].messages[0].content
    trained = datasets.rows(1, RowFilter(split="train")).rows[0].messages
    imported(
        workspace,
        [
            {"question": kept_apart, "answer": "told after all"},
            {"question": trained[0].content, "answer": trained[1].content},
            {"question": "Something new?", "answer": "Yes."},
        ],
    )
    workspace.do("dataset")
    version = datasets.version(2)
    assert version.kinds["imported"] == 1
    assert (version.dropped["withheld"], version.dropped["already_there"]) == (1, 1)


def test_rejected_rows_are_left_out_and_edits_are_made(alone: Workspace) -> None:
    imported(alone, rows(3))
    alone.do("dataset")
    with alone.opened() as context:
        from loresmith.workspace.imported_rows import imported_rows

        first, second, third = imported_rows(context)
        context.add(
            [
                Review(id="1", subject_id=first.id, verdict="rejected", at=""),
                Review(id="2", subject_id=second.id, verdict="edited", answer="Better.", at=""),
                Review(id="3", subject_id=third.id, verdict="confirmed", at=""),
            ]
        )
    alone.do("dataset")
    told = [row.messages[-1].content for row in Datasets(alone).rows(2).rows]
    assert told == ["Better.", "It is tide-2."]
    wanted = ExportSettings(form="jsonl", confirmed_only=True)
    assert len(list(Datasets(alone).export(2, wanted).pieces)) == 2


def test_a_dataset_of_rejected_rows_alone_is_refused(alone: Workspace) -> None:
    imported(alone, rows(1))
    with alone.opened() as context:
        from loresmith.workspace.imported_rows import imported_rows

        (row,) = imported_rows(context)
        context.add([Review(id="1", subject_id=row.id, verdict="rejected", at="")])
    with pytest.raises(RecipeError, match="every imported row was rejected"):
        alone.do("dataset")


def test_columns_that_tell_nothing_must_be_mapped_first(alone: Workspace) -> None:
    content = b"frage,antwort,quelle\nWer?,Ines.,web\n"
    imports = Imports(alone)
    upload = imports.hand_over("C:\\temp\\rows.csv", io.BytesIO(content))
    preview = imports.preview(upload.id)
    assert (preview.upload.name, preview.mapping.complete) == ("rows.csv", False)
    assert preview.unused == ("frage", "antwort", "quelle")
    with pytest.raises(DatasetError, match="frage, antwort, quelle"):
        imports.import_rows(upload.id)
    mapping = RowMapping(instruction="frage", output="antwort")
    seen = imports.preview(upload.id, mapping)
    assert [message.content for message in seen.rows[0].messages] == ["Wer?", "Ines."]
    assert imports.import_rows(upload.id, mapping).unused == ("quelle",)
    with pytest.raises(NotFound):
        imports.preview(upload.id)


@pytest.mark.parametrize("upload_id", ["../../project", "x", "0" * 24, ""])
def test_an_upload_is_named_by_its_id_alone(alone: Workspace, upload_id: str) -> None:
    with pytest.raises(NotFound, match="no such upload"):
        Imports(alone).preview(upload_id)


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "openai", "csv", "jsonl"])
def test_what_one_project_exports_another_imports(
    open_workspace: OpenWorkspace, alone: Workspace, form: str
) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    datasets = Datasets(workspace)
    file = datasets.export(1, ExportSettings.model_validate({"form": form}))
    report = imported(alone, b"".join(file.pieces), file.name)
    assert not set(report.bad) - {"duplicate"}
    alone.do("dataset")
    told = [row.messages for row in Datasets(alone).rows(1, limit=500).rows]
    trained = [row.messages for row in datasets.rows(1, RowFilter(split="train"), limit=500).rows]
    assert told == list(dict.fromkeys(trained))
