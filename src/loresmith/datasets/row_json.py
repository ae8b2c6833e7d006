"""Reads JSON as rows of training data need it: a key that stands twice is seen, not overwritten."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


def parse_json(text: str) -> Any:
    """The value that `text` is. Raises JSONDecodeError, and RecursionError where it is too deep."""
    return DECODER.decode(text)


def repeated_key(value: Any) -> str:
    """The first key that stands twice in an object of `value`, however deep; else empty."""
    if isinstance(value, _Repeated):
        return value.key
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(repeated_key, inner)), "")


def own_repeated_key(value: Any) -> str:
    """The first key that stands twice in `value` itself; empty where none does."""
    return value.key if isinstance(value, _Repeated) else ""


class _Repeated(dict[str, Any]):
    """A JSON object in which `key` stands twice, so that nobody can tell which one was meant."""

    key = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _Repeated(found)
    repeated.key = next(key for key, times in Counter(k for k, _ in pairs).items() if times > 1)
    return repeated


DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    # An integer of thousands of digits is refused by int, in another way than bad JSON.
    parse_int=float,
)
