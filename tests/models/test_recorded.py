"""Recorded replies are replayed for nothing; what is not recorded is refused, never made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from loresmith.errors import ModelUnavailable
from loresmith.models import Recorded
from loresmith.models.base import Sampling
from loresmith.models.cache import ReplyCache, reply_key
from loresmith.models.recorded import Recording, read_recordings, write_recordings
from loresmith.models.structured import Asker, Request
from loresmith.records import Message, Usage

ASKED = (Message(role="user", content="写出问答。"),)


class Pair(BaseModel):
    question: str
    answer: str


def record(path: Path, reply: str) -> None:
    key = reply_key("teacher", ASKED, Sampling())
    write_recordings(path, [Recording(key=key, purpose="facts", reply=reply)])


def test_a_recorded_reply_comes_back_and_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "recordings.jsonl"
    record(path, '{"question": "几吨？", "answer": "三吨\u2028。"}')
    with Recorded(path=path, model="teacher").open() as model:
        reply = model.reply(ASKED, Sampling())
        assert reply.text == '{"question": "几吨？", "answer": "三吨\u2028。"}'
        assert reply.usage == Usage(cached=1)


def test_an_asker_finds_it_under_the_key_of_the_request(tmp_path: Path) -> None:
    path = tmp_path / "recordings.jsonl"
    record(path, '{"question": "几吨？", "answer": "三吨。"}')
    seen = []
    with Recorded(path=path, model="teacher").open() as model, ReplyCache(tmp_path / "c") as cache:
        asker = Asker(model, cache, on_call=lambda *event: seen.append(event))
        request = Request(ASKED, Pair, Sampling(), purpose="facts")
        assert asker.key(request) == read_recordings(path)[0].key
        assert asker.ask(request).answer == "三吨。"
        assert asker.usage == Usage(cached=1)
    assert seen == [("facts", Usage(cached=1), True)]


def test_a_miss_names_the_command_that_records(tmp_path: Path) -> None:
    path = tmp_path / "recordings.jsonl"
    record(path, "{}")
    model = Recorded(path=path, model="teacher").open()
    with pytest.raises(
        ModelUnavailable, match="there is no recorded reply for a request ending in"
    ):
        model.reply(ASKED, Sampling(temperature=0.5))
    with pytest.raises(ModelUnavailable, match="别的问题"):
        model.reply((Message(role="user", content="别的问题"),), Sampling())


def test_the_same_recordings_give_the_same_file(tmp_path: Path) -> None:
    some = [
        Recording("b", "facts", "二"),
        Recording("a", "facts", "一"),
        Recording("b", "facts", "二"),
    ]
    write_recordings(tmp_path / "one.jsonl", some)
    write_recordings(tmp_path / "two.jsonl", reversed(some))
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert read_recordings(tmp_path / "one.jsonl") == [some[1], some[0]]
    assert "二" in (tmp_path / "one.jsonl").read_text(encoding="utf-8")


def test_two_replies_under_one_key_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two replies"):
        write_recordings(
            tmp_path / "r.jsonl", [Recording("a", "facts", "一"), Recording("a", "facts", "二")]
        )


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "null", json.dumps({"key": "k"}), '{"key": "k", "purpose": "p", "reply": 3}'],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "recordings.jsonl"
    record(path, "{}")
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="line 2"):
        Recorded(path=path).open()


def test_missing_recordings_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no recordings at") as caught:
        Recorded(path=tmp_path / "none.jsonl").open()
    assert "make recordings" in caught.value.hint
