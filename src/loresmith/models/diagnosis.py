"""Tries an endpoint, by one tiny call or for its list of models, and says plainly what is wrong."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from loresmith.errors import ModelError, ModelUnavailable
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
from loresmith.models.wire import Wire, WireFault, WireReply
from loresmith.records import Record

Unreached = Literal["no_key", "forbidden_host", "dns", "refused", "unreachable", "tls", "timeout"]
Unusable = Literal["web_page", "not_openai", "empty", "no_list"]
Finding = Literal["ok", "slow"] | Unusable | Unreached | Refusal
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


class OfferedModels(Diagnosis):
    """What an endpoint said when it was asked for the list of its models."""

    models: tuple[str, ...] = ()
    """Their names in order; empty where there was no list."""


def diagnose(spec: OpenAICompatible, *, timeout: float = 30.0) -> Diagnosis:
    """Calls once, and at most `timeout` seconds long; never raises for what the endpoint does."""
    return _asked(spec, timeout, lambda wire, target: _tried(wire, spec, target))


def list_models(spec: OpenAICompatible, *, timeout: float = 15.0) -> OfferedModels:
    """Asks the endpoint of `spec` which models it has; the model of `spec` does not matter.

    At most `timeout` seconds long; never raises for what the endpoint does.
    """
    found = _asked(spec, timeout, _listed)
    if isinstance(found, OfferedModels):
        return found
    return OfferedModels.model_validate(found.model_dump())


def _asked(
    spec: OpenAICompatible, timeout: float, ask: Callable[[Wire, Target], Diagnosis]
) -> Diagnosis:
    """What `ask` finds at the endpoint, or why it cannot be asked at all."""
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
        return ask(wire, target)
    except WireFault as fault:
        return _bad(_unreached(fault), not_reached(fault, target).error)
    except ModelUnavailable as error:
        return _bad("forbidden_host", error)
    finally:
        wire.close()


def _tried(wire: Wire, spec: OpenAICompatible, target: Target) -> Diagnosis:
    asked = [{"role": "user", "content": "Reply with the one word: ready"}]
    own = PRESETS[spec.preset].max_tokens_field if spec.url is None else "max_tokens"
    wire.open()  # to load the SDK takes a while, which is not the endpoint's
    start = time.monotonic()
    for field in (own, "max_completion_tokens"):
        options: dict[str, Any] = {field: 64, **spec.extra_body}
        answer = wire.post(spec.model, asked, options)
        seconds = time.monotonic() - start
        if _is_web_page(answer):
            return _web_page(target, seconds)
        if 200 <= answer.status < 300:
            return _answered(answer.body, target, seconds)
        setback: Setback = refused(answer, target)
        if setback.unsupported != field:
            break
    return _bad(kind_of_refusal(answer, target), setback.error, seconds=seconds)


def _answered(body: bytes, target: Target, seconds: float) -> Diagnosis:
    try:
        reply = read_completion(body)
    except NotACompletion as what:
        return _bad("not_openai", garbled(what, target).error, seconds=seconds)
    # A reasoning model may spend all of the few tokens on thoughts, told or not.
    if not reply.text.strip() and not reply.reasoning and reply.finish_reason != "length":
        hint = "try another model of this endpoint; on a server of your own, see its chat template"
        error = ModelError(f"{target} answered, but with no text", hint=hint)
        return _bad("empty", error, seconds=seconds)
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


def _listed(wire: Wire, target: Target) -> Diagnosis:
    wire.open()
    start = time.monotonic()
    answer = wire.models()
    seconds = time.monotonic() - start
    if _is_web_page(answer):
        return _web_page(target, seconds)
    if answer.status in (404, 405, 501):
        hint = "write the model's name as the provider's documentation has it"
        error = ModelError(f"{target.url} keeps no list of its models", hint=hint)
        return _bad("no_list", error, seconds=seconds)
    if not 200 <= answer.status < 300:
        setback = refused(answer, target)
        return _bad(kind_of_refusal(answer, target), setback.error, seconds=seconds)
    names = _names(answer.body)
    if names is None:
        what = NotACompletion("no list of models is in it")
        return _bad("not_openai", garbled(what, target).error, seconds=seconds)
    return OfferedModels(
        finding="ok",
        ok=True,
        seconds=round(seconds, 3),
        message=f"{target.url} has {len(names)} models",
        models=names,
    )


def _names(body: bytes) -> tuple[str, ...] | None:
    """The names in a list of models as OpenAI has it; None where the body is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    entries = data.get("data") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return None
    names = {entry.get("id") for entry in entries if isinstance(entry, dict)}
    return tuple(sorted(name for name in names if isinstance(name, str) and 0 < len(name) <= 200))


_HTML = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml)", re.IGNORECASE)


def _is_web_page(answer: WireReply) -> bool:
    """Whether a page for people came: of a login, a firewall, or an address without its /v1."""
    is_page = bool(_HTML.match(answer.body))
    return is_page and (200 <= answer.status < 300 or answer.status in (403, 404, 405))


def _web_page(target: Target, seconds: float) -> Diagnosis:
    hint = (
        f"see that {target.url} is the base URL of an API (often /v1), and that no login page or "
        "firewall stands before it"
    )
    error = ModelError(f"a web page answered at {target.url}, and no API", hint=hint)
    return _bad("web_page", error, seconds=seconds)


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
