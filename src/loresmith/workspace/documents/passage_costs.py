"""What the writing about one passage costs: the calls that are missing, and those that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from loresmith.errors import LoresmithError, MalformedReply, ModelUnavailable
from loresmith.generation import ExamWordingWriter, TrainingWordingWriter
from loresmith.generation.row_kinds import PassageFacts
from loresmith.models import Embedded, Recorded
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.cache import ReplyCache
from loresmith.models.structured import Asker, Request
from loresmith.records import Chunk, Document, Fact, Message, Reply
from loresmith.workspace.context import Context
from loresmith.workspace.documents.tokens import tokens_in
from loresmith.workspace.row_writing import passage_row_tasks
from loresmith.workspace.steps.fill import FillCall
from loresmith.workspace.writing import (
    Task,
    brief_of,
    corpus_tasks,
    made,
    opening_task,
    tasks_after_rounds,
    teacher_of,
    wording_request,
    wording_tasks,
)

_FACT_TOKENS = {"zh": 200.0}
_FACT_TOKENS_ELSE = 150.0
_WORDING_TOKENS = 60.0
_EXAM_TOKENS = 30.0
"""Tokens of one pair, one wording and one exam question in a reply."""
_AROUND_A_MESSAGE = 4
"""Tokens that mark where a message begins and ends."""


class Cost(NamedTuple):
    """Calls and their tokens. `finished` counts passages for which nothing is missing."""

    calls: int = 0
    cached: int = 0
    finished: int = 0
    prompt: float = 0.0
    completion: float = 0.0


def total(costs: Sequence[Cost]) -> Cost:
    """All of them together."""
    return Cost(*(sum(column) for column in zip(*costs, strict=True))) if costs else Cost()


def cost_of(context: Context, passages: Sequence[tuple[Chunk, Document]]) -> Cost:
    """What is missing for these passages; asks no model, but looks for replies paid for before."""
    if isinstance(context.recipe.teacher, Embedded):
        done = sum(context.done(opening_task(context, *one).key) is not None for one in passages)
        return Cost(calls=len(passages) - done, finished=done)
    with _offline_asker(context) as asker:
        costs = [_cost(context, asker, *passage) for passage in passages]
        missing = [task for task in corpus_tasks(context, passages) if not context.done(task.key)]
        of_all = [_cost_of_rows(task, asker) for task in missing if task.request]
        return total([*costs, *of_all])


def cost_of_fill(context: Context, calls: Sequence[FillCall]) -> Cost:
    """What these calls cost that fill gaps, with the calls that follow from them."""
    return total([cost for call in calls for cost in _fill_costs(context, call)])


def _fill_costs(context: Context, call: FillCall) -> Iterator[Cost]:
    generation, (chunk, document) = context.recipe.generation, call.passage
    assert call.task.request is not None  # every task of a teacher is one call
    prompt = _prompt_tokens(call.task.request())
    if call.gaps is None:
        training = call.kind == "training wordings"
        writer = generation.training if training else generation.exam
        yield Cost(1, prompt=prompt, completion=len(call.facts) * _tokens_a_fact(writer))
        return
    facts = sum(max(1, len(one.figures)) for one in call.gaps.statements)
    each = _FACT_TOKENS.get(document.language, _FACT_TOKENS_ELSE)
    yield Cost(1, prompt=prompt, completion=facts * each)
    yield from _expected_wordings(context, chunk, document, facts)


def cost_from_nothing(context: Context, chunk: Chunk, document: Document) -> Cost:
    """What a passage costs that nothing was ever asked about."""
    opening = _cost_of(context, opening_task(context, chunk, document), chunk, document)
    return total([opening, *_expected_wordings(context, chunk, document, _count(context, chunk))])


def _cost(context: Context, asker: Asker, chunk: Chunk, document: Document) -> Cost:
    """What is missing for one passage."""
    opening = opening_task(context, chunk, document)
    costs: list[Cost] = []
    if context.done(opening.key) is not None:
        facts: Sequence[Fact] | None = context.store.get(Fact, made(context, opening))
    else:
        facts = _facts_from_cache(opening, asker)
        costs.append(
            _cost_of(context, opening, chunk, document) if facts is None else Cost(cached=1)
        )
    if facts is None:
        count = _count(context, chunk)
        return total([*costs, *_expected_wordings(context, chunk, document, count)])
    following = wording_tasks(context, chunk, document, facts)
    later = tasks_after_rounds(context, chunk, document, opening.key, facts)
    for task in (*following, *later):
        if task.request is not None and context.done(task.key) is None:
            cached = _is_cached(task, asker)
            costs.append(Cost(cached=1) if cached else _cost_of(context, task, chunk, document))
    return total(costs) if costs else Cost(finished=1)


def _facts_from_cache(opening: Task, asker: Asker) -> list[Fact] | None:
    """The facts that an earlier reply holds; None where it has to be asked for."""
    try:
        records = opening.write(asker).records
    except (ModelUnavailable, MalformedReply):
        return None
    return [record for record in records if isinstance(record, Fact)]


def _is_cached(task: Task, asker: Asker) -> bool:
    assert task.request is not None  # every task of a teacher is one call
    try:
        asker.ask(task.request())
    except (ModelUnavailable, MalformedReply):
        return False
    return True


def _cost_of(context: Context, task: Task, chunk: Chunk, document: Document) -> Cost:
    """One call in earnest."""
    assert task.request is not None  # every task of a teacher is one call
    request = task.request()
    generation = context.recipe.generation
    facts = generation.facts.count(chunk)
    if request.purpose == "facts":
        written = facts * _FACT_TOKENS.get(document.language, _FACT_TOKENS_ELSE)
    elif task.reply_tokens:
        written = task.reply_tokens
    elif request.purpose == "training wordings":
        written = facts * _tokens_a_fact(generation.training)
    else:
        written = facts * _tokens_a_fact(generation.exam)
    return Cost(calls=1, prompt=_prompt_tokens(request), completion=written)


def _count(context: Context, chunk: Chunk) -> int:
    return context.recipe.generation.facts.count(chunk)


def _expected_wordings(
    context: Context, chunk: Chunk, document: Document, count: int
) -> Iterator[Cost]:
    """The calls for wordings that will follow, if the teacher writes the facts it is asked for."""
    generation = context.recipe.generation
    facts = _imagined(chunk, document, count)
    for writer in (generation.training, generation.exam):
        for batch in writer.batches(chunk, document, facts):
            request = wording_request(writer, batch, brief_of(context))()
            replied = len(batch.facts) * _tokens_a_fact(writer)
            yield Cost(calls=1, prompt=_prompt_tokens(request), completion=replied)
    imagined = PassageFacts(chunk, document, tuple(facts))
    for task in passage_row_tasks(context, imagined):
        if task.request is not None:
            yield _call(task)


def _cost_of_rows(task: Task, asker: Asker) -> Cost:
    return Cost(cached=1) if _is_cached(task, asker) else _call(task)


def _call(task: Task) -> Cost:
    """One call for rows of another kind."""
    assert task.request is not None  # only calls are counted
    return Cost(calls=1, prompt=_prompt_tokens(task.request()), completion=task.reply_tokens)


def _tokens_a_fact(writer: TrainingWordingWriter | ExamWordingWriter) -> float:
    if isinstance(writer, TrainingWordingWriter):
        rows = writer.paraphrases + writer.restatements + writer.reversed
        return rows * _WORDING_TOKENS
    return (writer.exam + writer.practice) * _EXAM_TOKENS


def _imagined(chunk: Chunk, document: Document, count: int) -> list[Fact]:
    """Facts of an ordinary length, for prompts that cannot be known yet."""
    question, answer, short = (
        ("问" * 28, "答" * 34, "数" * 8)
        if document.language == "zh"
        else ("question " * 10, "answer " * 16, "short one")
    )
    return [
        Fact(
            id=f"imagined {index}",
            chunk_id=chunk.id,
            document_id=document.id,
            index=index,
            language=document.language,
            question=question,
            answer=answer,
            short_answer=short,
            quotes=(),
            model="",
            prompt_version="",
        )
        for index in range(count)
    ]


def _prompt_tokens(request: Request[Any]) -> float:
    return sum(tokens_in(message.content) + _AROUND_A_MESSAGE for message in request.messages)


class _Offline(ChatModel):
    """Stands in for the teacher where only replies paid for earlier are wanted."""

    def __init__(self, name: str, identity: str) -> None:
        self.name = name
        self._identity = identity

    @property
    def identity(self) -> str:
        return self._identity

    def reply(self, _messages: Sequence[Message], _sampling: Sampling) -> Reply:
        raise ModelUnavailable("nothing is asked for an estimate")


@contextmanager
def _offline_asker(context: Context) -> Iterator[Asker]:
    """An asker that knows the project's replies, or those of a recording, and asks nobody."""
    with ReplyCache(context.project.replies) as cache:
        yield Asker(_stand_in(context), cache, attempts=1)


def _stand_in(context: Context) -> ChatModel:
    spec = teacher_of(context)
    try:
        model = spec.open()
    except LoresmithError:
        name = str(getattr(spec, "model", ""))
        return _Offline(name, name)
    if isinstance(spec, Recorded):
        return model  # its replies cost nothing
    return _Offline(model.name, model.identity)
