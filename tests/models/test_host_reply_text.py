"""What is streamed adds up to the whole reply, and nothing has to be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.models.hosting.reply_text import ReplyText
from loresmith.models.thinking import split_thinking
from tiny_model import make_tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tiny_tokenizer()


def streamed(tokenizer: Any, text: str, *, stop: tuple[str, ...] = ()) -> tuple[str, str]:
    reply = ReplyText(tokenizer, stop=stop)
    reasoning = shown = ""
    for token in tokenizer.encode(text, add_special_tokens=False):
        piece = reply.add(token)
        reasoning, shown = reasoning + piece.reasoning, shown + piece.text
        assert "\N{REPLACEMENT CHARACTER}" not in piece.text
        if reply.stopped:
            break
    piece = reply.end()
    return reasoning + piece.reasoning, shown + piece.text


TEXTS = st.text(alphabet=st.sampled_from("ab <>/thinkx\n港务局🚢é12.,"), max_size=40)


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_pieces_add_up_to_the_text_without_white_space_around_it(text: str) -> None:
    if text.lstrip().startswith("<think>"):
        return
    assert streamed(make_tokenizer_once(), text)[1] == text.strip()


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, stop=st.text(alphabet="ab港 1", min_size=1, max_size=3))
def test_nothing_from_a_stop_string_on_is_shown(text: str, stop: str) -> None:
    if text.lstrip().startswith("<think>"):
        return
    shown = streamed(make_tokenizer_once(), text, stop=(stop,))[1]
    assert shown == text.lstrip().partition(stop)[0].rstrip()


@pytest.mark.parametrize(
    "text",
    [
        "<think>so and so</think>\n\n42.",
        " <think>\n一二\n</think>好。",
        "<think>never ends",
        "<thin",
    ],
)
def test_thinking_is_parted_from_the_text_as_in_exams(tokenizer: Any, text: str) -> None:
    reasoning, shown = streamed(tokenizer, text)
    expected = split_thinking(text.strip())
    assert (reasoning.strip(), shown) == (expected.reasoning, expected.text)


def test_a_reply_that_is_cut_off_amid_a_character_ends_before_it(tokenizer: Any) -> None:
    tokens = tokenizer.encode("港务🚢", add_special_tokens=False)
    assert tokenizer.decode(tokens[:-1]).endswith("\N{REPLACEMENT CHARACTER}")
    reply = ReplyText(tokenizer)
    shown = "".join(reply.add(token).text for token in tokens[:-1])
    assert shown + reply.end().text == "港务"


def make_tokenizer_once() -> Any:
    if not _kept:
        _kept.append(make_tiny_tokenizer())
    return _kept[0]


_kept: list[Any] = []
