"""Sitting an exam: books closed, greedy, nothing asked twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from loresmith.errors import ExamError, ModelUnavailable
from loresmith.exams import Exam, paper_of, sit
from loresmith.models.scripted import ScriptedModel
from loresmith.records import AnswerKey, ExamItem, Message, Score


def item(name: str, prompt: str, short_answer: str) -> ExamItem:
    key = AnswerKey(
        short_answer=short_answer, answer=f"secret {short_answer}", quotes=("secret quote",)
    )
    return ExamItem(id=name, prompt=prompt, kind="direct", language="en", key=key)


ITEMS = (
    item("a", "How many ships?", "348 ships"),
    item("b", "Who built it?", "Maren Holt"),
    item("c", "北港有多少员工？", "48名"),
)


def knowing(messages: Sequence[Message]) -> str:
    known = {"How many ships?": "348", "Who built it?": "Tobias Lunde"}
    return known.get(messages[-1].content, "四十八名")


def test_a_candidate_sees_the_prompts_and_nothing_else() -> None:
    model = ScriptedModel(knowing)
    transcript = sit(model, ITEMS)
    seen = " ".join(message.content for call in model.calls for message in call.messages)
    assert [len(call.messages) for call in model.calls] == [1, 1, 1]
    assert "secret" not in seen
    assert "348" not in seen
    assert [score.score for score in transcript.scores] == [1.0, 0.0, 1.0]
    assert set(paper_of(ITEMS)[0]._fields) == {"id", "prompt"}


def test_replies_are_drawn_greedily_and_within_the_set_length() -> None:
    model = ScriptedModel(knowing)
    Exam(max_tokens=40, system_prompt="Answer briefly.").sit(model, ITEMS)
    assert {call.sampling.temperature for call in model.calls} == {0.0}
    assert {call.sampling.max_tokens for call in model.calls} == {40}
    assert {call.messages[0].content for call in model.calls} == {"Answer briefly."}


def test_what_is_answered_is_not_asked_again_and_is_marked_the_same() -> None:
    whole = sit(ScriptedModel(knowing), ITEMS)
    stored = {score.item_id: score.reply for score in whole.scores[:2]}
    model = ScriptedModel(knowing)
    resumed = sit(model, ITEMS, answered=stored)
    assert [call.messages[-1].content for call in model.calls] == ["北港有多少员工？"]
    assert resumed.scores == whole.scores


def test_every_mark_is_handed_over_before_a_failure_of_the_model() -> None:
    model = ScriptedModel(["348", ModelUnavailable("the server is gone")])
    kept: list[Score] = []
    with pytest.raises(ModelUnavailable):
        sit(model, ITEMS, on_score=kept.append)
    assert [(score.item_id, score.score) for score in kept] == [("a", 1.0)]


def test_progress_counts_what_was_answered_before() -> None:
    seen: list[tuple[int, int]] = []
    sit(
        ScriptedModel(knowing),
        ITEMS,
        answered={"a": "348"},
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_asked_when_all_is_answered() -> None:
    model = ScriptedModel([])
    transcript = sit(model, ITEMS, answered={"a": "", "b": "Maren Holt", "c": "48"})
    assert [score.score for score in transcript.scores] == [0.0, 1.0, 1.0]


def test_stored_replies_are_marked_without_a_model() -> None:
    transcript = Exam().mark(ITEMS[:1], {"a": "348"}, candidate="base")
    assert (transcript.candidate, transcript.scores[0].score) == ("base", 1.0)
    with pytest.raises(ExamError, match="2 of 3"):
        Exam().mark(ITEMS, {"a": "348"}, candidate="base")


def test_the_practice_score_is_the_mean_mark() -> None:
    assert Exam().practice_score(ScriptedModel(knowing), ITEMS) == pytest.approx(2 / 3)
    assert Exam().practice_score(ScriptedModel([]), ()) == 0.0
