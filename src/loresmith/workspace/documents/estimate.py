"""What writing questions for a selection will take, before it is begun: calls, tokens and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from loresmith.errors import LoresmithError, MalformedReply, ModelUnavailable
from loresmith.generation import ExamWordingWriter, TrainingWordingWriter
from loresmith.models import Embedded, Recorded
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.cache import ReplyCache
from loresmith.models.structured import Asker, Request
from loresmith.records import Chunk, Document, Fact, Message, Outcome, Record, Reply, StepLog
from loresmith.workspace.context import Context
from loresmith.workspace.documents.tokens import tokens_in
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.asking import asked_passages, passages
from loresmith.workspace.writing import (
    Task,
    made,
    opening_task,
    teacher_of,
    unsuited,
    wording_tasks,
)

TokenMethod = Literal["by_characters", "by_characters_and_usage"]
TimeMethod = Literal["measured", "assumed"]

_MOST_RENDERED = 300
"""Passages whose calls are looked at one by one; of more, a sample spread over all of them."""
_ASSUMED_TOKENS_A_SECOND = 60.0
_ASSUMED_SECONDS_TO_ANSWER = 1.0
_ASSUMED_SECONDS_EMBEDDED = 10.0
_FEWEST_MEASURED = 3
"""Calls (or passages) from which on measurements are trusted."""
_FACT_TOKENS = {"zh": 200.0}
_FACT_TOKENS_ELSE = 150.0
_WORDING_TOKENS = 60.0
_EXAM_TOKENS = 30.0


class Estimate(Record):
    """What `generate` will take for a selection."""

    teacher: str
    """The model that is asked, as people know it."""
    passages: int
    """Passages of the selection."""
    finished: int
    """Those for which nothing is missing."""
    calls: int
    """Calls to pay for: those missing now, and those for wordings that follow from them."""
    cached: int
    """Calls that are answered from replies paid for earlier."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """How long it takes from the start, with `concurrency` calls at once."""
    concurrency: int
    token_method: TokenMethod
    """`by_characters_and_usage`: corrected by what earlier calls of this project used."""
    time_method: TimeMethod
    """`measured` on earlier calls of this project, or `assumed`."""
    sampled: int
    """Passages that were looked at; with fewer than `passages`, the figures are scaled up."""
    obstacle: str = ""
    """Why it would fail at once; empty where nothing is known to stand in the way."""
    hint: str = ""
    """What to do about the obstacle."""


def estimate(context: Context, scope: Scope) -> Estimate:
    """What a `generate` of this scope would take; asks no model.

    Documents that are not read and cut yet are not part of it. Raises Conflict for a selection of
    passages that are not there any more.
    """
    context.scope = scope
    asked = passages(context) if scope.chunks is None else asked_passages(context)
    step = -(-len(asked) // _MOST_RENDERED) or 1
    sample = asked[::step]
    if isinstance(context.recipe.teacher, Embedded):
        cost = _embedded_cost(context, sample)
    else:
        with _offline_asker(context) as asker:
            cost = _sum([_cost(context, asker, *passage) for passage in sample])
    scale = len(asked) / len(sample) if sample else 1.0
    obstacle = _obstacle(context, asked)
    return _estimate(context, cost, scale, len(asked), len(sample), obstacle)


class _Cost(NamedTuple):
    calls: int = 0
    cached: int = 0
    finished: int = 0
    prompt: float = 0.0
    completion: float = 0.0


class _Obstacle(NamedTuple):
    reason: str = ""
    hint: str = ""


def _sum(costs: Sequence[_Cost]) -> _Cost:
    return _Cost(*(sum(column) for column in zip(*costs, strict=True))) if costs else _Cost()


def _estimate(
    context: Context, cost: _Cost, scale: float, passages: int, sampled: int, obstacle: _Obstacle
) -> Estimate:
    spec = context.recipe.teacher
    concurrency = int(getattr(spec, "concurrency", 1))
    measured = _measured(context)
    factors = _factors(context, measured)
    calls = round(cost.calls * scale)
    prompt, completion = cost.prompt * factors.prompt, cost.completion * factors.completion
    per_call = (
        measured.seconds / measured.calls
        if measured.calls >= _FEWEST_MEASURED
        else _assumed_seconds(context, cost) / concurrency
    )
    return Estimate(
        teacher=str(getattr(spec, "model", "")) or "embedded",
        passages=passages,
        finished=round(cost.finished * scale),
        calls=calls,
        cached=round(cost.cached * scale),
        prompt_tokens=round(prompt * scale),
        completion_tokens=round(completion * scale),
        seconds=round(calls * per_call, 1),
        concurrency=concurrency,
        token_method="by_characters_and_usage" if factors.measured else "by_characters",
        time_method="measured" if measured.calls >= _FEWEST_MEASURED else "assumed",
        sampled=sampled,
        obstacle=obstacle.reason,
        hint=obstacle.hint,
    )


def _assumed_seconds(context: Context, cost: _Cost) -> float:
    """Seconds of one call, where none of this project was measured."""
    if isinstance(context.recipe.teacher, Embedded):
        return _ASSUMED_SECONDS_EMBEDDED
    each = cost.completion / cost.calls if cost.calls else 0.0
    return _ASSUMED_SECONDS_TO_ANSWER + each / _ASSUMED_TOKENS_A_SECOND


def _embedded_cost(context: Context, sample: Sequence[tuple[Chunk, Document]]) -> _Cost:
    """One piece of work a passage; no tokens are paid for."""
    done = sum(context.done(opening_task(context, *one).key) is not None for one in sample)
    return _Cost(calls=len(sample) - done, finished=done)


def _cost(context: Context, asker: Asker, chunk: Chunk, document: Document) -> _Cost:
    """What is missing for one passage."""
    opening = opening_task(context, chunk, document)
    costs: list[_Cost] = []
    if context.done(opening.key) is not None:
        facts: Sequence[Fact] | None = context.store.get(Fact, made(context, opening))
    else:
        facts = _facts_from_cache(opening, asker)
        costs.append(_cost_of(opening, chunk, document, cached=facts is not None))
    if facts is None:
        return _sum([*costs, *_expected_wordings(context, chunk, document)])
    for task in wording_tasks(context, chunk, document, facts):
        if context.done(task.key) is None:
            costs.append(_cost_of(task, chunk, document, cached=_is_cached(task, asker)))
    return _sum(costs) if costs else _Cost(finished=1)


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


def _cost_of(task: Task, chunk: Chunk, document: Document, *, cached: bool) -> _Cost:
    if cached:
        return _Cost(cached=1)
    assert task.request is not None
    request = task.request()
    return _Cost(
        calls=1,
        prompt=_prompt_tokens(request),
        completion=_reply_tokens(request, chunk, document),
    )


def _expected_wordings(context: Context, chunk: Chunk, document: Document) -> Iterator[_Cost]:
    """The calls for wordings that will follow, if the teacher writes the facts it is asked for."""
    generation = context.recipe.generation
    facts = _imagined(chunk, document, generation.facts.count(chunk))
    for writer in (generation.training, generation.exam):
        for batch in writer.batches(chunk, document, facts):
            request = writer.request(batch)
            replied = len(batch.facts) * _tokens_a_fact(writer)
            yield _Cost(calls=1, prompt=_prompt_tokens(request), completion=replied)


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
    return sum(tokens_in(message.content) + 4 for message in request.messages)


def _reply_tokens(request: Request[Any], chunk: Chunk, document: Document) -> float:
    if request.purpose == "facts":
        each = _FACT_TOKENS.get(document.language, _FACT_TOKENS_ELSE)
        return each * max(1, len(chunk.text) // 240)
    each = 7 * _WORDING_TOKENS if request.purpose == "training wordings" else 3 * _EXAM_TOKENS
    return each * max(1, len(chunk.text) // 240)


class _Measured(NamedTuple):
    calls: int
    seconds: float
    prompt: float
    """Tokens of one call, on average."""
    completion: float


def _measured(context: Context) -> _Measured:
    """What earlier calls of this project took, by the step's log; with today's recipe if any."""
    logs = [log for log in context.store.all(StepLog) if log.step == "generate"]
    own = [log for log in logs if log.recipe_id == context.recipe.fingerprint()]
    chosen = own if any(log.usage.calls for log in own) else logs
    if isinstance(context.recipe.teacher, Embedded):
        done = [o for o in context.store.all(Outcome) if o.subject.endswith(": questions")]
        return _Measured(len(done), sum(log.seconds for log in own), 0.0, 0.0)
    paid = [log for log in chosen if log.usage.calls]
    calls = sum(log.usage.calls for log in paid)
    return _Measured(
        calls,
        sum(log.seconds for log in paid),
        sum(log.usage.prompt_tokens for log in paid) / max(1, calls),
        sum(log.usage.completion_tokens for log in paid) / max(1, calls),
    )


class _Factors(NamedTuple):
    """By how much estimates from characters are too low."""

    prompt: float = 1.0
    completion: float = 1.0
    measured: bool = False


def _factors(context: Context, measured: _Measured) -> _Factors:
    """Compares what a call used with what it would have been estimated at."""
    if measured.calls < _FEWEST_MEASURED or not measured.prompt:
        return _Factors()
    everything = passages(context)
    sample = everything[:: -(-len(everything) // 20) or 1]
    costs = [
        one
        for chunk, document in sample
        for one in (
            _cost_of(opening_task(context, chunk, document), chunk, document, cached=False),
            *_expected_wordings(context, chunk, document),
        )
    ]
    expected = _sum(costs)
    if not expected.calls:
        return _Factors()
    return _Factors(
        _within(measured.prompt * expected.calls / expected.prompt),
        _within(measured.completion * expected.calls / expected.completion),
        measured=True,
    )


def _within(factor: float) -> float:
    return min(4.0, max(0.25, factor))


def _obstacle(context: Context, asked: Sequence[tuple[Chunk, Document]]) -> _Obstacle:
    """What would stop the work at once, as far as it can be known without a call."""
    if not asked:
        return _Obstacle("there is no passage to ask about", "Upload a document first.")
    by_id = {document.id: document for _, document in asked}
    reasons = unsuited(context, by_id.values())
    if reasons:
        return _Obstacle(
            "the embedded model cannot write questions for these documents: " + "; ".join(reasons),
            "Choose another teacher.",
        )
    if isinstance(context.recipe.teacher, Embedded):
        return _Obstacle()
    try:
        teacher_of(context).open()
    except LoresmithError as error:
        return _Obstacle(error.message, error.hint)
    return _Obstacle()


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
