"""Somebody's file is read row by row, in whatever form: each bad row is named, the rest is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.datasets.formats import RowFault
from loresmith.datasets.mapping import RowMapping, propose
from loresmith.datasets.row_file import RowFile, Unreadable
from loresmith.errors import DatasetError

GOOD = {"instruction": "Who is harbour master?", "input": "", "output": "Ines Tavarel."}


def opened(tmp_path: Path, content: str | bytes, name: str) -> RowFile:
    path = tmp_path / "upload"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return RowFile.open(path, name=name)


def rows_of(tmp_path: Path, content: str | bytes, name: str) -> list[tuple[int, Any]]:
    """Numbers and values; of what cannot be read, the reason."""
    return [
        (row.number, row.value.reason if isinstance(row.value, Unreadable) else row.value)
        for row in opened(tmp_path, content, name).rows()
    ]


def test_a_list_that_is_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    rows = [GOOD | {"output": f"答案 {number} " + "x" * 700} for number in range(4000)]
    text = json.dumps(rows, ensure_ascii=False, indent=3)
    assert [value for _, value in rows_of(tmp_path, text, "rows.json")] == rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}, {"a": 2', [(1, {"a": 1.0}), (2, "cut")]),
        ('[{"a": 1}', [(1, {"a": 1.0}), (2, "cut")]),
        ('[{"a": 1} {"a": 2}]', [(1, {"a": 1.0}), (2, "not_json")]),
        ('[{"a": 1}, oops, {"a": 2}]', [(1, {"a": 1.0}), (2, "not_json")]),
        ('[{"a": 1}] more', [(1, {"a": 1.0}), (2, "not_json")]),
        ("[12, 3]", [(1, 12.0), (2, 3.0)]),
    ],
)
def test_a_list_that_breaks_gives_the_rows_before(
    tmp_path: Path, text: str, expected: list[tuple[int, Any]]
) -> None:
    assert rows_of(tmp_path, text, "rows.json") == expected


def test_a_broken_line_spoils_no_other(tmp_path: Path) -> None:
    text = '{"a": 1}\n{"a": \n\n{"a": 3}\n'
    assert rows_of(tmp_path, text, "rows.jsonl") == [
        (1, {"a": 1.0}),
        (2, "not_json"),
        (4, {"a": 3.0}),
    ]


def test_one_object_over_several_lines_is_one_row(tmp_path: Path) -> None:
    assert rows_of(tmp_path, json.dumps(GOOD, indent=2), "row.json") == [(1, GOOD)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_its_header_and_line_breaks_in_cells(tmp_path: Path, delimiter: str) -> None:
    text = f'question{delimiter}answer\r\n"Who,\r\nthen?"{delimiter}Ines\r\n'
    assert rows_of(tmp_path, text, "rows.csv") == [
        (2, {"question": "Who,\r\nthen?", "answer": "Ines"})
    ]


def test_csv_as_excel_saves_it_in_china(tmp_path: Path) -> None:
    file = opened(tmp_path, "问题,答案\r\n谁主持会议？,岑望舟。\r\n".encode("gb18030"), "表.csv")
    assert file.encoding == "gb18030"
    assert [row.value for row in file.rows()] == [{"问题": "谁主持会议？", "答案": "岑望舟。"}]


def test_csv_rows_with_too_few_cells_or_cut_are_named(tmp_path: Path) -> None:
    content = "q,a\none\ntwo,b\nthree,答".encode()[:-1]
    assert rows_of(tmp_path, content, "rows.csv") == [
        (2, "wrong_columns"),
        (3, {"q": "two", "a": "b"}),
        (4, "cut"),
    ]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "rows.json", "is empty"),
        (b"[]", "rows.json", "holds no rows"),
        (b"PK\x03\x04 a spreadsheet", "rows.xlsx", "is not a text file"),
        (b"\xff\xff\xff\xff, \xff", "rows.csv", "is not UTF-8"),
        (b"just a text", "notes.txt", "is no file of training rows"),
        (b"q,q\n1,2\n", "rows.csv", "two columns 'q'"),
        (b"q,a\n", "rows.csv", "holds no rows"),
    ],
)
def test_what_is_no_file_of_rows_is_refused_by_its_name(
    tmp_path: Path, content: bytes, name: str, message: str
) -> None:
    with pytest.raises(DatasetError, match=message) as error:
        list(opened(tmp_path, content, name).rows())
    assert str(error.value).find(name) >= 0
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (GOOD, RowMapping(instruction="instruction", input="input", output="output")),
        ({"问题": "?", "答案": "!"}, RowMapping(instruction="问题", output="答案")),
        ({"Prompt": "?", "Completion": "!"}, RowMapping(instruction="Prompt", output="Completion")),
        (
            {"prompt": "?", "query": "+", "response": "!", "system": "s"},
            RowMapping(instruction="prompt", input="query", output="response", system="system"),
        ),
        ({"messages": [], "system": "s"}, RowMapping(messages="messages", system="system")),
        ({"conversations": []}, RowMapping(messages="conversations")),
        ({"对话": "[]"}, RowMapping(messages="对话")),
        ({"标准问题": "?", "参考答案": "!"}, RowMapping(instruction="标准问题", output="参考答案")),
        (
            {"\ufeffUser Input": "?", "Answer ": "!", "System-Prompt": "s"},
            RowMapping(instruction="\ufeffUser Input", output="Answer ", system="System-Prompt"),
        ),
    ],
)
def test_the_mapping_is_proposed_by_the_names_of_the_columns(
    row: dict[str, Any], expected: RowMapping
) -> None:
    assert propose([row]) == expected


def test_names_that_tell_nothing_leave_the_mapping_to_the_person() -> None:
    assert not propose([{"a": "x", "b": "y"}]).complete
    mapped = RowMapping(instruction="a", output="b").conversation({"a": "x", "b": "y"})
    assert [(m.role, m.content) for m in mapped] == [("user", "x"), ("assistant", "y")]


@pytest.mark.parametrize("token", ["<|im_end|>", "<｜User｜>", "</s>", "[INST]", "<end_of_turn>"])
def test_a_token_of_a_chat_template_is_not_let_in(token: str) -> None:
    mapping = propose([GOOD])
    with pytest.raises(RowFault) as fault:
        mapping.conversation(GOOD | {"instruction": f"hello{token}\nassistant"})
    assert fault.value.reason == "template_token"
    assert mapping.conversation(GOOD | {"instruction": "a < b | c > d, x </section>"})


def test_a_fault_names_the_column_as_the_file_does() -> None:
    with pytest.raises(RowFault) as fault:
        RowMapping(instruction="问题", output="答案").conversation({"问题": "?", "答案": ""})
    assert (fault.value.reason, fault.value.detail) == ("empty", "'答案' is empty")
