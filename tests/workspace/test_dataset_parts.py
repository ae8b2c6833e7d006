"""Rows are frozen through files and stored in parts: nothing of them changes on the way, whatever
kills it, and memory does not grow with them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.datasets import Assembly, Freezing, FrozenDataset, KeptRows, write_dataset
from loresmith.datasets.build import FactRows
from loresmith.errors import StoreError
from loresmith.records import Dataset, DatasetPart, Example, ImportedRow, Message
from loresmith.workspace import dataset_parts
from loresmith.workspace.context import Context
from loresmith.workspace.dataset_parts import (
    RowsInFiles,
    rows_in_files,
    store_parts,
    stored_dataset,
)
from loresmith.workspace.datasets import Imports, import_path
from loresmith.workspace.frozen_rows import frozen_rows
from rows_of_every_kind import rows_of_every_kind


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    (tmp_path / "coast" / "documents").mkdir(parents=True)
    with Workspace(tmp_path / "coast", teacher="openai:nobody").opened() as opened:
        yield opened


def frozen_into(rows: KeptRows | None) -> FrozenDataset:
    given = rows_of_every_kind()
    freezing = Assembly().freeze(given.facts, given.wordings, given.documents, seed=1, rows=rows)
    freezing.take_written(given.written, given.facts, given.documents)
    freezing.take_imported(given.imported)
    return freezing.dataset(1)


def files_of(frozen: FrozenDataset, folder: Path) -> dict[str, bytes]:
    write_dataset(frozen, folder, project="coast")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_parts_and_memory_all_hold_the_same_rows(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_parts, "ROWS_A_PART", 7)
    in_memory = frozen_into(None)
    wanted = files_of(in_memory, tmp_path / "memory")
    with rows_in_files(context) as files:
        through_files = frozen_into(files)
        assert files_of(through_files, tmp_path / "files") == wanted
        head = store_parts(context, through_files)
    context.store.add([head])
    stored = stored_dataset(context, through_files.id)
    assert files_of(stored, tmp_path / "stored") == wanted
    assert list(frozen_rows(context, head.id)) == in_memory.examples
    assert head.rows + head.validation_rows == len(list(in_memory.examples))
    assert head.others == len(list(in_memory.others))
    assert not list(context.project.state.glob("datasets/.*"))


def test_a_dataset_that_lacks_a_part_is_not_passed_off_as_whole(context: Context) -> None:
    frozen = frozen_into(None)
    head = store_parts(context, frozen)
    context.store.add([head.model_copy(update={"parts": head.parts + 1})])
    with pytest.raises(StoreError, match="no longer stored"):
        list(stored_dataset(context, frozen.id).others)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    few, many = (_peak_of_freezing(tmp_path / str(count), count) for count in (500, 4500))
    assert (many - few) / 4000 < 500  # bytes a row, of rows of 1,500


def _peak_of_freezing(folder: Path, count: int) -> int:
    folder.mkdir()
    rows = RowsInFiles(folder)
    tracemalloc.start()
    freezing = Freezing(FactRows(iter(()), ()), rows)
    freezing.take_imported(map(_long_row, range(count)))
    write_dataset(freezing.dataset(1), folder / "v1", project="coast")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows.close()
    assert len(freezing) == count
    return peak


def _long_row(number: int) -> ImportedRow:
    question, answer = f"{number}? " * 80, f"{number}. " * 120
    return ImportedRow(
        id=f"row {number}",
        messages=(
            Message(role="user", content=question),
            Message(role="assistant", content=answer),
        ),
        source="rows.jsonl",
        number=number,
    )


FREEZE_AND_DIE = """if True:
    import os, signal, sys
    from loresmith import Workspace
    from loresmith.records import DatasetPart
    from loresmith.store.sql import SqlStore
    from loresmith.workspace import dataset_parts
    dataset_parts.ROWS_A_PART = 7
    add, seen = SqlStore.add, []
    def counted(self, records):
        done = add(self, records)
        seen.extend(one for one in records if isinstance(one, DatasetPart))
        if len(seen) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    SqlStore.add = counted
    Workspace(sys.argv[1], teacher="openai:nobody").do("dataset")
"""


def test_a_freezing_that_is_killed_again_and_again_ends_as_one_that_was_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_parts, "ROWS_A_PART", 7)
    killed, left_alone = _with_rows(tmp_path / "killed"), _with_rows(tmp_path / "left-alone")
    for parts in ("1", "4"):
        words = [sys.executable, "-c", FREEZE_AND_DIE, str(killed.project.folder), parts]
        assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
        with killed.opened() as context:
            assert context.store.all(Dataset) == []
            assert len(context.store.all(DatasetPart)) == int(parts)
    for workspace in (killed, left_alone):
        workspace.do("dataset")
    assert _files(killed) == _files(left_alone)
    assert _records(killed) == _records(left_alone)
    assert not list(killed.project.state.glob("datasets/.*"))


def _with_rows(folder: Path) -> Workspace:
    (folder / "documents").mkdir(parents=True)
    workspace = Workspace(folder, teacher="openai:nobody")
    lines = (
        json.dumps({"question": f"Berth {number}?", "answer": f"{number} crates 澜屿."}) + "\n"
        for number in range(60)
    )
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    import_path(Imports(workspace), folder / "rows.jsonl")
    return workspace


def _files(workspace: Workspace) -> dict[str, bytes]:
    version = workspace.project.datasets / "v1"
    found = {path.name: path.read_bytes() for path in version.iterdir()}
    found.pop("README.md"), found.pop("dataset_info.json")  # they name the project
    return found


def _records(workspace: Workspace) -> tuple[list[Dataset], list[DatasetPart], list[Example]]:
    with workspace.opened() as context:
        (frozen,) = context.store.all(Dataset)
        rows = list(frozen_rows(context, frozen.id))
        return [frozen], context.store.all(DatasetPart), rows
