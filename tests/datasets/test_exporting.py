"""What is exported is read back equal, is the same each time, and runs no formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from loresmith.datasets import FrozenDataset, write_dataset
from loresmith.datasets.exporting import (
    AnyExportForm,
    ExportForm,
    FileKind,
    SourcedRow,
    folder_files,
    with_system_prompt,
    written,
    zipped,
)
from loresmith.datasets.mapping import propose
from loresmith.datasets.opening import open_rows
from loresmith.records import Example, Message, SplitName, TrainingRow

_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="<[\0"), min_size=1, max_size=30
).filter(str.strip)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    turns = draw(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=3))
    system = draw(st.none() | _TEXT)
    head = [Message(role="system", content=system)] if system else []
    for question, answer in turns:
        head += [
            Message(role="user", content=question),
            Message(role="assistant", content=answer),
        ]
    return tuple(head)


def examples_of(conversations: Iterable[tuple[Message, ...]]) -> list[Example]:
    return [Example(id=str(n), messages=messages) for n, messages in enumerate(conversations)]


def read_back(content: bytes, name: str) -> list[tuple[Message, ...]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        values = [row.value for row in open_rows(path, name=name).rows()]
    mapping = propose(values)
    return [mapping.conversation(value) for value in values]


def form_of(name: str, **settings: Any) -> ExportForm:
    form: ExportForm = TypeAdapter(AnyExportForm).validate_python({"type": name, **settings})
    return form


def encoded(
    rows: Iterable[TrainingRow], name: str, *, file: FileKind | None = None, **settings: Any
) -> bytes:
    form = form_of(name, **settings)
    made = (one for row in rows for one in form.rows(SourcedRow(row)))
    return b"".join(written(made, file or form.file, form.columns))


@pytest.mark.parametrize(
    ("form", "file"),
    [
        *(("alpaca", file) for file in ("json", "jsonl", "csv", "parquet")),
        *(("sharegpt", file) for file in ("json", "jsonl", "csv", "parquet")),
        *(("openai", "jsonl"), ("jsonl", "jsonl"), ("csv", "csv"), ("parquet", "parquet")),
        *(("multilingual-thinking", file) for file in ("json", "jsonl", "parquet")),
    ],
)
@given(rows=st.lists(conversations(), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_every_form_is_read_back_equal(
    form: str, file: FileKind, rows: list[tuple[Message, ...]]
) -> None:
    content = encoded(examples_of(rows), form, file=file)
    assert read_back(content, f"rows.{file}") == rows
    assert encoded(examples_of(rows), form, file=file) == content


@pytest.mark.parametrize("text", ["=1+1", "+49", "-5 %", "@SUM(A1)", "\t=1", "'=1", "''-1"])
def test_no_cell_of_a_csv_file_is_a_formula(text: str) -> None:
    row = (Message(role="user", content="Q?"), Message(role="assistant", content=text))
    content = encoded(examples_of([row]), "csv")
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1]
    assert cells[1 + 1] == f"'{text}"
    assert read_back(content, "rows.csv") == [row]


def test_the_zip_holds_the_files_that_a_version_has_on_disk(tmp_path: Path) -> None:
    def row(number: int, split: SplitName) -> Example:
        turns = (
            Message(role="user", content=f"问 {number}"),
            Message(role="assistant", content="答"),
        )
        return Example(id=str(number), messages=turns, split=split)

    rows = [row(1, "train"), row(2, "train"), row(3, "validation")]
    write_dataset(
        FrozenDataset(id="d", version=1, examples=tuple(rows)), tmp_path / "v1", project="港"
    )

    def packed_now() -> bytes:
        files = folder_files(
            lambda split: (SourcedRow(one) for one in rows if one.split == split),
            form_of("llamafactory"),
            project="港",
            splits=("train", "validation"),
            notes={"dataset": "d", "version": 1},
        )
        return b"".join(zipped(files))

    content = packed_now()
    assert content == packed_now()
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    for name in archive.namelist():
        assert archive.read(name) == (tmp_path / "v1" / name).read_bytes()
    assert {"alpaca.json", "sharegpt_validation.json", "dataset_info.json"} < {*archive.namelist()}


def test_no_rows_are_an_empty_list() -> None:
    assert json.loads(encoded([], "alpaca")) == []


def test_system_prompts_are_kept_left_out_or_added() -> None:
    plain = examples_of(
        [(Message(role="user", content="Q"), Message(role="assistant", content="A"))]
    )[0]
    own = plain.model_copy(
        update={"messages": (Message(role="system", content="own"), *plain.messages)}
    )
    assert with_system_prompt(own, None) == own
    assert with_system_prompt(own, "").messages == plain.messages
    assert with_system_prompt(own, "other").messages[0].content == "own"
    assert with_system_prompt(plain, "other").messages[0].content == "other"
