"""Asks a chat model for a value of a given form until it is right, and never pays twice for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from loresmith.errors import MalformedReply
from loresmith.models.base import CallFailure, ChatModel, Sampling
from loresmith.models.budget import Allowance
from loresmith.models.cache import ReplyCache, reply_key
from loresmith.models.json_reading import Found, JSONFault, find_json, is_unfilled
from loresmith.models.thinking import split_thinking
from loresmith.models.usage import UsageMeter
from loresmith.records import Message, Reply, Usage

T = TypeVar("T", bound=BaseModel)

_REMEMBERED = 4
_SHOWN_FAULTS = 8
_SHOWN_REPLY = 2_000
_LONGEST_REPLY = 8_192


@dataclass(frozen=True)
class Request(Generic[T]):
    """A conversation whose answer is to be a JSON value of the form `schema`."""

    messages: tuple[Message, ...]
    schema: type[T]
    sampling: Sampling
    sample: int = 0
    """Tells apart several answers wanted to one and the same conversation."""
    purpose: str = ""
    """What it is for, in a word or two: usage is added up by it."""
    check: Callable[[T], list[str]] | None = None
    """Further faults, in words that the model can mend, such as `3 pairs asked for, 1 given`."""
    with_reasoning: Callable[[T, str], T] | None = None
    """Takes the reasoning of a reasoning model, which stands beside its reply, into the value."""


class Asker:
    """Gets validated values out of a chat model, through a cache. Safe for several threads.

    A faulty reply is shown to the model again with its faults named, a cut one is asked for again
    with more room, at most `attempts` calls in all. Every reply is kept in the cache before it is
    looked at any further, so a run that was killed goes on where it stood: it does not ask again
    what was answered, not even what was answered badly.
    """

    def __init__(
        self,
        model: ChatModel,
        cache: ReplyCache,
        *,
        attempts: int = 3,
        on_call: Callable[[str, Usage, bool], None] | None = None,
        job: str = "",
        allowance: Allowance | None = None,
    ) -> None:
        """`on_call(purpose, usage, cached)` is called after every reply, from its thread.

        Calls are noted as those of `job`. With an `allowance`, BudgetExceeded is raised before the
        call that would pass it.
        """
        self.model = model
        self._cache = cache
        self._attempts = attempts
        self._on_call = on_call
        self._job = job
        self._allowance = allowance
        self._meter = UsageMeter()
        self._asking = threading.local()
        model.on_failure = self._note_failure

    @property
    def usage(self) -> Usage:
        """What was used since this asker was made: calls and their tokens, and cached answers."""
        return self._meter.total

    @property
    def usage_by_purpose(self) -> dict[str, Usage]:
        return self._meter.by_purpose

    def ask(self, request: Request[T]) -> T:
        """The value, from the cache or from the model.

        Raises MalformedReply with the faults of the last reply when none was right, and any
        ModelError of the model itself.
        """
        key = self.key(request)
        stored = self._cache.get(key)
        if stored is not None:
            reading = _read(stored, request)
            if reading.value is not None:
                self._count(request.purpose, Usage(cached=1), cached=True)
                return reading.value
            self._cache.invalidate(key, faults=reading.faults)
        return self._ask_anew(request, key)

    def key(self, request: Request[T]) -> str:
        """Where the cache keeps the answer to `request`."""
        return reply_key(
            self.model.identity, request.messages, request.sampling, sample=request.sample
        )

    def _ask_anew(self, request: Request[T], key: str) -> T:
        bad: list[_Refused] = []
        for stored in self._cache.bad_replies(key):
            reading = _read(stored.reply, request)
            if reading.value is not None:  # the check has become milder since
                self._cache.accept(stored)
                self._count(request.purpose, Usage(cached=1), cached=True)
                return reading.value
            bad.append(_Refused(stored.reply, reading.faults))
        for _ in range(self._attempts):
            turn = _next_turn(request, bad[-_REMEMBERED:])
            self._asking.about = _Asked(key, request.purpose, turn.messages)
            reply = self._reply(turn)
            reading = _read(reply, request)
            self._cache.put(
                key,
                reply,
                valid=reading.value is not None,
                model=self.model.name,
                purpose=request.purpose,
                faults=reading.faults,
                messages=turn.messages,
                job=self._job,
                endpoint=self.model.endpoint,
            )
            self._count(request.purpose, reply.usage, cached=reply.usage.cached > 0)
            if reading.value is not None:
                return reading.value
            bad.append(_Refused(reply, reading.faults))
        tries = "1 attempt" if self._attempts == 1 else f"{self._attempts} attempts"
        raise MalformedReply(
            f"{self.model.name} gave no usable answer for {request.purpose or 'a request'} "
            f"in {tries}; the last was wrong in this: {'; '.join(bad[-1].faults)}",
            hint="running again asks once more; a stronger model or shorter chunks may help",
        )

    def _reply(self, turn: _Turn) -> Reply:
        if self._allowance is None:
            return self.model.reply(turn.messages, turn.sampling)
        with self._allowance.call(turn.messages, turn.sampling) as paid:
            reply = self.model.reply(turn.messages, turn.sampling)
            paid.usage = reply.usage
        return reply

    def _note_failure(self, failure: CallFailure) -> None:
        """Keeps a call that brought no reply where calls are looked up; it is told in the thread
        that asked."""
        about: _Asked | None = getattr(self._asking, "about", None)
        if about is None:  # the tiny call that tries the teacher
            return
        self._cache.put(
            about.key,
            Reply(text=failure.answered, finish_reason="failed", seconds=failure.seconds),
            valid=False,
            model=self.model.name,
            purpose=about.purpose,
            faults=(failure.message,),
            messages=about.messages,
            job=self._job,
            endpoint=self.model.endpoint,
            failure=failure.kind,
        )

    def _count(self, purpose: str, usage: Usage, *, cached: bool) -> None:
        self._meter.add(purpose, usage)
        if self._on_call is not None:
            self._on_call(purpose, usage, cached)


class _Asked(NamedTuple):
    """What a thread is asking about."""

    key: str
    purpose: str
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class _Reading(Generic[T]):
    """A value without faults, or faults without a value."""

    value: T | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Refused:
    reply: Reply
    faults: tuple[str, ...]

    @property
    def cut(self) -> bool:
        return self.reply.finish_reason == "length"


def _read(reply: Reply, request: Request[T]) -> _Reading[T]:
    """What a reply says, if it says exactly one thing that has the form and no fault."""
    if reply.finish_reason == "length":
        return _Reading(None, ("the reply was cut off at the limit of its length: be briefer",))
    if "\ufffd" in reply.text:
        return _Reading(None, ("characters of the reply were lost on the way (�)",))
    try:
        found = find_json(split_thinking(reply.text).text)
    except JSONFault as fault:
        return _Reading(None, (str(fault),))
    if not found:
        return _Reading(None, ("the reply holds no JSON object",))
    reasoning = reply.reasoning or split_thinking(reply.text).reasoning
    good: list[T] = []
    faults: list[str] = []
    for candidate in found:
        reading = _validated(candidate, request, reasoning)
        if reading.value is None:
            faults += reading.faults
        elif reading.value not in good:
            good.append(reading.value)
    if len(good) == 1:
        return _Reading(good[0])
    if good:
        return _Reading(None, ("the reply holds several different answers; one is wanted",))
    return _Reading(None, tuple(dict.fromkeys(faults))[:_SHOWN_FAULTS])


def _validated(candidate: Found, request: Request[T], reasoning: str) -> _Reading[T]:
    data = _as_object(candidate, request.schema)
    if not isinstance(data, dict):
        return _Reading(None, ("the JSON is not an object",))
    if _is_schema(data, request.schema):
        return _Reading(None, ("the reply gives the form back instead of filling it in",))
    names = _field_names(request.schema)
    if names and not names & set(data):
        return _Reading(None, (f"the JSON object has no member {' or '.join(sorted(names))!r}",))
    try:
        value = request.schema.model_validate(data)
    except ValidationError as error:
        return _Reading(None, tuple(_in_words(error)))
    if is_unfilled(data):
        return _Reading(None, ("the reply gives the form back instead of filling it in",))
    if request.with_reasoning is not None:
        value = request.with_reasoning(value, reasoning)
    faults = request.check(value) if request.check is not None else []
    return _Reading(None, tuple(faults)) if faults else _Reading(value)


def _as_object(candidate: Found, schema: type[BaseModel]) -> Any:
    """A bare list is the object's only field, where the form has just one and that is a list."""
    items = candidate.value
    fields = list(schema.model_fields.items())
    if not isinstance(items, list) or not candidate.alone or len(fields) != 1:
        return items
    name, field = fields[0]
    if get_origin(field.annotation) not in (list, tuple):
        return items
    of_objects = any(
        isinstance(item, type) and issubclass(item, BaseModel)
        for item in get_args(field.annotation)
    )
    if of_objects and not all(isinstance(item, dict) for item in items):
        return items
    return {field.alias or name: items}


