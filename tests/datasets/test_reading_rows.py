"""A file of rows is read as it stands: the good rows are kept, the bad ones are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.datasets import read_rows
from loresmith.errors import DatasetError

GOOD = {"instruction": "Who is harbour master?", "input": "", "output": "Ines Tavarel."}
CHAT = {"messages": [{"role": "user", "content": "谁主持会议？"}]}
CHAT["messages"].append({"role": "assistant", "content": "岑望舟。"})


def file_of(tmp_path: Path, text: str | bytes, name: str = "rows.json") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return path


def turns(tmp_path: Path, *rows: Any) -> list[list[tuple[str, str]]]:
    read = read_rows(file_of(tmp_path, json.dumps(list(rows), ensure_ascii=False)))
    assert read.drops == ()
    return [[(m.role, m.content) for m in example.messages] for example in read.examples]


def reasons(tmp_path: Path, *rows: Any) -> list[tuple[str, str]]:
    read = read_rows(file_of(tmp_path, json.dumps([GOOD, *rows])))
    assert len(read.examples) == 1
    return [(drop.subject_id, drop.reason) for drop in read.drops]


def test_alpaca_with_input_system_and_history(tmp_path: Path) -> None:
    row = GOOD | {"input": "Calder Reach", "system": "Be brief.", "history": [["Hi", "Hello"]]}
    assert turns(tmp_path, row, GOOD | {"system": None}) == [
        [
            ("system", "Be brief."),
            ("user", "Hi"),
            ("assistant", "Hello"),
            ("user", "Who is harbour master?\nCalder Reach"),
            ("assistant", "Ines Tavarel."),
        ],
        [("user", "Who is harbour master?"), ("assistant", "Ines Tavarel.")],
    ]


def test_sharegpt_in_both_spellings(tmp_path: Path) -> None:
    classic = {
        "conversations": [{"from": "human", "value": "Q?"}, {"from": "gpt", "value": "A."}],
        "system": "Be brief.",
    }
    assert turns(tmp_path, classic, CHAT) == [
        [("system", "Be brief."), ("user", "Q?"), ("assistant", "A.")],
        [("user", "谁主持会议？"), ("assistant", "岑望舟。")],
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_json_lines_with_blank_lines_and_a_byte_order_mark(tmp_path: Path, newline: str) -> None:
    text = newline.join([json.dumps(GOOD), "", json.dumps(CHAT, ensure_ascii=False), ""])
    read = read_rows(file_of(tmp_path, b"\xef\xbb\xbf" + text.encode(), "rows.jsonl"))
    assert len(read.examples) == 2
    assert [example.language for example in read.examples] == ["en", "zh"]


def test_line_separators_inside_a_text_do_not_part_rows(tmp_path: Path) -> None:
    row = json.dumps(GOOD | {"output": "one\u2028two\x85three"}, ensure_ascii=False)
    assert len(read_rows(file_of(tmp_path, f"{row}\n{row}\n", "rows.jsonl")).examples) == 2


def test_one_object_over_several_lines_is_one_row(tmp_path: Path) -> None:
    assert len(read_rows(file_of(tmp_path, json.dumps(GOOD, indent=2))).examples) == 1


def test_a_row_that_stands_twice_is_trained_twice_under_two_ids(tmp_path: Path) -> None:
    read = read_rows(file_of(tmp_path, json.dumps([GOOD, GOOD])))
    assert len({example.id for example in read.examples}) == 2
    assert read == read_rows(file_of(tmp_path, json.dumps([GOOD, GOOD])))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instruction": "Q?"}, "unknown_format"),
        ({"instruction": "Q?", "output": None}, "field_missing"),
        ({"instruction": "Q?", "output": ""}, "empty"),
        ({"instruction": None, "input": "", "output": "A."}, "field_missing"),
        ({"instruction": 7, "output": "A."}, "wrong_type"),
        ({"instruction": "Q?", "output": ["A."]}, "wrong_type"),
        (GOOD | {"history": [["only one"]]}, "wrong_type"),
        (GOOD | {"history": "none"}, "wrong_type"),
        ("a text", "unknown_format"),
        (None, "unknown_format"),
        ([], "unknown_format"),
        ({"messages": None}, "wrong_type"),
        ({"messages": []}, "empty"),
        ({"messages": ["hello"]}, "wrong_type"),
        ({"messages": [{"role": "robot", "content": "A."}]}, "wrong_role"),
        ({"messages": [{"content": "A."}]}, "wrong_role"),
        ({"messages": CHAT["messages"][:1]}, "wrong_role"),
        ({"messages": CHAT["messages"][::-1]}, "wrong_role"),
        ({"messages": CHAT["messages"][:1] * 2}, "wrong_role"),
        ({"messages": [CHAT["messages"][0], {"role": "assistant"}]}, "field_missing"),
        ({"messages": [CHAT["messages"][0], {"role": "assistant", "content": " "}]}, "empty"),
    ],
)
def test_a_bad_row_is_named_by_number_and_the_good_ones_are_kept(
    tmp_path: Path, row: Any, reason: str
) -> None:
    assert reasons(tmp_path, row) == [("rows.json, row 2", reason)]


def test_half_a_character_and_a_key_that_stands_twice_are_bad_rows(tmp_path: Path) -> None:
    lines = [
        json.dumps(GOOD),
        '{"instruction": "Q?", "output": "A \\ud83d"}',
        '{"instruction": "Q?", "output": "A.", "output": "B."}',
        '{"messages": [{"role": "user", "role": "assistant", "content": "A."}]}',
        '{"instruction": "Q?", "output": "A."',
        '{"instruction": 1' + "0" * 5000 + "}",
        "[" * 100_000,
    ]
    read = read_rows(file_of(tmp_path, "\n".join(lines), "rows.jsonl"))
    assert len(read.examples) == 1
    assert [(drop.subject_id[-6:], drop.reason) for drop in read.drops] == [
        ("line 2", "broken_character"),
        ("line 3", "duplicate_key"),
        ("line 4", "duplicate_key"),
        ("line 5", "not_json"),
        ("line 6", "unknown_format"),
        ("line 7", "not_json"),
    ]
    assert all(len(drop.text) <= 200 for drop in read.drops)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[]", "holds no rows"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8"),
        ("你好".encode("gb18030"), "is not UTF-8"),
        (b"[" * 100_000, "is not valid JSON"),
        (b'[{"instruction": "Q?", "output": "A."}, {"instr', "is not valid JSON"),
        (b'[{"question": "Q?", "answer": "A."}]', "'question', 'answer'"),
        (b'{"train": {"file_name": "x.json"}}', "'train'"),
        (b"instruction,output\nQ,A\n", "is no file of training rows: rows.json, line 1"),
        (b"[1, 2]", "a number instead of an object"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_was_found(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        read_rows(file_of(tmp_path, content))
    assert message in caught.value.message
    assert "rows.json" in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        read_rows(tmp_path / "none.json")
