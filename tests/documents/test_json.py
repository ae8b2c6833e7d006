"""JSON as text: every value with the path of its keys, nothing escaped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.documents import JsonParser
from loresmith.errors import DocumentError
from loresmith.records import Document


def parse(text: str, name: str = "port.json") -> Document:
    return JsonParser().parse_bytes(text.encode(), name=name)


def test_values_stand_with_the_path_of_their_keys_and_chinese_unescaped():
    value = {
        "港口": {"名称": "澜屿渔港", "开放": True, "备注": None},
        "quays": [{"name": "Lantern", "log": "first line\nsecond line"}, {"name": "Orrin"}],
        "tags": ["fish", "coal"],
    }
    assert parse(json.dumps(value)).text == (
        "港口.名称: 澜屿渔港\n港口.开放: true\n"
        "quays[0].name: Lantern\nquays[0].log:\nfirst line\nsecond line\n\n\n"
        "quays[1].name: Orrin\n\ntags: fish; coal\n"
    )


def test_numbers_stay_as_they_are_written():
    assert parse('{"a": 1.10, "b": 1e3, "c": ' + "9" * 5000 + "}").text == (
        "a: 1.10\nb: 1e3\nc: " + "9" * 5000 + "\n"
    )


def test_objects_that_are_alike_become_a_table():
    text = '{"dues": [{"quay": "Lantern", "due": 412}, {"quay": "灯笼|码头", "due": 583}]}'
    assert parse(text).text == (
        "\ndues:\n| quay | due |\n| --- | --- |\n| Lantern | 412 |\n| 灯笼\\|码头 | 583 |\n\n"
    )


def test_lines_of_json_are_records_that_an_empty_line_parts():
    text = '{"q": "When?", "a": "In 1911."}\n\n{"q": "Where?"}\n'
    assert parse(text, "rows.jsonl").text == "q: When?\na: In 1911.\n\nq: Where?\n"


def test_lines_that_are_alike_become_a_table():
    text = '{"y": 2030, "n": "甲"}\n{"y": 2031, "n": "乙"}\n'
    assert (
        parse(text, "rows.jsonl").text == "| y | n |\n| --- | --- |\n| 2030 | 甲 |\n| 2031 | 乙 |\n"
    )


def test_lines_of_json_in_a_json_file_are_read_as_such():
    assert parse('{"a": "x"}\n{"b": "y"}\n').text == "a: x\n\nb: y\n"


def test_a_broken_line_stays_as_written_and_is_counted():
    document = parse('{"a": "x"}\n{"b": "cut of\n', "rows.jsonl")
    assert document.text == 'a: x\n\n{"b": "cut of\n'
    assert document.warnings == ("1 line is not whole JSON and stayed as written",)


def test_half_a_surrogate_pair_and_a_nul_do_not_get_into_the_text():
    document = parse('{"a": "x\\ud800y\\u0000z"}')
    assert document.text == "a: xyz\n"
    assert document.warnings == ("removed 2 control characters (such as NUL) from the text",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": [1, 2', "is not whole JSON: .* in line 1"),
        ("[" * 100_000 + "]" * 100_000, "nested more than 60 levels deep"),
        ("[" * 200 + "1" + "]" * 200, "nested more than 60 levels deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested more than 60 levels deep"),
        ("no json at all", "is not whole JSON"),
        ("{}", "holds no text"),
    ],
)
def test_what_is_broken_or_too_deep_is_refused(text: str, told: str):
    with pytest.raises(DocumentError, match=told) as caught:
        parse(text)
    assert caught.value.hint


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(categories=("L", "N"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_every_text_and_number_is_in_what_comes_out(value: object):
    def leaves(part: object) -> list[str]:
        if isinstance(part, dict):
            return [leaf for one in part.values() for leaf in leaves(one)]
        if isinstance(part, list):
            return [leaf for one in part for leaf in leaves(one)]
        return [] if part is None or isinstance(part, bool) else [str(part)]

    expected = [leaf for leaf in leaves(value) if leaf]
    if not expected:
        return
    text = parse(json.dumps(value)).text
    assert all(leaf in text for leaf in expected)
