"""The bar of an exam never runs backwards, however many general questions it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise

import pytest

from loresmith import Workspace
from loresmith.errors import ModelUnavailable
from loresmith.exams import retention_items
from loresmith.models.scripted import ScriptedModel
from loresmith.records import Message
from loresmith.workspace.progress import Progress
from loresmith.workspace.steps import examine
from loresmith.workspace.steps.examine import ExamineBase

OpenWorkspace = Callable[..., Workspace]

_ANSWERS = {item.prompt: item.key.short_answer for item in retention_items()}
_PROMPTS = list(_ANSWERS)


def sat_by(
    model: ScriptedModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> list[Progress]:
    """What the sitting of the base model tells, with where it begins and ends."""
    told: list[Progress] = []
    monkeypatch.setattr(examine, "base_model", lambda _context: model)
    step = ExamineBase()
    with workspace.opened(told.append) as context:
        before = step.state(context)
        with suppress(ModelUnavailable):
            step.run(context)
        after = step.state(context)
    own = [one for one in told if one.step == step.name]
    return [
        Progress(step.name, before.done, before.total),
        *own,
        Progress(step.name, after.done, after.total),
    ]


def knowing(one_in: int) -> Callable[[Sequence[Message]], str]:
    """Answers one in so many of the general questions rightly."""

    def reply(messages: Sequence[Message]) -> str:
        prompt = messages[-1].content
        known = prompt in _ANSWERS and _PROMPTS.index(prompt) % one_in == 0
        return _ANSWERS[prompt] if known else "I cannot say."

    return reply


@pytest.mark.parametrize("one_in", [1, 2, 1000])
def test_a_bar_only_moves_forward_until_it_is_full(
    open_workspace: OpenWorkspace, monkeypatch: pytest.MonkeyPatch, one_in: int
) -> None:
    workspace = open_workspace("exam.max_items=6", "exam.retention=50")
    workspace.do("dataset")
    told = sat_by(ScriptedModel(knowing(one_in)), workspace, monkeypatch)
    assert all(earlier.done <= later.done for earlier, later in pairwise(told))
    assert len({one.total for one in told}) == 1
    assert all(one.done < one.total for one in told[:-2])
    assert told[-1].done == told[-1].total > 50


def test_a_sitting_that_is_taken_up_again_begins_where_it_stopped(
    open_workspace: OpenWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace("exam.max_items=6", "exam.retention=50")
    workspace.do("dataset")
    answers = knowing(2)
    model = ScriptedModel(lambda asked: answers(asked) if len(model.calls) <= 60 else _GONE)
    first = sat_by(model, workspace, monkeypatch)
    second = sat_by(ScriptedModel(answers), workspace, monkeypatch)
    assert 0 < first[-1].done == second[0].done < first[-1].total
    assert all(earlier.done <= later.done for earlier, later in pairwise([*first, *second]))
    assert second[-1].done == second[-1].total


_GONE = ModelUnavailable("it went away")
