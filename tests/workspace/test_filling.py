"""What no row says is asked for again, by name; what was there stays, and nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loresmith import Workspace
from loresmith.errors import ModelError, ModelUnavailable, NotFound
from loresmith.records import Curated, Example, Fact
from loresmith.workspace.coverage_report import Coverage
from loresmith.workspace.dataset_parts import stored_dataset
from loresmith.workspace.filling import Filling
from loresmith.workspace.scope import FillOrder
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.steps.dataset import dataset
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import Act, TeacherServer, say, status

OpenWorkspace = Callable[..., Workspace]
FEW = "generation.facts.most=2"


def kept(workspace: Workspace) -> Curated:
    with workspace.opened() as context:
        found = curated(context)
    assert found is not None
    return found


class Frozen(NamedTuple):
    withheld: tuple[str, ...]
    examples: tuple[Example, ...]


def frozen(workspace: Workspace) -> Frozen:
    workspace.do("dataset")
    with workspace.opened() as context:
        found = dataset(context)
        assert found is not None
        return Frozen(found.withheld, tuple(stored_dataset(context, found.id).examples))


def open_figures(workspace: Workspace) -> int:
    return sum(one.open_figures for one in Coverage(workspace).documents())


def asked_to_fill(teacher: TeacherServer) -> list[str]:
    """The requests that name missing statements, as they were sent."""
    return [
        request
        for call in teacher.finished
        for request in [json.dumps(call.messages[:2], ensure_ascii=False)]
        if "statements that are missing" in request or "尚缺的语句" in request
    ]


def paid_twice(teacher: TeacherServer) -> bool:
    """Whether a request was answered twice, but for the tiny one that proves a teacher."""
    digests = [call.digest for call in teacher.finished if len(call.messages) > 1]
    return len(set(digests)) < len(digests)


def test_before_rows_are_checked_nothing_can_be_filled(open_workspace: OpenWorkspace) -> None:
    with pytest.raises(NotFound, match="not checked yet"):
        Filling(open_workspace()).plan()


def test_a_fill_asks_for_what_is_open_and_leaves_what_there_was(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = open_workspace(FEW)
    workspace.do("curate")
    before, missing = kept(workspace), open_figures(workspace)
    plan = Filling(workspace).plan()
    assert plan.statements == sum(one.open_statements for one in Coverage(workspace).documents())
    assert plan.figures == missing
    assert plan.estimate.calls > 0
    assert not asked_to_fill(teacher)

    outcome = Filling(workspace).run()

    assert outcome.complete
    after = kept(workspace)
    assert {one.id for one in before.facts} < {one.id for one in after.facts}
    assert {one.id for one in before.wordings} < {one.id for one in after.wordings}
    same = {one.id: one for one in after.facts}
    assert all(same[one.id] == one for one in before.facts)
    assert open_figures(workspace) < missing / 2
    added = [one for one in after.facts if one.id not in {fact.id for fact in before.facts}]
    worded = {one.fact_id for one in after.wordings if one.use == "training"}
    assert all(fact.id in worded for fact in added)
    assert all(fact.evidence for fact in added)
    assert not paid_twice(teacher)
    said = Filling(workspace).so_far()
    assert said.asked == plan.statements
    assert said.filled > 0
    assert said.not_there > 0


def test_a_second_fill_asks_for_nothing_that_the_teacher_said_is_not_there(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = workspace_curated(open_workspace(FEW))
    Filling(workspace).run()
    refused = {(g.document, g.start) for g in Coverage(workspace).gaps() if g.not_there}
    assert refused
    calls = len(asked_to_fill(teacher))
    Filling(workspace).run()
    further = asked_to_fill(teacher)[calls:]
    texts = [g.text for g in Coverage(workspace).gaps() if (g.document, g.start) in refused]
    listed = [request.rpartition("missing:")[2] for request in further]
    assert not any(json.dumps(text)[1:-1] in one for text in texts for one in listed)
    plan = Filling(workspace).plan(FillOrder(again=True))
    assert plan.statements >= len(refused)
    Filling(workspace).run(FillOrder(again=True))
    assert len(asked_to_fill(teacher)) > calls + len(further)


def workspace_curated(workspace: Workspace) -> Workspace:
    workspace.do("curate")
    return workspace


def test_the_split_of_what_was_there_stays_whatever_is_added(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace(
        "generation.facts.most=6", "dataset.split.validation=0.2", "dataset.split.withheld=0.2"
    )
    before = frozen(workspace)
    assert before.withheld
    Filling(workspace).run()
    after = frozen(workspace)
    assert after.withheld == before.withheld
    splits = {one.id: one.split for one in after.examples}
    assert all(splits[one.id] == one.split for one in before.examples)
    assert len(after.examples) > len(before.examples)


def test_a_document_can_be_filled_alone(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = workspace_curated(open_workspace(FEW))
    Filling(workspace).run(FillOrder(document="渔港纪要.txt"))
    assert len(asked_to_fill(teacher)) == 1
    review, minutes = Coverage(workspace).documents()
    assert review.open_statements == review.statements - 3 or review.facts < minutes.facts
    with pytest.raises(NotFound, match="no document"):
        Filling(workspace).plan(FillOrder(document="no.md"))


def test_what_breaks_off_is_gone_on_with_and_nothing_is_paid_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The teacher refuses wordings once facts of the first fill are there: the next run asks for
    what is missing alone."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    broken = [False]

    def script(_number: int, body: dict[str, Any]) -> Act | None:
        asked = body["messages"][-1]["content"]
        words = "The pairs:" in asked or "问答：" in asked
        return status(402) if broken[0] and words else None

    with TeacherServer(sentence_teacher, script=script) as server:
        workspace = Workspace(project, teacher=f"openai:any@{server.url}", overrides=[FEW])
        workspace.do("curate")
        broken[0] = True
        with suppress(ModelError):
            Filling(workspace).run()
        broken[0] = False
        written = len(asked_to_fill(server))
        assert written > 0
        assert Filling(workspace).run().complete
        facts = kept(workspace).facts
        worded = {one.fact_id for one in kept(workspace).wordings if one.use == "exam"}
        assert {fact.id for fact in facts} <= worded
        assert not paid_twice(server)


def test_why_a_statement_stays_open_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair with a figure that is nowhere in the source is thrown out, and the gap says so."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def lying(messages: list[dict[str, str]]) -> str:
        reply = sentence_teacher(messages)
        if '"not_there"' not in reply:
            return reply
        told = json.loads(reply)
        for pair in told["pairs"]:
            pair["answer"] += " 98765431 tonnes."
        return json.dumps(told, ensure_ascii=False)

    with TeacherServer(lying) as server:
        workspace = Workspace(project, teacher=f"openai:any@{server.url}", overrides=[FEW])
        workspace.do("curate")
        before = {fact.id for fact in kept(workspace).facts}
        Filling(workspace).run()
        assert {fact.id for fact in kept(workspace).facts} == before
        gaps = list(Coverage(workspace).gaps())
        assert any(gap.thrown_out for gap in gaps)
        assert all(gap.asked == 1 for gap in gaps)
        summary = Filling(workspace).so_far()
        assert summary.filled == 0
        assert summary.thrown_out + summary.not_there == summary.asked


def test_thin_facts_get_the_wordings_that_they_lack(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exam questions that give the answer away are thrown out; asked again, they come right."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    leaky = [True]

    def teacher(messages: list[dict[str, str]]) -> str:
        reply = sentence_teacher(messages)
        if leaky[0] and '"exam"' in reply:
            told = json.loads(reply)
            for pair in told["pairs"]:
                pair["exam"] = [{"question": f"Same words {n}"} for n in range(2)]
            return json.dumps(told)
        return reply

    with TeacherServer(teacher) as server:
        workspace = Workspace(project, teacher=f"openai:any@{server.url}", overrides=[FEW])
        workspace.do("curate")
        thin = sum(one.thin_facts for one in Coverage(workspace).documents())
        assert thin > 0
        leaky[0] = False
        Filling(workspace).run()
        assert sum(one.thin_facts for one in Coverage(workspace).documents()) < thin


def test_the_embedded_model_is_refused_before_anything_is_queued(project: Path) -> None:
    workspace = Workspace(project)
    with pytest.raises(ModelUnavailable, match="cannot fill gaps"):
        Filling(workspace).submit()
    with workspace.opened() as context:
        assert not context.store.all(Fact)


def test_a_passage_that_moved_keeps_what_filled_it(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    workspace = workspace_curated(open_workspace(FEW))
    Filling(workspace).run()
    before = kept(workspace).facts
    first = [one.question for one in before if one.chunk_id == before[0].chunk_id]
    assert len(first) > 2
    path = project / "documents" / "annual-review.md"
    path.write_text(
        path.read_text("utf-8") + "\n\n## Later\n\nNobody wrote a word of it.\n", "utf-8"
    )
    calls = len(asked_to_fill(teacher))
    workspace.do("curate")
    moved = kept(workspace)
    assert set(first) <= {one.question for one in moved.facts}
    worded = {one.fact_id for one in moved.wordings if one.use == "training"}
    assert {one.id for one in moved.facts} <= worded
    gaps = Coverage(workspace).gaps("annual-review.md")
    assert any(gap.not_there for gap in gaps)
    assert len(asked_to_fill(teacher)) == calls


def test_a_reply_that_forgets_a_statement_is_sent_back(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    forgotten = [True]

    def script(_number: int, body: dict[str, Any]) -> Act | None:
        if "statements that are missing" in body["messages"][-1]["content"] and forgotten[0]:
            forgotten[0] = False
            return say('{"pairs": [], "not_there": [{"statement": 1, "reason": "none"}]}')
        return None

    with TeacherServer(sentence_teacher, script=script) as server:
        workspace = Workspace(project, teacher=f"openai:any@{server.url}", overrides=[FEW])
        workspace.do("curate")
        assert Filling(workspace).run().complete
        corrected = [
            call.messages[-1]["content"]
            for call in server.finished
            if len(call.messages) > 2 and "not_there for statement" in call.messages[-1]["content"]
        ]
        assert corrected
