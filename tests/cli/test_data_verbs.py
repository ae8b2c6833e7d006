"""Rows come in and versions go out at the command line, each failure with its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.rows import RowFilter, Rows
from projects import Finished
from written_rows import copy_written

Loresmith = Callable[..., Finished]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "coast" / "documents").mkdir(parents=True)
    return tmp_path / "coast"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [{"Q": f"问题 {n}？", "A": f"答案 {n}。"} for n in range(3)]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text(text + '\n{"Q": "no answer?"}\n{"Q": "cut', encoding="utf-8")
    return path


def test_rows_come_in_and_go_out(loresmith: Loresmith, empty: Path, rows: Path) -> None:
    taken = loresmith("import", empty, rows, "--map", "question=Q,answer=A")
    assert taken.code == 1
    assert "rows.jsonl: 3 of 5 rows taken" in taken.out
    assert "row 4: field_missing ('A' is missing)" in taken.out
    assert "row 5: not_json" in taken.out
    frozen = loresmith("dataset", empty, "--teacher", "ollama:none")
    assert frozen.code == 0, frozen.err
    target = empty.parent / "out.csv"
    written = loresmith("export-dataset", empty, "--form", "alpaca", "--output", target)
    assert (written.code, "Wrote 3 rows of version 1" in written.out) == (0, True), written.err
    assert target.read_text("utf-8-sig").startswith("instruction,input,output")
    folder = empty.parent / "folder"
    assert loresmith("export-dataset", empty, "--output", folder).code == 0
    assert (folder / "dataset_info.json").exists() and (folder / "README.md").exists()
    own = ("--form", "custom", "--field", "问=question", "--field", "答=answer")
    target = empty.parent / "own.jsonl"
    assert loresmith("export-dataset", empty, *own, "--output", target).code == 0
    first = json.loads(target.read_text("utf-8").splitlines()[0])
    assert first == {"问": "问题 0？", "答": "答案 0。"}


def test_what_is_wrong_is_said(loresmith: Loresmith, empty: Path, rows: Path) -> None:
    unknown = rows.with_name("unknown.json")
    unknown.write_text('[{"frage": "Wer?", "antwort": "Ines."}]')
    unclear = loresmith("import", empty, unknown)
    assert (unclear.code, "which columns of unknown.json" in unclear.err) == (1, True)
    assert loresmith("import", empty, rows, "--map", "anser=A").code == 2
    assert loresmith("import", empty, "nowhere.json").code == 2
    none_yet = loresmith("export-dataset", empty, "--output", "out")
    assert (none_yet.code, "there is no version 1" in none_yet.err) == (2, True)
    assert loresmith("export-dataset", empty).code == 2


def test_rows_are_marked_by_what_they_say(loresmith: Loresmith, tmp_path: Path) -> None:
    project = copy_written(tmp_path / "coast")
    marking = ("--search", "2031", "--stars", "4", "--tag", "to check")
    done = loresmith("mark", project, *marking)
    assert done.code == 0, done.err
    marked = Rows(Workspace(project)).page(RowFilter(stars=(4,), tags=("to check",)))
    assert marked.total > 1 and f"{marked.total} rows are marked" in done.out
    refused = loresmith("mark", project, "--stars", "4")
    assert (refused.code, "which rows" in refused.err) == (2, True)
