"""Chat models behind an HTTP endpoint of OpenAI's form: the usual teacher."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator

from loresmith.component import content_id
from loresmith.errors import ModelUnavailable, ReplyRejected
from loresmith.models.base import CallFailure, ChatModel, Sampling
from loresmith.models.budget import tokens_asked
from loresmith.models.completions import NotACompletion, read_completion
from loresmith.models.endpoints import MOST, Limit, endpoint
from loresmith.models.limits.of_machine import LimitsOfMachine, stricter
from loresmith.models.presets import PRESETS, PresetName, endpoint_url
from loresmith.models.setbacks import Setback, Target, garbled, not_reached, refused, without_key
from loresmith.models.spec import ModelSpec
from loresmith.models.wire import Wire, WireFault, WireReply, is_local
from loresmith.records import Message, Reply
from loresmith.settings import load_settings, secret


class OpenAICompatible(ModelSpec):
    """A chat model behind an OpenAI-compatible endpoint: a provider's, or a server of your own."""

    type: Literal["openai"] = "openai"
    preset: PresetName = Field(default="openai", json_schema_extra={"common": True})
    """The provider: gives the URL and the environment variable of the key."""
    model: str = Field(min_length=1)
    """The model's name as the endpoint knows it."""
    url: str | None = Field(default=None, json_schema_extra={"common": True})
    """Base URL of another endpoint than the preset's, such as `http://127.0.0.1:8000/v1`."""
    api_key_env: str | None = None
    """Environment variable that holds the key, where it is not the preset's."""
    concurrency: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default=5, json_schema_extra={"common": True}
    )
    """Most calls in flight at once, counted over all jobs of this machine at this endpoint; `auto`
    finds the number: it grows while that pays, and shrinks at refusals (429) and time-outs."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """Most calls a minute at this endpoint, from all jobs of this machine; no limit when not set.
    """
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Most tokens a minute at this endpoint, of prompts and replies together, from all jobs of
    this machine; no limit when not set."""
    timeout: float = Field(default=120.0, gt=0, json_schema_extra={"unit": "s"})
    """Longest time for one call, in seconds, from sending it to the end of the reply."""
    connect_timeout: float = Field(default=10.0, gt=0, json_schema_extra={"unit": "s"})
    """Longest time to reach the server, in seconds."""
    max_retries: int = Field(default=6, ge=0)
    """How often a call is repeated after a time-out, a lost connection, 429 or a server error."""
    retry_wait: float = Field(default=0.5, ge=0, json_schema_extra={"unit": "s"})
    """Pause before the first repetition, in seconds; it doubles each time."""
    longest_wait: float = Field(default=60.0, ge=0, json_schema_extra={"unit": "s"})
    """Longest pause, in seconds, also where the endpoint asks for a longer one."""
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    """Replaces the temperature that the work asks for; some models allow only 1."""
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    """Further members of the request, such as `{"enable_thinking": false}`."""

    @field_validator("url")
    @classmethod
    def _is_a_base_url(cls, value: str | None) -> str | None:
        return None if value is None else endpoint_url(value)

    def open(self) -> HostedModel:
        return HostedModel(self)

    def fingerprint(self) -> str:
        """How fast it may be asked changes nothing of what it answers."""
        pace = {"requests_per_minute", "tokens_per_minute"}
        return content_id(type(self).__name__, self.model_dump(mode="json", exclude=pace))

    @property
    def base_url(self) -> str:
        """Where the calls go."""
        return self.url or PRESETS[self.preset].url

    @property
    def key_env(self) -> str | None:
        """The environment variable that the key is read from."""
        return self.api_key_env or PRESETS[self.preset].api_key_env


