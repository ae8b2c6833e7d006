"""Tries one tiny call at an endpoint and says plainly what is right or wrong with it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, Literal

from loresmith.errors import ModelUnavailable
from loresmith.models.completions import NotACompletion, read_completion
from loresmith.models.hosted import OpenAICompatible, require_key, target_of
from loresmith.models.presets import PRESETS
from loresmith.models.setbacks import (
    Refusal,
    Setback,
    Target,
    garbled,
    kind_of_refusal,
    not_reached,
    refused,
)
from loresmith.models.wire import Wire, WireFault
from loresmith.records import Record

Unreached = Literal["no_key", "forbidden_host", "dns", "refused", "unreachable", "tls", "timeout"]
Finding = Literal["ok", "slow", "not_openai"] | Unreached | Refusal
SLOW_SECONDS = 8.0
"""A reply of one word that takes longer is called slow."""


class Diagnosis(Record):
    """What a test call found."""

    finding: Finding
    ok: bool
    """Whether the model can be worked with."""
    seconds: float | None = None
    """From the call to the end of the reply; None where there was no reply."""
    message: str
    """What happened, in a sentence."""
    hint: str = ""
    """What to do about it."""


def diagnose(spec: OpenAICompatible, *, timeout: float = 30.0) -> Diagnosis:
    """Calls once, and at most `timeout` seconds long; never raises for what the endpoint does."""
    target = target_of(spec)
    wire = Wire(
        spec.base_url,
        key=target.key,
        timeout=min(timeout, spec.timeout),
        connect_timeout=min(timeout, spec.connect_timeout),
    )
    try:
        require_key(target, spec)
    except ModelUnavailable as error:
        return _bad("no_key", error)
    try:
        return _tried(wire, spec, target)
    except ModelUnavailable as error:
        return _bad("forbidden_host", error)
    finally:
        wire.close()


def _tried(wire: Wire, spec: OpenAICompatible, target: Target) -> Diagnosis:
    asked = [{"role": "user", "content": "Reply with the one word: ready"}]
    own = PRESETS[spec.preset].max_tokens_field if spec.url is None else "max_tokens"
    start = time.monotonic()
    for field in (own, "max_completion_tokens"):
        options: dict[str, Any] = {field: 64, **spec.extra_body}
        try:
            answer = wire.post(spec.model, asked, options)
        except WireFault as fault:
            return _bad(_unreached(fault), not_reached(fault, target).error)
        seconds = time.monotonic() - start
        if 200 <= answer.status < 300:
            return _answered(answer.body, target, seconds)
        setback: Setback = refused(answer, target)
        if setback.unsupported != field:
            break
    return _bad(kind_of_refusal(answer, target), setback.error, seconds=seconds)


def _answered(body: bytes, target: Target, seconds: float) -> Diagnosis:
    try:
        read_completion(body)
    except NotACompletion as what:
        return _bad("not_openai", garbled(what, target).error, seconds=seconds)
    slow = seconds > SLOW_SECONDS
    return Diagnosis(
        finding="slow" if slow else "ok",
        ok=True,
        seconds=round(seconds, 3),
        message=f"{target} answered in {seconds:.1f} s",
        hint="many calls will take long: raise the teacher's concurrency or timeout"
        if slow
        else "",
    )


def _unreached(fault: WireFault) -> Finding:
    causes = list(_causes(fault))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "dns"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "refused"
    return "timeout" if fault.connected else "unreachable"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _bad(finding: Finding, error: Exception, *, seconds: float | None = None) -> Diagnosis:
    return Diagnosis(
        finding=finding,
        ok=False,
        seconds=None if seconds is None else round(seconds, 3),
        message=str(getattr(error, "message", error)),
        hint=str(getattr(error, "hint", "")),
    )
