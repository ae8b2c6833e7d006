"""Tells from an endpoint's refusal what is wrong, whether it may pass, and what the user can do."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from loresmith.errors import ModelError, ModelUnavailable, RateLimited, ReplyRejected
from loresmith.models.wire import WireFault, WireReply, is_local

_NO_CREDIT = re.compile(
    r"insufficient.?(quota|balance|credit)|arrearage|overdue|free.?tier.?only|欠费|余额不足", re.I
)
_FILTERED = re.compile(
    r"content.?(filter|policy|management)|data.?inspection|content exists risk|sensitive"
    r"|inappropriate|moderation|敏感|违规",
    re.I,
)
_TOO_LONG = re.compile(
    r"context.?(length|window)|maximum context|input (length|is too long)|too many tokens"
    r"|prompt is too long|exceeds? .{0,40}(tokens|length)|max_(completion_)?tokens",
    re.I,
)
_UNKNOWN_MODEL = re.compile(
    r"model.{0,80}(not.{0,4}(exist|found|open|support)|unknown|invalid|no access)"
    r"|(unknown|invalid|no such).{0,10}model|模型不存在",
    re.I | re.S,
)
_UNSUPPORTED = re.compile(r"unsupported|not supported|does not support", re.I)


Refusal = Literal[
    "redirect",
    "no_credit",
    "rate_limited",
    "trouble",
    "wrong_key",
    "unknown_model",
    "no_right",
    "wrong_url",
    "rejected",
]


class Target(NamedTuple):
    """Who was asked, as far as an explanation needs it."""

    model: str
    url: str
    key: str | None
    key_env: str | None
    unknown_model: str
    """What to do when the endpoint does not know the model."""

    def __str__(self) -> str:
        return f"{self.model} at {self.url}"


class Setback(NamedTuple):
    """Why one call did not end in a reply."""

    error: ModelError
    passing: bool = False
    """Whether the same call may succeed a little later."""
    pause: float | None = None
    """How long the endpoint asked to wait, in seconds."""
    unsupported: str | None = None
    """The member of the request that the endpoint will not have."""


def refused(reply: WireReply, target: Target) -> Setback:
    """Reads a reply whose status is not 2xx."""
    if 300 <= reply.status < 400:
        return _redirected(reply, target)
    fault = _fault(reply.body, target)
    what = f"{target} refused the request ({reply.status}): {fault.message}"
    if _NO_CREDIT.search(fault.all) or reply.status == 402:
        return Setback(ModelUnavailable(what, hint="the account has no credit left: top it up"))
    if reply.status == 429:
        pause = asked_pause(reply.headers)
        hint = "what was answered is kept: run again later, or lower the teacher's concurrency"
        return Setback(RateLimited(what, retry_after=pause, hint=hint), passing=True, pause=pause)
    if reply.status in (408, 409, 425) or reply.status >= 500:
        hint = "the endpoint is in trouble; what was answered is kept: run again later"
        return Setback(
            ModelUnavailable(what, hint=hint), passing=True, pause=asked_pause(reply.headers)
        )
    if reply.status == 401:
        return Setback(ModelUnavailable(what, hint=_key_hint(target)))
    return _wrong_request(reply.status, fault, what, target)


def kind_of_refusal(reply: WireReply, target: Target) -> Refusal:
    """What `refused` takes a refusal for, in a word."""
    fault = _fault(reply.body, target)
    if 300 <= reply.status < 400:
        return "redirect"
    if _NO_CREDIT.search(fault.all) or reply.status == 402:
        return "no_credit"
    if reply.status == 429:
        return "rate_limited"
    if reply.status in (408, 409, 425) or reply.status >= 500:
        return "trouble"
    if reply.status == 401:
        return "wrong_key"
    if _UNKNOWN_MODEL.search(fault.all):
        return "unknown_model"
    if reply.status == 403:
        return "no_right"
    return "wrong_url" if reply.status in (404, 405) else "rejected"


def not_reached(fault: WireFault, target: Target) -> Setback:
    """Reads a call that brought no reply at all."""
    if fault.connected:
        hint = "what was answered is kept: run again, or raise the teacher's timeout"
    elif is_local(target.url):
        hint = f"is the server running? It is expected at {target.url}"
    else:
        hint = "see that the URL is right and that the network (or its proxy) lets it through"
    message = without_key(f"{target} did not answer: {fault}", target)
    return Setback(ModelUnavailable(message, hint=hint), passing=True)


def garbled(what: Exception, target: Target) -> Setback:
    """Reads a reply with status 200 that is no completion."""
    hint = f"see that {target.url} is the base URL of an OpenAI-compatible API (often /v1)"
    message = without_key(f"{target} sent no usable reply: {what}", target)
    return Setback(ModelError(message, hint=hint), passing=True)


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or an HTTP date) or `retry-after-ms`, if said."""
    for value, scale in (
        (headers.get("retry-after-ms"), 0.001),
        (headers.get("retry-after"), 1.0),
    ):
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            moment = email.utils.parsedate_tz(value)
            if moment is None:
                continue
            seconds = email.utils.mktime_tz(moment) - time.time()
        if seconds == seconds and seconds != float("inf"):
            return max(0.0, seconds)
    return None


