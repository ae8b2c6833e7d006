"""JSON is read whole and exactly or not at all; slips of form are forgiven, loss is not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.models.json_reading import JSONFault, find_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def read(text: str) -> Any:
    (found,) = find_json(text)
    return found.value


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.sampled_from([None, 1]), st.booleans())
def test_whatever_is_json_is_read_as_json_reads_it(
    value: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read(text) == json.loads(text)
    assert read(f"好的：\n```json\n{text}\n```\n完毕。") == json.loads(text)


@settings(max_examples=150, deadline=None)
@given(OBJECTS.filter(bool), st.data())
def test_no_beginning_of_an_object_is_taken_for_a_whole(
    value: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=False)
    beginning = text[: data.draw(st.integers(0, len(text) - 1))]
    with contextlib.suppress(JSONFault):
        assert find_json(beginning) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1, b_2: [True, None],}", {"a": 1, "b_2": [True, None]}),
        ("{'he said': 'it is \"so\"'}", {"he said": 'it is "so"'}),
        ('{"a": "他说“好”，走了"}', {"a": "他说“好”，走了"}),
        ("{“a”: “他说“好”，走了”}", {"a": "他说“好”，走了"}),
        ('{"a": "see // not a comment /* here */"}', {"a": "see // not a comment /* here */"}),
        ('{"a": "5\\" pipe", "b": "\\u4e2d\\ud83d\\ude00"}', {"a": '5" pipe', "b": "中😀"}),
        ('{"a": "x "y" z"}', {"a": 'x "y" z'}),
        ('{"a": -1.5e3, "b": 0}', {"a": -1500.0, "b": 0}),
    ],
)
def test_slips_of_form_have_one_reading(text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 12%}',
        '{"a": 3,100万}',
        '{"a": 007}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": Infinity}',
        '{"a": undefined}',
        '{"a": "x", "b" "y"}',
        '{"a": "x, "b": "y"}',
        '["a" b", "c", "d" e"]',
        '{"a": "\\alpha"}',
        '{"a": "\\u12"}',
        '{"a": 1]',
        '{"a": 1 "b": 2}',
        '{"a": {"b": 1}',
        '{"a": {"b": 1}, "c": [{"b": 2}, {"b"',
    ],
)
def test_what_has_several_readings_is_refused(text: str) -> None:
    with pytest.raises(JSONFault):
        find_json(text)


@pytest.mark.parametrize(
    "text", ["", "见 [1] 和 [2-3]，[链接](http://a/b)。", "用 {x} 表示，\\frac{1}{2}", "- [ ] 待办"]
)
def test_brackets_of_prose_are_not_json(text: str) -> None:
    assert find_json(text) == [] or [found.value for found in find_json(text)] == [[]]
