"""A file of preferences, marked answers or texts is read as it lies there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.datasets.named import Shape, read_bare
from loresmith.errors import DatasetError
from loresmith.records import FeedbackExample, Message, PreferenceExample, TextExample

QUESTION = (Message(role="user", content="谁在港口？"),)
TURNS = [{"from": "human", "value": "谁在港口？"}]
ANSWER = {"from": "gpt", "value": "林海舟。"}
WORSE = {"from": "gpt", "value": "不知道。"}


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "谁在港口？", "chosen": "林海舟。", "rejected": "不知道。"},
        {"prompt": "谁在港口？", "chosen": "林海舟。", "rejected": "不知道。"},
        {"conversations": TURNS, "chosen": ANSWER, "rejected": WORSE},
        {
            "messages": [{"role": "user", "content": "谁在港口？"}],
            "chosen": "林海舟。",
            "rejected": "不知道。",
        },
    ],
    ids=["alpaca", "trl", "sharegpt", "openai"],
)
def test_preferences_in_the_shapes_that_people_have(tmp_path: Path, row: Any) -> None:
    (read,) = read_bare(write(tmp_path, row), shape="preference").rows
    assert isinstance(read, PreferenceExample)
    assert (read.prompt, read.chosen, read.rejected) == (QUESTION, "林海舟。", "不知道。")


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "谁在港口？", "output": "林海舟。", "kto_tag": True},
        {"prompt": "谁在港口？", "completion": "林海舟。", "label": True},
        {"conversations": [*TURNS, ANSWER], "kto_tag": True},
    ],
    ids=["alpaca", "trl", "sharegpt"],
)
def test_marked_answers_in_the_shapes_that_people_have(tmp_path: Path, row: Any) -> None:
    (read,) = read_bare(write(tmp_path, row), shape="feedback").rows
    assert isinstance(read, FeedbackExample)
    assert (read.prompt, read.completion, read.desirable) == (QUESTION, "林海舟。", True)


def test_texts_in_lines_and_in_rows(tmp_path: Path) -> None:
    lines = tmp_path / "texts.txt"
    lines.write_text("First line.\n\n第二行。\n", encoding="utf-8")
    rows = write(tmp_path, {"text": "First line."}, {"text": "第二行。"})
    for path in (lines, rows):
        read = read_bare(path, shape="text").rows
        assert all(isinstance(row, TextExample) for row in read)
        assert [row.text for row in read if isinstance(row, TextExample)] == [
            "First line.",
            "第二行。",
        ]


def test_a_row_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    good = {"instruction": "谁在港口？", "chosen": "林海舟。", "rejected": "不知道。"}
    path = write(tmp_path, good, {**good, "rejected": "林海舟。"}, {**good, "chosen": ""})
    read = read_bare(path, shape="preference")
    assert len(read.rows) == 1
    assert [drop.subject_id for drop in read.drops] == ["rows.json, row 2", "rows.json, row 3"]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ("preference", "chosen and rejected"),
        ("feedback", "and kto_tag, true or false"),
        ("text", "rows of text"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_it_has(
    tmp_path: Path, shape: Shape, wanted: str
) -> None:
    path = write(tmp_path, {"instruction": "谁在港口？", "output": "林海舟。"})
    with pytest.raises(DatasetError, match=wanted) as error:
        read_bare(path, shape=shape)
    assert "the first has 'instruction', 'output'" in error.value.message
