"""A large dataset is tokenised once; whatever it was made from differs, it is tokenised anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from loresmith.models.templates import ChatTemplate
from loresmith.records import Example, Message
from loresmith.training.rows import Rows, encode_rows, rows_id
from loresmith.training.token_cache import encoded_once, forget_tokens
from tiny_model import make_tiny_tokenizer


def example(number: int, *, answer: str = "港务局") -> Example:
    turns = (
        Message(role="user", content=f"Who is {number}?"),
        Message(role="assistant", content=f"{answer}{number}"),
    )
    return Example(id=str(number), messages=turns)


MANY = [example(number) for number in range(300)]


class Counted:
    """Encodes, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = make_tiny_tokenizer()
        self._folder = folder
        self.times = 0

    def __call__(self, examples: Sequence[Example], *, max_length: int = 60) -> Rows:
        def encode(some: Sequence[Example]) -> Rows:
            self.times += 1
            template = ChatTemplate(self.tokenizer)
            return encode_rows(some, template, max_length=max_length, too_long="shorten")

        return encoded_once(examples, self.tokenizer, self._folder, encode, max_length=max_length)


@pytest.fixture
def encode(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_what_was_tokenised_is_read_back_equal(encode: Counted) -> None:
    rows = [
        *MANY,
        example(300, answer="很长的回答" * 30),
        Example(id="x", messages=MANY[0].messages[:1]),
    ]
    first, again = encode(rows), encode(rows)
    assert first == again and rows_id(first.kept) == rows_id(again.kept)
    assert first.shortened and first.dropped
    assert encode.times == 1


def test_other_rows_settings_or_templates_are_tokenised_anew(encode: Counted) -> None:
    encode(MANY)
    encode([*MANY[:-1], example(299, answer="渔港")])
    encode(MANY, max_length=50)
    encode.tokenizer.chat_template = encode.tokenizer.chat_template.replace("few", "some")
    encode(MANY)
    assert encode.times == 4


def test_a_damaged_file_is_made_anew(encode: Counted, tmp_path: Path) -> None:
    whole = encode(MANY)
    (kept,) = tmp_path.glob("tokens-*.json")
    kept.write_text(kept.read_text(encoding="utf-8")[:1000], encoding="utf-8")
    assert encode(MANY) == whole and encode.times == 2


def test_a_few_rows_leave_no_file_and_a_finished_training_none(
    encode: Counted, tmp_path: Path
) -> None:
    encode(MANY[:20])
    assert not list(tmp_path.iterdir())
    encode(MANY)
    forget_tokens(tmp_path)
    assert not list(tmp_path.iterdir())
