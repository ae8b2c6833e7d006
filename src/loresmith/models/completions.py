"""Reads the body of a chat completion, as OpenAI's and many similar servers send it."""

from __future__ import annotations

import json
from typing import Any

from loresmith.models.thinking import split_thinking
from loresmith.records import Reply, Usage

_FINISH_REASONS = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}
_BROKEN_OFF = {"insufficient_system_resource", "error", "abort"}


class NotACompletion(ValueError):
    """The endpoint answered with something else: an HTML page, an empty body, half an object."""


def read_completion(body: bytes) -> Reply:
    """The reply in a completion, its thinking apart. Raises NotACompletion, saying what came."""
    try:
        data = json.loads(body)
    except ValueError:
        raise NotACompletion(f"its body is not JSON: {_gist(body)}") from None
    choice = _first_choice(data, body)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise NotACompletion(f"its choice holds no message: {_gist(body)}")
    reason = choice.get("finish_reason")
    if reason in _BROKEN_OFF:
        raise NotACompletion(f"it broke the reply off ({reason})")
    content = message.get("content")
    thought = split_thinking(_clean(content if isinstance(content, str) else ""))
    apart = message.get("reasoning_content") or message.get("reasoning")
    return Reply(
        text=thought.text,
        reasoning=_clean(apart) if isinstance(apart, str) else thought.reasoning,
        finish_reason=_FINISH_REASONS.get(str(reason), "stop"),
        usage=_usage(data.get("usage")),
    )


def _first_choice(data: Any, body: bytes) -> dict[str, Any]:
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise NotACompletion(f"its body holds no choices: {_gist(body)}")
    choice: dict[str, Any] = choices[0]
    return choice


def _usage(data: Any) -> Usage:
    counts = data if isinstance(data, dict) else {}
    return Usage(
        calls=1,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        cached_prompt_tokens=_cached(counts),
    )


def _cached(counts: dict[str, Any]) -> int:
    """Tokens of the prompt that the endpoint had in its cache, by OpenAI's or DeepSeek's name."""
    details = counts.get("prompt_tokens_details")
    told = details.get("cached_tokens") if isinstance(details, dict) else None
    return _count(counts.get("prompt_cache_hit_tokens") if told is None else told)


def _count(told: Any) -> int:
    return told if isinstance(told, int) and told > 0 else 0


def _clean(text: str) -> str:
    """Surrogates joined to the character they stand for; half ones become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _gist(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return repr(f"{text[:120]}..." if len(text) > 120 else text) if text else "it is empty"
