"""Rows of messages with roles: ShareGPT's format, as OpenAI's chat format spells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from loresmith.datasets.formats.base import DatasetFormat, RowFault, text_of, type_name, whole
from loresmith.datasets.reasoning import joined
from loresmith.records import Example, Message, Role


class ShareGPTFormat(DatasetFormat):
    """`{"messages": [{"role", "content"}, ...]}`; reads `{"conversations": [{"from", "value"}]}`
    too, a `system` text beside either, and the chain of thought of an answer under `thinking` or
    `reasoning_content`."""

    type: Literal["sharegpt"] = "sharegpt"

    @property
    def title(self) -> str:
        return "ShareGPT"

    def encode(self, example: Example) -> dict[str, Any]:
        return {"messages": [message.model_dump() for message in example.messages]}

    def decode(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        name = "messages" if "messages" in row else "conversations"
        turns = row.get(name)
        if not isinstance(turns, list):
            raise RowFault("wrong_type", f"{name!r} is {type_name(turns)} instead of a list")
        messages = [_message(turn, number) for number, turn in enumerate(turns, start=1)]
        if messages and messages[0].role == "system" and not messages[0].content.strip():
            messages.pop(0)
        system = text_of(row, "system", required=False)
        if system.strip() and not (messages and messages[0].role == "system"):
            messages.insert(0, Message(role="system", content=system))
        _check_order([m.role for m in messages])
        return tuple(messages)

    def recognises(self, row: Mapping[str, Any]) -> bool:
        return "messages" in row or "conversations" in row

    def entry(self, file_name: str) -> dict[str, Any]:
        return {
            "file_name": file_name,
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        }


_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


_THOUGHTS = ("thinking", "reasoning_content")


def _message(turn: Any, number: int) -> Message:
    if not isinstance(turn, dict):
        raise RowFault("wrong_type", f"message {number} is {type_name(turn)} instead of an object")
    role_key = "role" if "role" in turn else "from"
    content_key = "content" if "content" in turn or role_key == "role" else "value"
    role = turn.get(role_key)
    if role not in _ROLES:
        shown = "missing" if role is None else repr(role)
        raise RowFault("wrong_role", f"the role of message {number} is {shown}")
    try:
        content = text_of(turn, content_key, required=_ROLES[role] != "system")
    except RowFault as fault:
        raise RowFault(fault.reason, f"message {number}: {fault.detail}") from None
    thought = next((turn[key] for key in _THOUGHTS if turn.get(key)), "")
    if _ROLES[role] == "assistant" and isinstance(thought, str):
        content = joined(whole(thought, "thinking"), content)
    return Message(role=_ROLES[role], content=content)


def _check_order(roles: list[Role]) -> None:
    """After a system message, user and assistant take turns; the assistant has the last word."""
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns:
        raise RowFault("empty", "there is no message")
    for number, role in enumerate(turns):
        wanted = ("user", "assistant")[number % 2]
        if role != wanted:
            place = number + 1 + len(roles) - len(turns)
            raise RowFault(
                "wrong_role", f"message {place} is of the {role}; the {wanted}'s turn was due"
            )
    if turns[-1] != "assistant":
        raise RowFault("wrong_role", "the last message is the user's: there is nothing to learn")
