"""Calls looked up one by one, what they cost, and a budget that is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import BudgetExceeded, NotFound
from loresmith.models.base import Sampling
from loresmith.models.budget import Allowance, Budget
from loresmith.models.prices import Price, Prices
from loresmith.records import Message, Usage
from loresmith.settings import load_settings
from loresmith.workspace.background import Background
from loresmith.workspace.costs import Calls
from loresmith.workspace.documents.estimate import estimate
from loresmith.workspace.scope import Scope
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

Opened = Callable[..., Workspace]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TeacherServer:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    return TeacherServer(sentence_teacher)


@pytest.fixture
def open_workspace(tmp_path: Path, server: TeacherServer) -> Opened:
    project = copy_documents(tmp_path / "coast", "annual-review.md")

    def opened(*overrides: str) -> Workspace:
        changes = ["chunking.min_length=200", "chunking.max_length=500", *overrides]
        return Workspace(project, teacher=f"openai:any@{server.url}", overrides=changes)

    return opened


def price(server: TeacherServer, **more: float) -> None:
    told = Price(endpoint=server.url, model="any", currency="CNY", input=100, output=200)
    Prices(load_settings().home).set(told.model_copy(update=more))


def test_every_call_can_be_looked_up(open_workspace: Opened, server: TeacherServer) -> None:
    with server:
        workspace = open_workspace()
        workspace.do("generate")
        calls = Calls(workspace).page(limit=200)
        job = Background(workspace).jobs()[-1].id
    paid = [call for call in server.finished if call.body["max_tokens"] != 64]
    assert len(calls) == len(paid)
    assert {call.job for call in calls} == {job}
    assert {call.purpose for call in calls} == {"facts", "training wordings", "exam wordings"}
    assert all(call.seconds is not None and call.prompt_tokens > 0 for call in calls)
    whole = Calls(workspace).one(calls[-1].number)
    asked = [{"role": one.role, "content": one.content} for one in whole.messages]
    answered = next(call for call in paid if call.messages == asked)
    assert whole.reply == answered.text


def test_calls_come_in_pages_newest_first(open_workspace: Opened, server: TeacherServer) -> None:
    with server:
        workspace = open_workspace()
        workspace.do("generate")
    calls = Calls(workspace)
    every = [call.number for call in calls.page(limit=200)]
    first = [call.number for call in calls.page(limit=2)]
    second = [call.number for call in calls.page(limit=2, before=first[-1])]
    assert every == sorted(every, reverse=True)
    assert [*first, *second] == every[:4]
    assert calls.page(job="another job") == []
    with pytest.raises(NotFound):
        calls.one(10_000)


def test_money_is_told_by_job_and_model_at_the_prices_entered(
    open_workspace: Opened, server: TeacherServer
) -> None:
    with server:
        workspace = open_workspace()
        workspace.do("generate")
        job = Background(workspace).jobs()[-1].id
    unpriced = Calls(workspace).spent()
    assert (unpriced.money, unpriced.unpriced) == ({}, ("any",))
    price(server)
    spent = Calls(workspace).spent(job)
    expected = (spent.prompt_tokens * 100 + spent.completion_tokens * 200) / 1e6
    assert spent.money == {"CNY": pytest.approx(expected)}
    assert sum(part.money or 0 for part in spent.parts) == pytest.approx(expected)
    assert Calls(workspace).spent("another job").calls == 0


def test_an_estimate_tells_the_money(open_workspace: Opened, server: TeacherServer) -> None:
    price(server)
    with server, open_workspace().context_after("chunk") as context:
        found = estimate(context, Scope())
    asked = (found.prompt_tokens * 100 + found.completion_tokens * 200) / 1e6
    assert found.money == pytest.approx(asked)
    assert found.money_in_words.endswith(" CNY")


def test_a_budget_stops_before_the_call_that_would_pass_it_and_can_be_raised(
    open_workspace: Opened, server: TeacherServer
) -> None:
    with server:
        with pytest.raises(BudgetExceeded, match="tokens would be passed") as caught:
            open_workspace("generation.budget.tokens=12000").do("generate")
        workspace = open_workspace("generation.budget.tokens=12000")
        spent = Calls(workspace).spent()
        assert 0 < spent.tokens <= 12_000
        assert "generation.budget.tokens" in caught.value.hint
        with pytest.raises(BudgetExceeded):
            workspace.do("generate")
        assert Calls(workspace).spent().tokens <= 12_000
        raised = open_workspace("generation.budget.tokens=10000000")
        assert raised.do("generate").complete
    assert [call for call in server.paid_twice if _is_writing(server, call)] == []


def _is_writing(server: TeacherServer, digest: str) -> bool:
    return any(call.digest == digest and call.body["max_tokens"] != 64 for call in server.finished)


def test_a_budget_of_money_is_kept(open_workspace: Opened, server: TeacherServer) -> None:
    price(server)
    with server, pytest.raises(BudgetExceeded, match=r"2\.00 CNY would be passed"):
        open_workspace("generation.budget.money=2").do("generate")
    assert Calls(open_workspace()).spent().money["CNY"] <= 2.0


def test_a_budget_of_money_needs_a_price(open_workspace: Opened, server: TeacherServer) -> None:
    with server, pytest.raises(BudgetExceeded, match="no price is known for any"):
        open_workspace("generation.budget.money=2").do("generate")
    assert server.finished == []


def test_the_pace_and_the_budget_make_nothing_be_done_anew(
    open_workspace: Opened, server: TeacherServer
) -> None:
    with server:
        open_workspace().do("generate")
        before = len(server.finished)
        changed = open_workspace(
            "generation.budget.tokens=9000000", "teacher.requests_per_minute=9"
        )
        assert changed.do("generate").complete
        assert len(server.finished) == before


def test_what_a_run_will_take_is_told_before_its_first_call(
    open_workspace: Opened, server: TeacherServer
) -> None:
    price(server)
    told: list[tuple[str, int]] = []
    with server:
        open_workspace("generation.budget.tokens=900").do("chunk")
        with pytest.raises(BudgetExceeded):
            open_workspace("generation.budget.tokens=900").do(
                "curate",
                on_progress=lambda step: (
                    told.append((step.said, len(server.requests))) if step.said else None
                ),
            )
    ((said, calls),) = told
    assert calls == 0
    assert "CNY" in said
    assert "the budget of 900 tokens would not suffice" in said


def test_a_reply_as_long_as_it_may_be_passes_no_budget() -> None:
    """After a short reply, the next one may still be as long as the call allows."""
    allowance = Allowance(Budget(tokens=1000), Usage(), None, model="any")
    asked, sampling = (Message(role="user", content="go"),), Sampling(max_tokens=400)
    for used in (10, 400):
        with allowance.call(asked, sampling) as paid:
            paid.usage = Usage(calls=1, prompt_tokens=1, completion_tokens=used)
    with (
        pytest.raises(BudgetExceeded),
        allowance.call(asked, Sampling(max_tokens=600)),
    ):
        pass
    with allowance.call(asked, sampling) as paid:
        paid.usage = Usage(calls=1, prompt_tokens=1, completion_tokens=400)
