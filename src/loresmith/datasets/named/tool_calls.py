"""Reads the tools that a row offers and those that it calls, whichever way they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from loresmith.datasets.formats.base import RowFault
from loresmith.records import ToolCall


class Called(NamedTuple):
    """A turn that calls tools."""

    text: str
    """What stands before the calls: thoughts, mostly."""
    calls: tuple[ToolCall, ...]


def offered(value: Any, column: str) -> str:
    """The tools of a row as a JSON list; empty where there are none. Raises RowFault."""
    tools = _parsed(value, repr(column)) if isinstance(value, str) and value.strip() else value
    if not tools or tools == "":
        return ""
    tools = tools if isinstance(tools, list) else [tools]
    for number, tool in enumerate(tools, start=1):
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise RowFault("tools", f"tool {number} of {column!r} has no name")
    return json.dumps(tools, ensure_ascii=False)


def called_in_text(text: str, place: str) -> Called:
    """ShareGPT's way: JSON with `name` and `arguments`, or a list of such, after any thoughts, or
    between <tool_call> marks. Raises RowFault."""
    marked = _MARKED.search(text)
    if marked:
        before, json_text = text.replace(marked[0], ""), marked[1]
    else:
        thought = _THOUGHT.match(text)
        before = thought[0] if thought else ""
        json_text = text[len(before) :]
    found = _parsed(json_text, place)
    return Called(before, _calls(found if isinstance(found, list) else [found], place))


def called_in_list(turn: Mapping[str, Any], place: str) -> tuple[ToolCall, ...]:
    """OpenAI's way: a list `tool_calls`, each with a `function`. Raises RowFault."""
    listed = turn["tool_calls"]
    if not isinstance(listed, list):
        raise RowFault("tools", f"tool_calls of {place} is no list")
    return _calls([one.get("function") if isinstance(one, dict) else one for one in listed], place)


_THOUGHT = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
_MARKED = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def _calls(found: list[Any], place: str) -> tuple[ToolCall, ...]:
    calls = []
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise RowFault("tools", f"{place} calls a tool without a name")
        arguments = one.get("arguments", {})
        if isinstance(arguments, str):
            arguments = _parsed(arguments, f"arguments of {one['name']} in {place}")
        if not isinstance(arguments, dict):
            raise RowFault("tools", f"the arguments of {one['name']} in {place} are no object")
        calls.append(
            ToolCall(name=one["name"], arguments=json.dumps(arguments, ensure_ascii=False))
        )
    if not calls:
        raise RowFault("tools", f"{place} calls no tool")
    return tuple(calls)


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError):
        raise RowFault("tools", f"{place} is not JSON") from None
