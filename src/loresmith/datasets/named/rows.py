"""Makes a row to train on of a raw row, by what its dataset's entry says of the columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from loresmith.component import content_id
from loresmith.datasets.formats.alpaca import asked, question_of
from loresmith.datasets.formats.base import RowFault, text_of, type_name
from loresmith.datasets.mapping import listed, object_of, refuse_template_tokens, template_token
from loresmith.datasets.named.entry import DatasetEntry, Part, Shape, TurnRole
from loresmith.datasets.named.tool_calls import offered
from loresmith.datasets.named.turns import Turn, TurnReader, check_turns
from loresmith.datasets.row_file import Unreadable
from loresmith.records import (
    Example,
    FeedbackExample,
    Message,
    PreferenceExample,
    Provenance,
    Role,
    TextExample,
    TrainingRow,
)
from loresmith.text.language import language_of

_ReadT = TypeVar("_ReadT")


class RowReader:
    """Reads rows of one dataset."""

    def __init__(self, entry: DatasetEntry) -> None:
        self._entry = entry
        self._turns = TurnReader(entry.tags)
        self._by_shape: dict[Shape, Callable[[Mapping[str, Any], Provenance], TrainingRow]] = {
            "conversation": self._conversation,
            "text": self._text,
            "preference": self._preference,
            "feedback": self._feedback,
        }

    def read(self, value: Any, *, place: str) -> TrainingRow:
        """The row that `value` is, which stands at `place`. Its id depends on its content only.

        Raises RowFault, with the names that the file has for the columns.
        """
        row = object_of(value)
        return self._by_shape[self._entry.shape](row, Provenance(document=place, kind="file"))

    def columns(self, row: Mapping[str, Any]) -> dict[Part, str]:
        """The columns that are read of rows like this one, by the part that each holds."""
        named = {part: self._column(part, row) for part in _PARTS}
        return {part: column for part, column in named.items() if column}

    def _conversation(self, row: Mapping[str, Any], origin: Provenance) -> Example:
        said = self._said(row, ends_with_answer=True)
        tools = self._tools(row)
        plain = [message.model_dump() for message in said]
        return Example(
            id=content_id("row", plain, tools) if tools else content_id("row", plain),
            messages=said,
            tools=tools,
            language=language_of(said[-1].content or said[-2].content),
            provenance=origin,
        )

    def _text(self, row: Mapping[str, Any], origin: Provenance) -> TextExample:
        text = self._renamed(row, question_of)
        token = template_token(text)
        if token:
            raise RowFault("template_token", f"the text holds {token!r}")
        return TextExample(
            id=content_id("text", text),
            text=text,
            language=language_of(text),
            provenance=origin,
        )

    def _preference(self, row: Mapping[str, Any], origin: Provenance) -> PreferenceExample:
        self._refuse_tools(row)
        prompt = self._said(row, ends_with_answer=False)
        chosen, rejected = self._answer(row, "chosen"), self._answer(row, "rejected")
        if chosen == rejected:
            raise RowFault("same_answers", "the better and the worse answer are the same")
        return PreferenceExample(
            id=content_id("preference", [m.model_dump() for m in prompt], chosen, rejected),
            prompt=prompt,
            chosen=chosen,
            rejected=rejected,
            language=language_of(chosen),
            provenance=origin,
        )

    def _feedback(self, row: Mapping[str, Any], origin: Provenance) -> FeedbackExample:
        self._refuse_tools(row)
        liked = self._liked(row)
        *prompt, answer = self._said(row, ends_with_answer=True)
        if answer.tool_calls:
            raise RowFault("tools", _TOOLS)
        return FeedbackExample(
            id=content_id("feedback", [m.model_dump() for m in (*prompt, answer)], liked),
            prompt=tuple(prompt),
            completion=answer.content,
            desirable=liked,
            language=language_of(answer.content),
            provenance=origin,
        )

    def _said(self, row: Mapping[str, Any], *, ends_with_answer: bool) -> tuple[Message, ...]:
        """The conversation, with or without its last answer. Raises RowFault."""
        if self._entry.formatting == "alpaca":
            said = [*self._renamed(row, asked)]
            if ends_with_answer:
                said.append(Message(role="assistant", content=self._answer(row, "response")))
        else:
            said = self._said_in_turns(row, ends_with="assistant" if ends_with_answer else "user")
        for message in said:
            refuse_template_tokens(message)
            for call in message.tool_calls:
                refuse_template_tokens(Message(role="assistant", content=call.arguments))
        return tuple(said)

    def _said_in_turns(self, row: Mapping[str, Any], *, ends_with: TurnRole) -> list[Message]:
        column = self._required("messages", row)
        turns = self._turns.turns(listed(row[column]), column)
        check_turns(turns, ends_with=ends_with)
        if turns[0].role != "system":
            turns.insert(0, Turn("system", self._optional_text("system", row)))
        return [_message(turn) for turn in turns if turn.role != "system" or turn.content.strip()]

    def _answer(self, row: Mapping[str, Any], part: Part) -> str:
        """The text of an answer: as it stands, or as a turn of the assistant. Raises RowFault."""
        column = self._required(part, row)
        if isinstance(row[column], dict):
            turn = self._turns.turn(row[column], repr(column))
            if turn.role == "function":
                raise RowFault("tools", _TOOLS)
            if turn.role != "assistant":
                raise RowFault("wrong_role", f"{column!r} holds a turn of the {turn.role}")
            text = turn.content
        else:
            try:
                text = text_of(row, column)
            except RowFault as fault:
                reason = "empty_output" if fault.reason == "empty" else fault.reason
                raise RowFault(reason, fault.detail) from None
        refuse_template_tokens(Message(role="assistant", content=text))
        return text

    def _liked(self, row: Mapping[str, Any]) -> bool:
        column = self._required("kto_tag", row)
        value = row[column]
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):  # in CSV
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            problem = f"{column!r} is {type_name(value)} instead of true or false"
            raise RowFault("wrong_type", problem)
        return value

    def _renamed(
        self, row: Mapping[str, Any], read: Callable[[Mapping[str, Any]], _ReadT]
    ) -> _ReadT:
        """What `read` makes of the row under Alpaca's names. Raises RowFault in the row's own."""
        named = {alpaca: self._column(part, row) for part, alpaca in _IN_ALPACA.items()}
        parts = {
            alpaca: row[column] for alpaca, column in named.items() if column and column in row
        }
        parts["history"] = listed(parts.get("history")) or None
        try:
            return read(parts)
        except RowFault as fault:
            if fault.reason == "field_missing":
                self._required("prompt" if self._column("prompt", row) else "query", row)
            detail = fault.detail
            for alpaca, column in named.items():
                detail = detail.replace(f"'{alpaca}'", repr(column)) if column else detail
            raise RowFault(fault.reason, detail) from None

    def _required(self, part: Part, row: Mapping[str, Any]) -> str:
        """The column of `part`, which is there. Raises RowFault, which says what else is there."""
        column = self._column(part, row)
        if column is None or column not in row:
            there = ", ".join(map(repr, list(row)[:8]))
            raise RowFault("field_missing", f"{column!r} is missing; there are {there or 'none'}")
        return column

    def _optional_text(self, part: Part, row: Mapping[str, Any]) -> str:
        column = self._column(part, row)
        return text_of(row, column, required=False) if column else ""

    def _column(self, part: Part, row: Mapping[str, Any]) -> str | None:
        named = self._entry.column(part)
        if named is not None or part != "messages" or self._entry.formatting == "alpaca":
            return named
        return "messages" if "messages" in row and "conversations" not in row else "conversations"

    def _tools(self, row: Mapping[str, Any]) -> str:
        column = self._column("tools", row)
        found = offered(row.get(column), column) if column else ""
        if token := template_token(found):
            raise RowFault("template_token", f"the tools hold {token!r}")
        return found

    def _refuse_tools(self, row: Mapping[str, Any]) -> None:
        """Of rows that compare or judge answers. Raises RowFault."""
        if self._tools(row):
            raise RowFault("tools", _TOOLS)


def shown(value: Any, *, most: int = 200) -> str:
    """The beginning of a raw row as a person reads it."""
    if isinstance(value, Unreadable):
        text = value.text
    else:
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
    return text if len(text) <= most else f"{text[: most - 1]}…"


_TOOLS = "it offers or calls tools, which only rows of questions with answers can"
_PARTS: tuple[Part, ...] = (
    *("prompt", "query", "response", "history", "messages"),
    *("system", "tools", "chosen", "rejected", "kto_tag"),
)
_IN_ALPACA: dict[Part, str] = {
    "prompt": "instruction",
    "query": "input",
    "system": "system",
    "history": "history",
}


def _message(turn: Turn) -> Message:
    if turn.role == "function":
        return Message(role="assistant", content=turn.content, tool_calls=turn.calls)
    role: Role = "tool" if turn.role == "observation" else turn.role
    return Message(role=role, content=turn.content)
