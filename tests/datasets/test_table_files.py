"""Parquet and Arrow files give the rows that their JSON twin gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_folders import dataset_folder
from loresmith.datasets import NamedRows, read_named
from loresmith.errors import DatasetError, MissingDependency

CONVERSATIONS: list[dict[str, Any]] = [
    {
        "conversations": [
            {"from": "human", "value": f"第 {number} 个问题？"},
            {"from": "gpt", "value": f"Answer {number}."},
        ],
        "system": None if number % 2 else "简短回答。",
    }
    for number in range(1200)
]
CONVERSATIONS[7]["conversations"][1]["value"] = ""
ENTRY = {"formatting": "sharegpt", "columns": {"messages": "conversations", "system": "system"}}


def read(folder: Path, file_name: str) -> NamedRows:
    dataset_folder(folder, {"rows": {"file_name": file_name, **ENTRY}})
    return read_named(["rows"], folder=folder)


def told(rows: NamedRows) -> tuple[list[Any], list[tuple[str, str]]]:
    """All that is said of the rows, less the names of the files."""
    drops = [(drop.reason, drop.detail) for drop in rows.drops]
    return [(row.id, row.messages, row.language) for row in rows.examples], drops


def test_files_of_the_datasets_library_read_as_their_json_lines_do(tmp_path: Path) -> None:
    try:
        from datasets import Dataset
    except ImportError as error:
        pytest.skip(f"the datasets package cannot be loaded: {error}")
    dataset = Dataset.from_list(CONVERSATIONS)
    dataset.to_parquet(str(tmp_path / "rows.parquet"))
    dataset.save_to_disk(str(tmp_path / "saved"))
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in CONVERSATIONS)
    (tmp_path / "rows.jsonl").write_text(text, "utf-8")
    expected = read(tmp_path, "rows.jsonl")
    assert len(expected.examples) == 1199
    for name in ("rows.parquet", "saved"):
        rows = read(tmp_path, name)
        assert told(rows) == told(expected)
        assert rows.drops[0].subject_id.endswith(", row 8")


def test_both_kinds_of_arrow_file(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    table = pyarrow.Table.from_pylist(CONVERSATIONS)
    for name, writer in (("s.arrow", pyarrow.ipc.new_stream), ("f.arrow", pyarrow.ipc.new_file)):
        with pyarrow.OSFile(str(tmp_path / name), "wb") as sink, writer(sink, table.schema) as out:
            out.write_table(table)
        assert len(read(tmp_path, name).examples) == 1199


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow"])
def test_a_file_that_is_none_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    (tmp_path / name).write_bytes(b"not a table at all, however long it is")
    with pytest.raises(DatasetError, match=f"rows: {name} cannot be read as {name[5:]}: "):
        read(tmp_path, name)


def test_values_that_json_does_not_have_are_bad_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    rows = [{"instruction": b"Q", "output": b"A"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    dataset_folder(tmp_path, {"rows": {"file_name": "rows.parquet"}})
    with pytest.raises(
        DatasetError, match="'instruction' is binary data or a date instead of text"
    ):
        read_named(["rows"], folder=tmp_path)


def test_without_pyarrow_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingDependency) as caught:
        read(tmp_path, "rows.parquet")
    assert caught.value.hint == "pip install 'loresmith[train]'"
