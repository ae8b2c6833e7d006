"""Rows are asked for by selection; what nobody asked for is neither written nor missed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import ModelError, NotFound
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.asking import asked_passages
from loresmith.workspace.steps.generate import facts
from servers.teacher_server import TeacherServer, status

ENGLISH = document_key("annual-review.md")
CHINESE = document_key("渔港纪要.txt")
SMALL = ("chunking.min_length=300", "chunking.max_length=600")
OpenWorkspace = Callable[..., Workspace]


def test_only_the_selected_passages_are_asked_about(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    documents = Documents(open_workspace(*SMALL))
    chosen = documents.outline(ENGLISH).passages[1]
    text = documents.whole_text(ENGLISH)[chosen.start : chosen.end].strip("\n")
    foreseen = documents.estimate(documents.selection(chunks=[chosen.id]))
    _generate(open_workspace(*SMALL), (chosen.id,))
    assert len(_paid(teacher)) == foreseen.calls == 3
    assert all(text in call for call in _paid(teacher))
    assert [p.facts > 0 for p in documents.outline(ENGLISH).passages][:3] == [False, True, False]


def test_a_dataset_of_a_selection_waits_for_nothing_else(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    documents = Documents(open_workspace(*SMALL))
    scope = documents.selection(keys=[ENGLISH])
    assert scope.chunks is not None
    _generate(open_workspace(*SMALL), scope.chunks)
    paid = len(_paid(teacher))
    outcome = open_workspace(*SMALL, "generation.tolerated_failures=0").do("dataset")
    assert outcome.complete
    assert len(_paid(teacher)) == paid
    assert open_workspace(*SMALL).status()["generate"].complete


def test_a_further_selection_adds_to_the_first(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    passages = Documents(open_workspace(*SMALL)).outline(ENGLISH).passages
    for passage in passages[:2]:
        _generate(open_workspace(*SMALL), (passage.id,))
    with open_workspace(*SMALL).opened() as context:
        assert {chunk.id for chunk, _ in asked_passages(context)} == {p.id for p in passages[:2]}
        assert {fact.chunk_id for fact in facts(context)} == {p.id for p in passages[:2]}
    assert len(_paid(teacher)) == 6


def test_a_failure_in_a_selection_is_one_of_the_selection(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    passages = Documents(open_workspace(*SMALL)).outline(ENGLISH).passages

    def refuses(_number: int, body: dict[str, Any]) -> Any:
        if "<passage>" in body["messages"][-1]["content"]:
            return status(400, {"message": "Content Exists Risk"})
        return None

    _generate(open_workspace(*SMALL), (passages[0].id,))
    teacher.script = refuses
    _generate(open_workspace(*SMALL), (passages[1].id,))
    with pytest.raises(ModelError, match="1 of 4 calls"):
        open_workspace(*SMALL).do("dataset")


def test_a_plain_generate_asks_for_everything_again(
    open_workspace: OpenWorkspace,
) -> None:
    passages = Documents(open_workspace(*SMALL)).outline(ENGLISH).passages
    _generate(open_workspace(*SMALL), (passages[0].id,))
    outcome = open_workspace(*SMALL).do("generate")
    assert outcome.complete
    with open_workspace(*SMALL).opened() as context:
        everywhere = {chunk.id for chunk, _ in asked_passages(context)}
        assert everywhere == {fact.chunk_id for fact in facts(context)} | everywhere
        assert len(everywhere) > len(passages)


def test_a_selection_after_everything_was_begun_forgets_nothing(
    open_workspace: OpenWorkspace,
) -> None:
    open_workspace(*SMALL).do("generate")
    passages = Documents(open_workspace(*SMALL)).outline(ENGLISH).passages
    _generate(open_workspace(*SMALL), (passages[0].id,))
    with open_workspace(*SMALL).opened() as context:
        assert len(asked_passages(context)) > len(passages)


def test_a_selection_outlives_other_chunk_settings_and_corrections(
    open_workspace: OpenWorkspace,
) -> None:
    passages = Documents(open_workspace(*SMALL)).outline(ENGLISH).passages
    chosen = passages[1]
    _generate(open_workspace(*SMALL), (chosen.id,))
    larger = open_workspace("chunking.min_length=700", "chunking.max_length=1200")
    with larger.opened() as context:
        larger.do("chunk")
        (found,) = asked_passages(context)
        assert found[0].start < chosen.end
        assert chosen.start < found[0].end
    documents = Documents(open_workspace(*SMALL))
    documents.revise_span(
        ENGLISH,
        chosen.start,
        chosen.start,
        "Corrected. ",
        expected=documents.get(ENGLISH).version,
    )
    asked = [p for p in documents.outline(ENGLISH).passages if p.asked]
    assert [p.start for p in asked] == [chosen.start]


def test_passages_that_never_were_are_refused(open_workspace: OpenWorkspace) -> None:
    with pytest.raises(NotFound):
        Documents(open_workspace()).selection(chunks=["no such passage"])
    with pytest.raises(NotFound):
        _generate(open_workspace(), ("no such passage",))


def test_the_embedded_model_is_refused_for_chinese_before_it_is_asked(folder: Path) -> None:
    documents = Documents(Workspace(folder))
    chinese = documents.estimate(documents.selection(keys=[CHINESE]))
    assert "cannot write questions" in chinese.obstacle
    assert "渔港纪要.txt" in chinese.obstacle
    english = documents.estimate(documents.selection(keys=[ENGLISH]))
    assert english.obstacle == ""
    assert (english.prompt_tokens, english.calls) == (0, english.passages)


def test_a_teacher_without_a_key_is_told_with_the_estimate(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    documents = Documents(Workspace(folder, teacher="deepseek:deepseek-chat"))
    documents.outline(ENGLISH)
    foreseen = documents.estimate()
    assert "DEEPSEEK_API_KEY" in foreseen.obstacle + foreseen.hint
    assert foreseen.calls > 0


def test_the_estimate_is_near_what_was_then_used(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    documents = Documents(open_workspace())
    for key in (ENGLISH, CHINESE):
        documents.outline(key)
    foreseen = documents.estimate()
    assert foreseen.token_method == "by_characters"
    assert foreseen.time_method == "assumed"
    open_workspace().do("generate")
    assert len(_paid(teacher)) == foreseen.calls
    sent = sum(len("".join(m["content"] for m in c.messages)) for c in teacher.finished)
    assert 0.15 * sent < foreseen.prompt_tokens < 0.8 * sent
    after = documents.estimate()
    assert (after.calls, after.finished) == (0, after.passages)
    assert after.token_method == "by_characters_and_usage"
    assert after.time_method == "measured"


def _generate(workspace: Workspace, chunks: tuple[str, ...]) -> None:
    """What a job with this scope does."""
    with workspace.opened() as context:
        context.scope = Scope(chunks=chunks)
        workspace._work(context, "generate")


def _paid(teacher: TeacherServer) -> list[str]:
    return [call.messages[-1]["content"] for call in teacher.finished if call.text != "ready"]
