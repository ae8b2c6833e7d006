"""The scripted model answers as told and remembers what it was asked."""

from __future__ import annotations

import pytest

from loresmith.errors import ModelUnavailable, ReplyRejected
from loresmith.models.base import Sampling
from loresmith.models.scripted import ScriptedModel
from loresmith.records import Message, Reply

ASKED = (Message(role="user", content="在吗？"),)


def test_a_list_is_answered_in_order_and_then_comes_to_its_end() -> None:
    with ScriptedModel(["在", Reply(text="还在"), ReplyRejected("不答")]) as model:
        assert [model.reply(ASKED, Sampling()).text for _ in range(2)] == ["在", "还在"]
        with pytest.raises(ReplyRejected):
            model.reply(ASKED, Sampling())
        with pytest.raises(ModelUnavailable, match="has 3 replies; this is call 4"):
            model.reply(ASKED, Sampling())


def test_a_function_sees_the_messages_and_calls_are_recorded() -> None:
    model = ScriptedModel(lambda messages: messages[-1].content * 2, name="echo")
    assert model.reply(ASKED, Sampling(max_tokens=5)).text == "在吗？在吗？"
    assert model.calls == [(ASKED, Sampling(max_tokens=5))]
    assert model.reply(ASKED, Sampling()).usage.calls == 1
