"""Scanned pages are read by a model that sees pictures, if one is named: and by nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.models.cache import ReplyCache
from loresmith.records import Document
from loresmith.workspace.steps.parse import Parse, documents
from scanned import bars_asked_about, scanned_pdf
from servers.teacher_server import TeacherServer, garbage, say, status

FIRST = "The harbour of Ostmark was dredged in the year 1931."


def read(messages: list[dict[str, Any]]) -> str:
    """What a model would say that sees as many bars as there are."""
    if not any(isinstance(one["content"], list) for one in messages):
        return "ready"
    bars = bars_asked_about(messages)
    return json.dumps({"text": f"Sheet {bars} tells of {bars}00 barges.", "blank": False})


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    with TeacherServer(read) as running:
        yield running


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: TeacherServer
) -> Callable[..., Workspace]:
    """A project with one PDF; `vision` are further settings, None leaves it off."""
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def make(data: bytes, vision: dict[str, Any] | None) -> Workspace:
        folder = tmp_path / "harbour"
        (folder / "documents").mkdir(parents=True, exist_ok=True)
        (folder / "documents" / "harbour.pdf").write_bytes(data)
        named = {"type": "openai", "model": "eye", "url": server.url, "max_retries": 0}
        recipe = {} if vision is None else {"documents": {"vision": {**named, **vision}}}
        (folder / "loresmith.yaml").write_text(json.dumps(recipe))
        return Workspace(folder)

    return make


def only(workspace: Workspace) -> Document:
    with workspace.opened() as context:
        (document,) = documents(context)
        return document


def failures(workspace: Workspace) -> list[str]:
    with workspace.opened() as context:
        return [one.reason for one in Parse().state(context).failures]


MIXED = scanned_pdf(FIRST, None, None)


def test_without_a_model_no_page_leaves_the_machine(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    workspace = project(MIXED, None)
    workspace.do("parse")
    document = only(workspace)
    assert document.text.strip() == FIRST and document.unread_pages == (2, 3)
    assert "pages 2, 3: no text layer, so nothing was read (scanned?)" in document.warnings
    assert not server.requests and not failures(workspace)


def test_each_scanned_page_is_read_from_its_picture_and_marked(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    workspace = project(MIXED, {})
    workspace.do("parse")
    document = only(workspace)
    assert document.text == (
        f"{FIRST}\n\nSheet 2 tells of 200 barges.\n\nSheet 3 tells of 300 barges.\n"
    )
    assert [(one.label, one.read_by) for one in document.sections] == [
        ("1", ""),
        ("2", "eye"),
        ("3", "eye"),
    ]
    assert len(server.finished) == 2 and not failures(workspace)
    workspace.do("parse")
    assert len(server.requests) == 2, "what is read is read"


def test_a_call_is_listed_without_its_megabytes_and_never_paid_for_twice(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    workspace = project(scanned_pdf(None), {})
    workspace.do("parse")
    with ReplyCache(workspace.project.replies) as cache:
        (call,) = cache.calls()
        whole = cache.call(call.number)
        assert whole is not None and call.purpose == "reading a page"
        assert all(len(message.content) < 3_000 for message in whole.messages)
        assert "[picture " in whole.messages[1].content
    assert workspace.project.replies.stat().st_size < 300_000
    copied = workspace.project.folder / "documents" / "copy.pdf"
    copied.write_bytes((copied.parent / "harbour.pdf").read_bytes())
    workspace.do("parse")
    assert len(server.requests) == 1, "the same picture has an answer already"


def test_a_page_that_fails_stays_without_text_and_says_why_until_it_is_read(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    def third_is_bad(_number: int, body: dict[str, Any]) -> Any:
        return say("I am sorry, I cannot read this.") if _bars(body) == 3 else None

    server.script = third_is_bad
    workspace = project(MIXED, {"attempts": 2})
    workspace.do("parse")
    document = only(workspace)
    assert "Sheet 2" in document.text and "sorry" not in document.text
    assert document.unread_pages == (3,)
    assert any(one.startswith("page 3: eye gave no usable answer") for one in document.warnings)
    (reason,) = failures(workspace)
    assert reason.startswith("harbour.pdf: page 3:")
    paid = len(server.requests)
    assert paid == 3, "one good page, and two attempts at the other"
    server.script = ()
    workspace.do("parse")
    assert only(workspace).unread_pages == () and "Sheet 3" in only(workspace).text
    assert not failures(workspace) and len(server.requests) == paid + 1


def test_a_model_that_is_not_there_leaves_a_scanned_document_unread_for_now(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    server.script = lambda _number, _body: status(401)
    workspace = project(scanned_pdf(*[None] * 8), {"concurrency": 1})
    with pytest.raises(Exception, match="no text layer on any of its 8 pages"):
        workspace.do("parse")
    assert len(server.requests) <= 4, "it gives up before it has asked for every page"
    server.script = lambda _number, _body: garbage()
    with pytest.raises(Exception, match="no text layer"):
        workspace.do("parse")
    server.script = ()
    workspace.do("parse")
    assert [one.label for one in only(workspace).sections] == [str(n) for n in range(1, 9)]


def test_budget_and_page_limits_are_kept(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    workspace = project(MIXED, {"max_pages": 1})
    workspace.do("parse")
    assert only(workspace).unread_pages == (3,)
    assert "more than documents.vision.max_pages (1) pages" in failures(workspace)[0]
    asked = len(server.requests)
    workspace = project(scanned_pdf(FIRST, None, None, None, None), {"budget": {"tokens": 10}})
    workspace.do("parse")
    assert len(server.requests) == asked, "no call that the budget does not allow"
    assert "budget" in failures(workspace)[0]


def test_a_blank_page_is_no_failure(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    blank = json.dumps({"text": "", "blank": True})
    server.script = lambda _number, body: say(blank) if _bars(body) == 3 else None
    workspace = project(MIXED, {})
    workspace.do("parse")
    assert only(workspace).unread_pages == (3,) and not failures(workspace)


def test_a_line_that_comes_again_and_again_is_no_page(
    project: Callable[..., Workspace], server: TeacherServer
) -> None:
    looped = json.dumps({"text": "The same line again.\n" * 40, "blank": False})
    server.script = lambda number, _body: say(looped) if number == 0 else None
    workspace = project(scanned_pdf(FIRST, None), {})
    workspace.do("parse")
    assert "Sheet 2" in only(workspace).text and len(server.requests) == 2


def _bars(body: dict[str, Any]) -> int:
    return bars_asked_about(body["messages"])
