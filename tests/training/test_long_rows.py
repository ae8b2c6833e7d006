"""A row that is too long is left out, shortened or refused; the template's marks are never cut."""

from __future__ import annotations

import pytest

from loresmith.errors import TrainingError
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example, Message
from loresmith.training.rows import encode_rows
from tiny_model import make_tiny_tokenizer

QUESTION = "潮汐表上写着什么？" * 20
TURNS = (("user", "Who?"), ("assistant", "Ilse."), ("user", "谁？"), ("assistant", "岑望舟。"))


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    return ChatTemplate(make_tiny_tokenizer())


def row(id: str, *turns: tuple[str, str]) -> Example:
    messages = tuple(Message.model_validate({"role": r, "content": c}) for r, c in turns)
    return Example(id=id, messages=messages)


SHORT = row("short", *TURNS)
LONG_QUESTION = row("question", ("user", QUESTION), ("assistant", "岑望舟。"))
LONG_REPLY = row("reply", ("user", "Who?"), ("assistant", QUESTION))
LONG_MARKS = row("marks", *(TURNS * 20))


def text(template: ChatTemplate, ids: list[int]) -> str:
    return str(template._tokenizer.decode(ids))


def test_by_default_a_longer_row_is_left_out_and_named(template: ChatTemplate) -> None:
    rows = encode_rows([SHORT, LONG_QUESTION], template, max_length=120)
    assert len(rows.kept) == 1 and not rows.shortened
    (drop,) = rows.dropped
    assert (drop.subject_id, drop.reason) == ("question", "too_long")
    assert drop.detail.endswith("max_length is 120")


@pytest.mark.parametrize("example", [LONG_QUESTION, LONG_REPLY], ids=lambda one: one.id)
def test_a_shortened_row_keeps_every_mark_and_fills_its_room(
    template: ChatTemplate, example: Example
) -> None:
    whole = text(template, template.encode_example(example.messages).input_ids)
    rows = encode_rows([SHORT, example], template, max_length=120, too_long="shorten")
    assert not rows.dropped and [one.subject_id for one in rows.shortened] == [example.id]
    kept = rows.kept[1]
    assert 110 <= len(kept.input_ids) <= 120
    cut = text(template, kept.input_ids)
    assert cut.count("<|im_start|>") == whole.count("<|im_start|>")
    assert cut.endswith("<|im_end|>\n") and "潮汐表" in cut
    assert any(kept.labels_mask)


def test_a_row_whose_marks_alone_are_too_long_is_left_out(template: ChatTemplate) -> None:
    rows = encode_rows([LONG_MARKS], template, max_length=120, too_long="shorten")
    assert not rows.kept and rows.dropped[0].reason == "too_long"


def test_a_longer_row_can_stop_the_training_before_it_begins(template: ChatTemplate) -> None:
    with pytest.raises(TrainingError, match="1 rows are longer than max_length=120: question"):
        encode_rows([SHORT, LONG_QUESTION], template, max_length=120, too_long="error")
    assert encode_rows([SHORT], template, max_length=120, too_long="error").kept


def test_of_a_conversation_every_reply_the_last_or_all_of_it_is_learned(
    template: ChatTemplate,
) -> None:
    def learned(which: str) -> str:
        (kept,) = encode_rows([SHORT], template, max_length=200, learn=which).kept  # type: ignore[arg-type]
        pairs = zip(kept.input_ids, kept.labels_mask, strict=True)
        return text(template, [token for token, mark in pairs if mark])

    assert learned("replies") == "Ilse.<|im_end|>岑望舟。<|im_end|>"
    assert learned("last_reply") == "岑望舟。<|im_end|>"
    assert "谁？" in learned("everything") and "Ilse." in learned("everything")
