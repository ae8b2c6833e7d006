"""Lets a model sit an exam with the books closed: it is handed prompts and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from loresmith.exams.grading import mark
from loresmith.models.base import ChatModel, Sampling
from loresmith.records import ExamItem, Message, Reply, Score, Transcript


class PaperQuestion(NamedTuple):
    """All that a candidate may see of an exam item, and the id to file the reply under."""

    id: str
    prompt: str


ExamPaper = tuple[PaperQuestion, ...]
"""What is laid before a candidate. It has no field that could hold an answer or evidence."""


def paper_of(items: Sequence[ExamItem]) -> ExamPaper:
    """The paper for `items`; the keys stay with the grader."""
    return tuple(PaperQuestion(item.id, item.prompt) for item in items)


def ask_all(
    model: ChatModel,
    paper: ExamPaper,
    *,
    max_tokens: int,
    system_prompt: str = "",
    on_reply: Callable[[PaperQuestion, str], None],
) -> None:
    """Each question in a conversation of its own, drawn greedily; raises the model's ModelError.

    `on_reply` gets each reply when it is ready, in whatever order and thread the model answers.
    """
    opening = (Message(role="system", content=system_prompt),) if system_prompt else ()

    def hand_in(index: int, reply: Reply) -> None:
        on_reply(paper[index], reply.text)

    model.reply_all(
        [(*opening, Message(role="user", content=question.prompt)) for question in paper],
        Sampling(temperature=0.0, max_tokens=max_tokens),
        on_reply=hand_in,
    )


def sit(
    model: ChatModel,
    items: Sequence[ExamItem],
    *,
    max_tokens: int = 64,
    system_prompt: str = "",
    answered: Mapping[str, str] | None = None,
    on_score: Callable[[Score], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Transcript:
    """Asks what is not `answered` yet (replies by item id), marks all, keeps the items' order.

    `on_score` gets the mark of each new reply as it comes, so that the caller can store it and
    hand it back in `answered` after a crash. `on_progress(done, total)` counts those too.
    """
    began = time.monotonic()
    answered = answered or {}
    by_id = {item.id: item for item in items}
    scores = {id: mark(item, answered[id]) for id, item in by_id.items() if id in answered}

    def take(question: PaperQuestion, reply: str) -> None:
        score = scores[question.id] = mark(by_id[question.id], reply)
        if on_score is not None:
            on_score(score)
        if on_progress is not None:
            on_progress(len(scores), len(by_id))

    paper = paper_of([item for item in items if item.id not in scores])
    if on_progress is not None:
        on_progress(len(scores), len(by_id))
    if paper:
        ask_all(model, paper, max_tokens=max_tokens, system_prompt=system_prompt, on_reply=take)
    return Transcript(
        candidate=model.name,
        scores=tuple(scores[item.id] for item in items),
        seconds=time.monotonic() - began,
    )
