"""Versions of a dataset: listed, paged, compared and exported without loading one as a whole."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import NotFound
from loresmith.records import Dataset, Review
from loresmith.workspace.dataset_parts import stored_dataset
from loresmith.workspace.datasets import Datasets, ExportSettings, RowFilter
from loresmith.workspace.frozen_rows import frozen_rows
from servers.teacher_server import TeacherServer

OpenWorkspace = Callable[..., Workspace]


@pytest.fixture
def workspace(open_workspace: OpenWorkspace, project: Path) -> Workspace:
    """Two versions: of both documents, and of the English one alone."""
    workspace = open_workspace()
    workspace.do("dataset")
    (project / "documents" / "渔港纪要.txt").rename(project / "渔港纪要.txt")
    workspace.do("dataset")
    return workspace


def review(workspace: Workspace, row: str, verdict: str = "confirmed", **edits: str) -> None:
    with workspace.opened() as context:
        context.add(
            [Review(id=f"review {row} {verdict}", subject_id=row, verdict=verdict, at="", **edits)]
        )


def test_versions_are_listed_with_their_figures(workspace: Workspace) -> None:
    second, first = Datasets(workspace).versions()
    assert (first.number, second.number) == (1, 2)
    assert set(first.documents) == {"annual-review.md", "渔港纪要.txt"}
    assert set(second.documents) == {"annual-review.md"}
    assert sum(first.documents.values()) == first.rows == sum(first.languages.values())
    assert first.created_at.startswith("20")


def test_a_version_whose_files_were_deleted_is_still_listed(
    workspace: Workspace, project: Path
) -> None:
    before = Datasets(workspace).version(1)
    shutil.rmtree(project / "datasets" / "v1")
    shutil.rmtree(project / ".loresmith" / "datasets")
    after = Datasets(workspace).version(1)
    assert after == before.model_copy(update={"created_at": "", "dropped": {}})
    assert Datasets(workspace).rows(1).total == before.rows + before.validation_rows


def test_pages_hold_the_rows_of_the_dataset_in_their_order(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    with workspace.opened() as context:
        rows = list(stored_dataset(context, datasets.version(1).id).examples)
    total = len(rows)
    paged = [datasets.rows(1, start=start, limit=7) for start in range(0, total, 7)]
    assert [row for page in paged for row in page.rows] == rows
    assert {page.total for page in paged} == {total}


def test_rows_are_found_by_split_language_document_and_text(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    every = datasets.rows(1, limit=500).rows

    def found(**wanted: str) -> list[str]:
        page = datasets.rows(1, RowFilter.model_validate(wanted), limit=500)
        assert page.total == len(page.rows)
        return [row.id for row in page.rows]

    assert found(split="validation") == [row.id for row in every if row.split == "validation"]
    assert found(document="渔港纪要.txt") == found(language="zh") != []
    word = every[0].messages[0].content.split()[1]
    assert every[0].id in found(search=word.upper())
    assert found(search="annual-review.md") == []
    assert found(search='"') == [
        row.id for row in every if any('"' in message.content for message in row.messages)
    ]


def test_two_versions_are_told_apart_by_rows_and_documents(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    told = datasets.compare(1, 2)
    first, second = datasets.version(1), datasets.version(2)
    assert told.added == told.changed == 0
    assert told.removed == first.rows + first.validation_rows - (
        second.rows + second.validation_rows
    )
    assert told.documents["渔港纪要.txt"] == {"removed": told.removed}
    page = datasets.changes(1, 2, kind="removed", limit=500)
    assert page.total == len(page.rows) == told.removed
    assert {row.before.provenance.document for row in page.rows if row.before} == {"渔港纪要.txt"}
    back = datasets.compare(2, 1)
    assert (back.added, back.removed) == (told.removed, 0)


def test_an_edited_answer_is_a_changed_row(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    pair = next(row for row in datasets.rows(2, limit=500).rows if row.provenance.kind == "pair")
    fact = pair.provenance.fact_id
    assert fact is not None
    review(workspace, fact, "edited", answer=pair.messages[-1].content + ", indeed")
    workspace.do("dataset")
    told = datasets.compare(2, 3)
    assert told.changed >= 1
    changed = datasets.changes(2, 3, kind="changed", limit=500).rows
    assert any(
        row.after and row.before and row.after.messages[-1].content.endswith(", indeed")
        for row in changed
    )


def test_only_rows_that_a_person_confirmed_are_exported(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    row = next(row for row in datasets.rows(2, limit=500).rows if row.provenance.kind == "pair")
    assert row.provenance.fact_id is not None
    wanted = ExportSettings(form="jsonl", split=None, confirmed_only=True)
    assert list(datasets.export(2, wanted).pieces) == []
    review(workspace, row.provenance.fact_id)
    lines = b"".join(datasets.export(2, wanted).pieces).splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row.id]
    assert datasets.preview_export(2, wanted).rows == 1


def test_an_exported_zip_is_the_folder_of_the_version(
    workspace: Workspace, project: Path, tmp_path: Path
) -> None:
    datasets = Datasets(workspace)
    target = tmp_path / "export.zip"
    datasets.export_to(target, 1, ExportSettings(split=None))
    archive = zipfile.ZipFile(target)
    for name in set(archive.namelist()) - {"export.json", "README.md"}:
        assert archive.read(name) == (project / "datasets" / "v1" / name).read_bytes()
    assert json.loads(archive.read("export.json"))["version"] == 1


def test_the_preview_is_how_the_file_begins(workspace: Workspace) -> None:
    datasets = Datasets(workspace)
    for form in ("alpaca", "sharegpt", "openai", "jsonl", "csv"):
        wanted = ExportSettings.model_validate({"form": form})
        whole = b"".join(datasets.export(2, wanted).pieces).decode("utf-8-sig")
        shown = datasets.preview_export(2, wanted, lines=5)
        assert shown.text == "".join(whole.splitlines(keepends=True)[:5])
        assert (shown.rows, shown.complete) == (datasets.version(2).rows, False)


def test_an_unknown_version_is_told(workspace: Workspace) -> None:
    for act in (
        lambda: Datasets(workspace).rows(9),
        lambda: Datasets(workspace).compare(1, 9),
        lambda: Datasets(workspace).export(9, ExportSettings()),
    ):
        with pytest.raises(NotFound, match="version 9"):
            act()


def test_without_imports_nothing_is_done_anew(workspace: Workspace, teacher: TeacherServer) -> None:
    calls = len(teacher.requests)
    workspace.do("dataset")
    assert len(teacher.requests) == calls
    assert len(Datasets(workspace).versions()) == 2


def test_a_version_that_is_frozen_again_keeps_its_date(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    workspace = open_workspace()
    workspace.do("dataset")
    statistics = project / "datasets" / "v1" / "statistics.json"
    os.utime(statistics, (1e9, 1e9))
    with workspace.opened() as context:
        (frozen,) = context.store.all(Dataset)
        row = frozen_rows(context, frozen.id).at([0])[0].provenance.fact_id
    review(workspace, str(row))
    workspace.do("dataset")
    (version,) = Datasets(workspace).versions()
    assert version.created_at.startswith("2001-09-09")
