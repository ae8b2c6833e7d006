"""What is exported is read back equal, is the same each time, and runs no formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.datasets import write_dataset
from loresmith.datasets.exporting import encoded, file_suffix, packed, with_system_prompt
from loresmith.datasets.mapping import propose
from loresmith.datasets.row_file import RowFile
from loresmith.records import Dataset, Example, Message, SplitName

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
        values = [row.value for row in RowFile.open(path, name=name).rows()]
    mapping = propose(values)
    return [mapping.conversation(value) for value in values]


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "openai", "jsonl", "csv"])
@given(rows=st.lists(conversations(), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_every_form_is_read_back_equal(form: str, rows: list[tuple[Message, ...]]) -> None:
    content = b"".join(encoded(examples_of(rows), form))  # type: ignore[arg-type]
    assert read_back(content, f"rows{file_suffix(form)}") == rows  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["=1+1", "+49", "-5 %", "@SUM(A1)", "\t=1", "'=1", "''-1"])
def test_no_cell_of_a_csv_file_is_a_formula(text: str) -> None:
    row = (Message(role="user", content="Q?"), Message(role="assistant", content=text))
    content = b"".join(encoded(examples_of([row]), "csv"))
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
    write_dataset(Dataset(id="d", version=1, examples=tuple(rows)), tmp_path / "v1", project="港")

    def packed_now() -> bytes:
        splits: tuple[SplitName, ...] = ("train", "validation")
        return b"".join(
            packed(
                lambda split: (one for one in rows if one.split == split),
                project="港",
                splits=splits,
                notes={},
            )
        )

    content = packed_now()
    assert content == packed_now()
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    for name in set(archive.namelist()) - {"export.json"}:
        assert archive.read(name) == (tmp_path / "v1" / name).read_bytes()
    assert {"alpaca.json", "sharegpt_validation.json", "dataset_info.json"} < {*archive.namelist()}


def test_no_rows_are_an_empty_list() -> None:
    assert json.loads(b"".join(encoded([], "alpaca"))) == []


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