class HostedModel(ChatModel):
    """A model of an `OpenAICompatible` endpoint. Several threads may call `reply` at once.

    Raises ModelUnavailable when the key that the preset needs is not in the environment.
    """

    def __init__(self, settings: OpenAICompatible) -> None:
        self.name = settings.model
        self._settings = settings
        preset = PRESETS[settings.preset]
        self._target = target_of(settings)
        require_key(self._target, settings)
        self._wire = Wire(
            settings.base_url,
            key=self._target.key,
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
        )
        home = load_settings().home
        self._endpoint = endpoint(settings.base_url, home)
        allowed = LimitsOfMachine(home).of(settings.base_url)
        self._most_at_once = allowed.concurrency or sys.maxsize
        self._requests = stricter(settings.requests_per_minute, allowed.requests_per_minute)
        self._tokens = stricter(settings.tokens_per_minute, allowed.tokens_per_minute)
        self._usual_reply = _Average(_FIRST_GUESS)
        self._max_tokens_field = preset.max_tokens_field if settings.url is None else "max_tokens"
        self._left_out: frozenset[str] = frozenset()
        self._closed = threading.Event()

    @property
    def concurrency(self) -> int:
        return min(self._most_at_once, self._endpoint.concurrency(self._settings.concurrency))

    @property
    def most_concurrency(self) -> int:
        said = self._settings.concurrency
        return min(self._most_at_once, MOST if said == "auto" else said)

    @property
    def endpoint(self) -> str:
        return self._settings.base_url

    @property
    def identity(self) -> str:
        """The name alone, unless settings change what a request means."""
        settings = self._settings
        if settings.temperature is None and not settings.extra_body:
            return self.name
        return f"{self.name}#{content_id(settings.temperature, settings.extra_body)}"

    def reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return self._reply(messages, sampling, max_retries=self._settings.max_retries)

    def check(self) -> None:
        """Makes one tiny call. Raises the ModelError that any other call would meet."""
        asked = Message(role="user", content="Reply with the one word: ready")
        self._reply(
            (asked,), Sampling(max_tokens=64), max_retries=min(2, self._settings.max_retries)
        )

    def __enter__(self) -> HostedModel:
        self._wire.open()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the connections; calls that wait for their turn are given up."""
        self._closed.set()
        self._wire.close()

    def _reply(self, messages: Sequence[Message], sampling: Sampling, *, max_retries: int) -> Reply:
        failures = 0
        while True:
            options = self._options(sampling)
            outcome = self._call(messages, options)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.unsupported in options and self._leave_out(outcome.unsupported):
                continue
            if not outcome.passing or failures == max_retries:
                outcome.error.may_pass = outcome.passing
                raise outcome.error
            self._pause(outcome, failures)
            failures += 1

    def _call(self, messages: Sequence[Message], options: dict[str, Any]) -> Reply | Setback:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        expected = tokens_asked(messages) + int(self._usual_reply.value)
        gone = self._closed.is_set
        self._endpoint.rates.wait(
            requests=self._requests, tokens=self._tokens, expected=expected, gone=gone
        )
        with self._endpoint.slot(self._limit, gone=gone):
            if self._closed.is_set():
                return Setback(ModelUnavailable(f"{self._target} was closed"))
            began = time.monotonic()
            try:
                answer = self._wire.post(self.name, turns, options)
            except WireFault as fault:
                if fault.timed_out:
                    self._endpoint.hindered()
                setback = not_reached(fault, self._target)
                kind = "timed_out" if fault.timed_out else "not_reached"
                self._tell_failure(kind, setback, b"", time.monotonic() - began)
                return setback
            outcome = self._outcome(answer)
            seconds = time.monotonic() - began
            if isinstance(outcome, Reply):
                self._endpoint.ended(seconds, outcome.usage.completion_tokens)
            elif answer.status == 429:
                self._endpoint.hindered()
        if not isinstance(outcome, Reply):
            ok = 200 <= answer.status < 300
            filtered = isinstance(outcome.error, ReplyRejected)
            kind = ("withheld" if filtered else "garbled") if ok else str(answer.status)
            self._tell_failure(kind, outcome, answer.body, seconds)
            return outcome
        usage = outcome.usage
        self._usual_reply.add(usage.completion_tokens)
        used = usage.prompt_tokens + usage.completion_tokens
        self._endpoint.rates.settle(tokens=self._tokens, expected=expected, used=used)
        return outcome.model_copy(update={"seconds": round(seconds, 3)})

    def _tell_failure(self, kind: str, setback: Setback, body: bytes, seconds: float) -> None:
        if self.on_failure is None:
            return
        text = without_key(body[:_SHOWN_BYTES].decode("utf-8", "replace"), self._target)
        self.on_failure(CallFailure(kind, setback.error.message, text, round(seconds, 3)))

    @property
    def _limit(self) -> Limit:
        """By the recipe, and never more than this machine allows."""
        said = self._settings.concurrency
        return said if said == "auto" and self._most_at_once >= MOST else self.concurrency

    def _outcome(self, answer: WireReply) -> Reply | Setback:
        if not 200 <= answer.status < 300:
            return refused(answer, self._target)
        try:
            reply = read_completion(answer.body)
        except NotACompletion as what:
            return garbled(what, self._target)
        if reply.finish_reason == "content_filter":
            what_happened = f"the content filter of {self._target} withheld the reply"
            return Setback(ReplyRejected(what_happened, hint="another teacher may give it"))
        return reply

    def _options(self, sampling: Sampling) -> dict[str, Any]:
        chosen = self._settings.temperature
        options: dict[str, Any] = {
            "temperature": sampling.temperature if chosen is None else chosen,
            self._max_tokens_field: sampling.max_tokens,
        }
        if sampling.top_p < 1.0:
            options["top_p"] = sampling.top_p
        if sampling.seed is not None:
            options["seed"] = sampling.seed
        wanted = {name: value for name, value in options.items() if name not in self._left_out}
        return {**wanted, **self._settings.extra_body}

    def _leave_out(self, option: str) -> bool:
        """Does without an option that the endpoint will not have; False when that is no help."""
        if option in self._settings.extra_body:
            return False
        if option == "max_tokens":
            self._max_tokens_field = "max_completion_tokens"
            return True
        if option not in ("temperature", "top_p", "seed"):
            return False
        self._left_out |= {option}
        return True

    def _pause(self, setback: Setback, failures: int) -> None:
        longest = self._settings.longest_wait
        if setback.pause is None:
            doubled = min(longest, self._settings.retry_wait * 2**failures)
            self._closed.wait(doubled * random.uniform(0.5, 1.0))
            return
        pause = min(longest, setback.pause)
        self._endpoint.quiet(pause)
        self._closed.wait(pause)


_SHOWN_BYTES = 2_000
"""So much is kept of what an endpoint answers in place of a reply."""
_FIRST_GUESS = 500.0
"""Tokens of a reply, before there is one to go by."""


class _Average:
    """A mean that the newest values count most in."""

    def __init__(self, first: float) -> None:
        self.value = first

    def add(self, value: float) -> None:
        self.value += 0.1 * (value - self.value)


def target_of(settings: OpenAICompatible) -> Target:
    """Who is asked, with the key as it is now."""
    preset = PRESETS[settings.preset]
    return Target(
        model=settings.model,
        url=settings.base_url,
        key=secret(settings.key_env) if settings.key_env else None,
        key_env=settings.key_env,
        unknown_model=(
            f"{settings.url}/models lists the names" if settings.url else preset.unknown_model
        ),
    )


def require_key(target: Target, settings: OpenAICompatible) -> None:
    """Raises ModelUnavailable where a key is needed and not set.

    A server of one's own may do without a key; a provider never does.
    """
    own = settings.api_key_env is None and (settings.url is not None or is_local(target.url))
    if target.key is None and target.key_env is not None and not own:
        raise ModelUnavailable(
            f"no key for {target}: the environment variable {target.key_env} is not set",
            hint=f"export {target.key_env}=..., write it into a .env file in this folder, or enter "
            "it on the studio's page Models",
        )
