"""Pictures go to the endpoint whole, and are a line of text everywhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from loresmith.models.base import Sampling
from loresmith.models.budget import tokens_asked
from loresmith.models.hosted import OpenAICompatible
from loresmith.models.pictures import Picture, Pictures
from loresmith.records import Message
from servers.teacher_server import TeacherServer

RED = Picture(b"not really a picture, but bytes" * 1000, "image/png", 560, 560)


def test_a_picture_is_sent_in_parts_while_it_is_shown_and_as_its_mark_else() -> None:
    pictures = Pictures()
    with pictures.shown(RED) as mark:
        with pictures.shown(RED) as again:
            assert again == mark
        assert pictures.content(f"Look: {mark}\nCopy it.") == [
            {"type": "text", "text": "Look:"},
            {
                "type": "image_url",
                "image_url": {
                    "url": f"data:image/png;base64,{base64.b64encode(RED.data).decode()}"
                },
            },
            {"type": "text", "text": "Copy it."},
        ]
        unknown = mark.replace("560x", "561x")
        assert pictures.content(unknown) == unknown
    assert pictures.content(mark) == mark
    assert len(mark) < 120 and mark != RED._replace(data=b"another").mark


def test_a_picture_counts_as_tokens_by_its_size() -> None:
    asked = [Message(role="user", content=f"{RED.mark}\nCopy it.")]
    assert 400 < tokens_asked(asked) < 500


def test_an_endpoint_gets_it_from_what_a_person_says_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path))
    with TeacherServer() as server, OpenAICompatible(model="any", url=server.url).open() as model:
        with model.pictures.shown(RED) as mark:
            said = [Message(role="system", content=mark), Message(role="user", content=mark)]
            assert model.reply(said, Sampling()).text == "ready"
        (call,) = server.finished
    system, user = call.body["messages"]
    assert system["content"] == mark
    assert [part["type"] for part in user["content"]] == ["image_url"]