class _Fault(NamedTuple):
    message: str
    code: str
    parameter: str | None

    @property
    def all(self) -> str:
        return f"{self.code} {self.message}"


def _redirected(reply: WireReply, target: Target) -> Setback:
    """No redirect is followed: the key and the documents would go to a place nobody named."""
    place = without_key(str(reply.headers.get("location") or "another address"), target)[:300]
    hint = "if that is where it should go, name it as the URL"
    what = f"{target} sends callers on to {place} ({reply.status}), which is not followed"
    return Setback(ModelUnavailable(what, hint=hint))


def _wrong_request(status: int, fault: _Fault, what: str, target: Target) -> Setback:
    if _FILTERED.search(fault.all):
        hint = "the endpoint's content filter refused this passage; another teacher may take it"
        return Setback(ReplyRejected(what, hint=hint))
    if fault.parameter and _UNSUPPORTED.search(fault.all):
        return Setback(ModelError(what), unsupported=fault.parameter)
    if _UNKNOWN_MODEL.search(fault.all):
        return Setback(ModelUnavailable(what, hint=target.unknown_model))
    if status == 403:
        return Setback(ModelUnavailable(what, hint=_key_hint(target)))
    if status in (404, 405):
        hint = f"nothing answers chat completions there: is {target.url} the base URL (often /v1)?"
        return Setback(ModelUnavailable(what, hint=hint))
    if status == 413 or _TOO_LONG.search(fault.all):
        hint = (
            "the request, or the reply it allows for, is too long for this model: "
            "make chunks shorter, or take another model"
        )
        return Setback(ModelError(what, hint=hint))
    return Setback(ModelError(what))


def _fault(body: bytes, target: Target) -> _Fault:
    """The error in a body of any of the usual shapes, or the beginning of the body as it is."""
    text = body.decode("utf-8", "replace")
    try:
        data: Any = json.loads(text)
    except ValueError:
        data = None
    inner = data.get("error", data) if isinstance(data, dict) else data
    members = inner if isinstance(inner, dict) else {"message": inner}
    message = members.get("message") or members.get("detail") or members.get("msg")
    if not isinstance(message, str) or not message.strip():
        message = re.sub(r"<[^>]*>", " ", text) if text.strip() else "no reason given"
    short = " ".join(message.split())[:300]
    code = " ".join(str(members[name]) for name in ("code", "type") if members.get(name))
    parameter = members.get("param")
    return _Fault(
        without_key(short, target), code, parameter if isinstance(parameter, str) else None
    )


def _key_hint(target: Target) -> str:
    if target.key_env is None:
        return "the server asks for a key: name its environment variable in `api_key_env`"
    if target.key is None:
        return f"the server asks for a key: set {target.key_env} in the environment or in .env"
    return f"the key in {target.key_env} is wrong, expired, or has no right to this model"


def without_key(text: str, target: Target) -> str:
    return text.replace(target.key, "***") if target.key else text
