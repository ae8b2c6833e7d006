"""Calls that brought no reply are in the list of calls, with what was answered, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.models.cache import ReplyCache
from loresmith.workspace.costs import Calls
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import Act, TeacherServer, garbage, status

KEY = "sk-not-to-be-shown-123456"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Written by a teacher that refused, broke down and babbled before it answered."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    acts = iter(
        [
            status(429, {"message": f"slow down, {KEY}"}, retry_after=0.01),
            status(500),
            garbage(f"<html>Bad gateway {KEY}</html>".encode()),
        ]
    )

    def script(_number: int, body: dict[str, Any]) -> Act | None:
        return None if body["max_tokens"] == 64 else next(acts, None)

    with TeacherServer(sentence_teacher, script=script) as server:
        opened = Workspace(
            project,
            teacher=f"openai:any@{server.url}",
            overrides=["teacher.retry_wait=0", "teacher.concurrency=1"],
        )
        assert opened.do("curate").complete
    return opened


def test_each_failed_call_is_listed_counted_and_shown_without_the_key(
    workspace: Workspace,
) -> None:
    calls = Calls(workspace)
    assert calls.failures() == {"429": 1, "500": 1, "garbled": 1}
    failed = calls.page(failed=True, limit=100)
    assert sorted(one.failure for one in failed) == ["429", "500", "garbled"]
    assert all(one.purpose == "facts" and one.job and not one.valid for one in failed)
    whole = {one.failure: calls.one(one.number) for one in failed}
    assert "Bad gateway ***" in whole["garbled"].reply
    assert "slow down" in whole["429"].reply
    assert all(one.messages for one in whole.values())
    assert KEY not in "".join(one.model_dump_json() for one in whole.values())


def test_failed_calls_cost_nothing_and_are_no_faulty_replies(workspace: Workspace) -> None:
    calls = Calls(workspace)
    answered = calls.page(failed=False, limit=100)
    assert len(calls.page(limit=100)) == len(answered) + 3
    assert calls.spent().calls == len(answered)
    assert not calls.page(faulty=True)
    with ReplyCache(workspace.project.replies) as cache:
        assert cache.bad_replies() == []


def test_a_file_of_an_earlier_version_gets_the_column(tmp_path: Path) -> None:
    import sqlite3

    with ReplyCache(tmp_path / "replies.db") as cache:
        assert cache.failures() == {}
    with sqlite3.connect(tmp_path / "replies.db") as file:
        file.execute("ALTER TABLE replies DROP COLUMN failure")
        file.execute("PRAGMA user_version = 2")
    with ReplyCache(tmp_path / "replies.db") as cache:
        assert cache.failures() == {}
