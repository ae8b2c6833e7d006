"""Reads a list of turns as ShareGPT and OpenAI write it, under whatever names a file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from loresmith.datasets.formats.base import RowFault, text_of, type_name
from loresmith.datasets.named.entry import Tags, TurnRole
from loresmith.datasets.named.tool_calls import called_in_list, called_in_text
from loresmith.records import ToolCall


class Turn(NamedTuple):
    """One turn; a tool call and a tool's result are turns too."""

    role: TurnRole
    content: str
    calls: tuple[ToolCall, ...] = ()


class TurnReader:
    """Reads turns by one dataset's tags."""

    def __init__(self, tags: Tags) -> None:
        self._tags = tags
        self._roles = tags.roles

    def turns(self, value: Any, column: str) -> list[Turn]:
        """All turns of a conversation, in whatever order they are. Raises RowFault."""
        if not isinstance(value, list):
            raise RowFault("wrong_type", f"{column!r} is {type_name(value)} instead of a list")
        return [self.turn(turn, f"message {number}") for number, turn in enumerate(value, start=1)]

    def turn(self, turn: Any, place: str) -> Turn:
        """One turn. Raises RowFault, which names `place`."""
        if not isinstance(turn, dict):
            raise RowFault("wrong_type", f"{place} is {type_name(turn)} instead of an object")
        role = self._role(turn, place)
        if role in _ANSWERING and turn.get("tool_calls"):
            text = next((turn[key] for key in self._tags.content_keys if turn.get(key)), "")
            calls = called_in_list(turn, place)
            return Turn("function", _content({"": text}, "", "function", place), calls)
        key = next((key for key in self._tags.content_keys if key in turn), None)
        if key is None:
            wanted = self._tags.content_keys[0]
            raise RowFault("field_missing", f"{place} has no {wanted!r}; there are {_listed(turn)}")
        content = _content(turn, key, role, place)
        if role == "function":
            return Turn(role, *called_in_text(content, place))
        return Turn(role, content)

    def _role(self, turn: Mapping[str, Any], place: str) -> TurnRole:
        key = next((key for key in self._tags.role_keys if key in turn), None)
        if key is None:
            wanted = self._tags.role_keys[0]
            raise RowFault("wrong_role", f"{place} has no {wanted!r}; there are {_listed(turn)}")
        role = turn[key]
        if not isinstance(role, str) or role not in self._roles:
            raise RowFault("wrong_role", f"the role of {place} is {role!r}")
        return self._roles[role]


def check_turns(turns: Sequence[Turn], *, ends_with: TurnRole) -> None:
    """After a system turn, asking (user, observation) and answering (assistant, function) take
    turns; results of tools that were called together count as one. Raises RowFault."""
    spoken = [*turns]
    if spoken and spoken[0].role == "system":
        spoken.pop(0)
    if not spoken:
        raise RowFault("empty", "there is no message")
    asks = True
    previous: TurnRole | None = None
    for number, turn in enumerate(spoken, start=1 + len(turns) - len(spoken)):
        if turn.role == previous == "observation":
            continue
        if turn.role not in (_ASKING if asks else _ANSWERING):
            due = ("assistant", "user")[asks]
            raise RowFault(
                "wrong_role", f"message {number} is of the {turn.role}; the {due}'s turn was due"
            )
        asks, previous = not asks, turn.role
    if asks and ends_with == "user":
        raise RowFault(
            "wrong_role", "the last message is the assistant's: chosen and rejected answer nothing"
        )
    if not asks and ends_with == "assistant":
        raise RowFault("wrong_role", "the last message is the user's: there is nothing to learn")


_ASKING: tuple[TurnRole, ...] = ("user", "observation")
_ANSWERING: tuple[TurnRole, ...] = ("assistant", "function")
_MAY_BE_EMPTY: tuple[TurnRole, ...] = ("system", "observation", "function")


def _content(turn: Mapping[str, Any], key: str, role: TurnRole, place: str) -> str:
    if isinstance(turn[key], list):
        turn = {key: _joined(turn[key], place)}
    try:
        return text_of(turn, key, required=role not in _MAY_BE_EMPTY)
    except RowFault as fault:
        empty_answer = fault.reason == "empty" and role in _ANSWERING
        reason = "empty_output" if empty_answer else fault.reason
        raise RowFault(reason, f"{place}: {fault.detail}") from None


def _joined(parts: Sequence[Any], place: str) -> str:
    """The text of a content that is a list of parts, as OpenAI allows it."""
    texts = []
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else type_name(part)
        if kind != "text":
            raise RowFault("not_text", f"{place} holds {kind}, and only text is trained on")
        texts.append(str(part.get("text") or ""))
    return "".join(texts)


def _listed(turn: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, list(turn)[:8])) or "none"