def _field_names(schema: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in schema.model_fields.items()}


def _is_schema(data: dict[str, Any], schema: type[BaseModel]) -> bool:
    """Whether this is a JSON schema rather than a value of one."""
    marks = {"properties", "$defs", "$schema", "$ref"} - set(schema.model_fields)
    return bool(marks & set(data))


def _in_words(error: ValidationError) -> Iterable[str]:
    for detail in error.errors(include_url=False, include_context=False)[:_SHOWN_FAULTS]:
        path = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{path}: {message}" if path else message


class _Turn(NamedTuple):
    messages: tuple[Message, ...]
    sampling: Sampling


def _next_turn(request: Request[T], bad: Sequence[_Refused]) -> _Turn:
    """What to ask after `bad`: each faulty reply is shown with its faults.

    A cut one leaves no trace but twice the room, as far as most endpoints allow.
    """
    messages = list(request.messages)
    room = request.sampling.max_tokens
    for refused in bad:
        if refused.cut and room * 2 <= _LONGEST_REPLY:
            room *= 2
            continue
        faults = "\n".join(f"- {fault}" for fault in refused.faults)
        messages += [
            Message(role="assistant", content=_shortened(refused.reply.text)),
            Message(role="user", content=_CORRECTION.format(faults=faults)),
        ]
    return _Turn(tuple(messages), request.sampling.model_copy(update={"max_tokens": room}))


_CORRECTION = """That reply cannot be used:
{faults}
Answer the request above again, in full and in the same language as asked for there. \
Reply with the JSON object only: no other text, straight double quotes, nothing left out."""


def _shortened(text: str) -> str:
    plain = split_thinking(text).text.strip()
    if len(plain) > _SHOWN_REPLY:
        return f"{plain[:_SHOWN_REPLY]} [...]"
    return plain or "(empty)"
