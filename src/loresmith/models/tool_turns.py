"""Why: chat templates take tools and their calls as transformers names them, records as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from loresmith.errors import ModelError
from loresmith.records import Message, ToolCall

_TOOL, _PLACE, _FOUND = "kestrel_lookup", "Skerryvore", "Sule Skerry"
PROBE_TOOLS = json.dumps([{"name": _TOOL, "description": "?", "parameters": {"properties": {}}}])
PROBE_TURNS = (
    Message(role="user", content="?"),
    Message(
        role="assistant",
        content="",
        tool_calls=(ToolCall(name="where", arguments=json.dumps({"at": _PLACE})),),
    ),
    Message(role="tool", content=_FOUND),
    Message(role="assistant", content="!"),
)
"""A conversation that shows whether, and how, a template writes tools."""


def between_call_and_result(text: str) -> str | None:
    """Of the rendered probe, what ends the call and begins the result; None where the template
    does not write the tool that is offered, or its call, or its result."""
    offered, _, rest = text.partition(_PLACE)
    between, found, _ = rest.partition(_FOUND)
    return between if found and _TOOL in offered else None


def offered_tools(tools: str) -> list[dict[str, Any]]:
    """The JSON text of an example's tools, each wrapped as OpenAI has it.

    Raises ModelError where it is no list of objects.
    """
    try:
        found = json.loads(tools) if tools else []
    except (json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"the tools are not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(tool, dict) for tool in found):
        raise ModelError("the tools are not a JSON list of objects")
    return [
        tool if tool.get("type") == "function" else {"type": "function", "function": tool}
        for tool in found
    ]


def as_turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as templates take them; a tool's result names the call that it answers."""
    turns: list[dict[str, Any]] = []
    open_calls: list[dict[str, Any]] = []
    for message in messages:
        turn: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            open_calls = [_call(call, number) for number, call in enumerate(message.tool_calls)]
            turn["tool_calls"] = list(open_calls)
        elif message.role == "tool" and open_calls:
            answered = open_calls.pop(0)
            turn |= {"tool_call_id": answered["id"], "name": answered["function"]["name"]}
        turns.append(turn)
    return turns


def in_all_text(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with `change` made in every text and key within it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [in_all_text(one, change) for one in value]
    if isinstance(value, dict):
        return {change(key): in_all_text(one, change) for key, one in value.items()}
    return value


def _call(call: ToolCall, number: int) -> dict[str, Any]:
    """Nine letters and digits are what the strictest family (Mistral's) takes as an id."""
    try:
        arguments = json.loads(call.arguments)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"the arguments of {call.name} are not JSON: {error}") from None
    return {
        "id": f"call{number:05}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
