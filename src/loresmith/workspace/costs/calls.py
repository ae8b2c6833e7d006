"""The calls of a project that were answered, to be looked up one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from loresmith.errors import NotFound
from loresmith.models.cache import Call, ReplyCache
from loresmith.models.prices import Prices
from loresmith.records import Message, Record
from loresmith.settings import load_settings
from loresmith.workspace.costs.spending import Spent, spent

if TYPE_CHECKING:
    from loresmith.workspace.workspace import Workspace


class CallSeen(Record):
    """One call, answered or failed, without its texts."""

    number: int
    """Its number in this project."""
    job: str
    """The id of the job that made it; empty where that was not noted yet."""
    purpose: str
    """What it was for, such as `facts`."""
    endpoint: str
    model: str
    asked_at: str
    """When its reply was kept (ISO 8601, UTC)."""
    seconds: float | None
    """From sending it to the end of the reply; null where that is not known."""
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    money: float | None = None
    """At the price known today; null where there is none."""
    currency: str = ""
    valid: bool
    """Whether the reply was accepted."""
    faults: tuple[str, ...] = ()
    """What was wrong with it."""
    failure: str = ""
    """Why it brought no reply: its status, such as `429`, or `timed_out`, `not_reached`, `garbled`
    or `withheld`; empty where it did. What was answered instead stands where the reply would."""


class WholeCallSeen(CallSeen):
    """One call with all that was said."""

    messages: tuple[Message, ...]
    """The prompt, turn by turn; none of calls from before prompts were kept."""
    reply: str
    reasoning: str = ""
    finish_reason: str = ""


class Calls:
    """The calls of one project."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.project.replies
        self._prices = Prices(load_settings().home)

    def page(
        self,
        *,
        before: int | None = None,
        limit: int = 50,
        job: str | None = None,
        faulty: bool = False,
        failed: bool | None = None,
    ) -> list[CallSeen]:
        """The newest calls, or those before a number; only those of one job, those with a refused
        reply (`faulty`), or those that brought none (`failed`; false leaves them out)."""
        with self._cache() as cache:
            if cache is None:
                return []
            found = cache.calls(before=before, limit=limit, job=job, faulty=faulty, failed=failed)
        return [CallSeen.model_validate(self._seen(one)) for one in found]

    def one(self, number: int) -> WholeCallSeen:
        """A call with its texts. Raises NotFound."""
        with self._cache() as cache:
            found = cache.call(number) if cache is not None else None
        if found is None:
            raise NotFound(f"there is no call {number}")
        return WholeCallSeen.model_validate(
            {
                **self._seen(found.call),
                "messages": found.messages,
                "reply": found.reply.text,
                "reasoning": found.reply.reasoning,
                "finish_reason": found.reply.finish_reason,
            }
        )

    def spent(self, job: str | None = None) -> Spent:
        """What all calls took, or those of one job."""
        with self._cache() as cache:
            return spent(cache.spending() if cache is not None else (), self._prices, job=job)

    def failures(self, job: str | None = None) -> dict[str, int]:
        """How many calls brought no reply, by why: `{"429": 12, "timed_out": 1}`."""
        with self._cache() as cache:
            return cache.failures(job) if cache is not None else {}

    def _seen(self, call: Call) -> dict[str, object]:
        price = self._prices.of(call.endpoint, call.model)
        return {
            "number": call.number,
            "job": call.job,
            "purpose": call.purpose,
            "endpoint": call.endpoint,
            "model": call.model,
            "asked_at": datetime.fromtimestamp(call.asked_at, timezone.utc).isoformat(
                timespec="seconds"
            ),
            "seconds": call.seconds,
            "prompt_tokens": call.usage.prompt_tokens,
            "cached_prompt_tokens": call.usage.cached_prompt_tokens,
            "completion_tokens": call.usage.completion_tokens,
            "money": price.of(call.usage) if price is not None else None,
            "currency": price.currency if price is not None else "",
            "valid": call.valid,
            "faults": call.faults,
            "failure": call.failure,
        }

    @contextmanager
    def _cache(self) -> Iterator[ReplyCache | None]:
        """The project's replies; None before there are any."""
        if not self._file.exists():
            yield None
            return
        with ReplyCache(self._file) as cache:
            yield cache
