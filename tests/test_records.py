"""Records: whatever the kind, they come back from JSON as they went."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import pytest
from pydantic import ValidationError

import loresmith.records as records
from loresmith.records import Document, Fact, Heading, Message, StoredRecord, Usage
from loresmith.store.base import KINDS

STORED = [
    kind
    for kind in vars(records).values()
    if isinstance(kind, type) and issubclass(kind, StoredRecord) and kind is not StoredRecord
]


def sample(annotation: Any) -> Any:
    """A value of a field's type that is as awkward as the type allows."""
    if annotation is records.Tag:  # which holds others like it, without end
        return records.Tag(label=sample(str), children=(records.Tag(label=sample(str)),))
    if isinstance(annotation, type) and issubclass(annotation, records.Record):
        return annotation(**{k: sample(f.annotation) for k, f in annotation.model_fields.items()})
    if get_origin(annotation) is tuple:
        return (sample(get_args(annotation)[0]),) * 2
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return {sample(key): sample(value)}
    if get_args(annotation):  # Literal or Optional: the first member
        first = get_args(annotation)[0]
        return first if isinstance(first, str) else sample(first)
    awkward = {str: '£9.4\u3000百万 "q" \\ \x00 \u2028 🚢\n', bool: True, int: 3, float: 0.1 + 0.2}
    return awkward[annotation]


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_a_record_comes_back_from_json_equal(kind: type[StoredRecord]) -> None:
    record = sample(kind)
    again = kind.model_validate_json(record.model_dump_json())
    assert again == record
    assert again.model_dump_json() == record.model_dump_json()


def test_every_kind_that_a_store_keeps_is_tried_here() -> None:
    assert set(KINDS) <= set(STORED)


def test_half_a_surrogate_pair_becomes_a_replacement_and_positions_stay() -> None:
    document = Document(
        id="d",
        name="坏\udce5名.txt",
        title="",
        text="ab\ud83dcd",
        language="zh",
        media_type="text/plain",
        source_sha256="",
        headings=(Heading(level=1, title="\udfff", start=0),),
        warnings=("could not read \udcff",),
    )
    assert document.name == "坏\ufffd名.txt"
    assert document.text == "ab\ufffdcd"
    assert document.headings[0].title == "\ufffd"
    assert document.warnings == ("could not read \ufffd",)
    assert Document.model_validate_json(document.model_dump_json()) == document


def test_whole_characters_are_left_alone() -> None:
    assert Message(role="user", content="🚢 渔港 \x00").content == "🚢 渔港 \x00"


def test_a_record_cannot_be_changed_and_takes_no_unknown_field() -> None:
    message = Message(role="user", content="")
    with pytest.raises(ValidationError, match="frozen"):
        message.content = "x"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Message.model_validate({"role": "user", "content": "", "name": "x"})


def test_a_position_before_the_text_is_refused() -> None:
    with pytest.raises(ValidationError):
        Heading(level=1, title="", start=-1)


def test_records_are_hashable_values() -> None:
    assert len({Message(role="user", content="a"), Message(role="user", content="a")}) == 1


def test_a_fact_needs_no_evidence_until_it_is_found() -> None:
    assert Fact.model_fields["evidence"].default == ()


def test_usage_adds_up() -> None:
    total = Usage(calls=1, prompt_tokens=10) + Usage(calls=2, cached=1, completion_tokens=5)
    assert total == Usage(calls=3, cached=1, prompt_tokens=10, completion_tokens=5)
