"""Rows of instruction, input, output and system: the format of Stanford Alpaca."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from loresmith.datasets.formats.base import DatasetFormat, RowFault, text_of, type_name, whole
from loresmith.records import Example, Message


class AlpacaFormat(DatasetFormat):
    """`{"instruction", "input", "output", "system"}`, and `history` for earlier turns."""

    type: Literal["alpaca"] = "alpaca"

    @property
    def title(self) -> str:
        return "Alpaca"

    def encode(self, example: Example) -> dict[str, Any]:
        *prompt, answer = example.messages
        system, question, history = asked_columns(prompt)
        row: dict[str, Any] = {
            "instruction": question,
            "input": "",
            "output": answer.content,
            "system": system,
        }
        if history:
            row["history"] = history
        return row

    def decode(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        return (*asked(row), Message(role="assistant", content=text_of(row, "output")))

    def recognises(self, row: Mapping[str, Any]) -> bool:
        return "output" in row and ("instruction" in row or "input" in row)

    def entry(self, file_name: str) -> dict[str, Any]:
        return {
            "file_name": file_name,
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "system": "system",
            },
        }


class AskedColumns(NamedTuple):
    """What comes before an answer, by column."""

    system: str
    instruction: str
    history: list[list[str]]
    """Earlier questions with their answers."""


def asked_columns(prompt: Sequence[Message]) -> AskedColumns:
    """The columns of a conversation that ends with a question."""
    messages = list(prompt)
    system = messages.pop(0).content if messages[0].role == "system" else ""
    *earlier, question = messages
    texts = [message.content for message in earlier]
    pairs = [list(turn) for turn in zip(texts[::2], texts[1::2], strict=True)]
    return AskedColumns(system, question.content, pairs)


def asked(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """What comes before the answer: system prompt, earlier turns, question. Raises RowFault."""
    system = text_of(row, "system", required=False)
    messages = [Message(role="system", content=system)] if system.strip() else []
    for question, answer in _history(row):
        messages.append(Message(role="user", content=question))
        messages.append(Message(role="assistant", content=answer))
    return (*messages, Message(role="user", content=question_of(row)))


def question_of(row: Mapping[str, Any]) -> str:
    """`instruction`, and `input` on a line of its own. Raises RowFault."""
    context = text_of(row, "input", required=False)
    instruction = text_of(row, "instruction", required=not context.strip())
    return "\n".join(part for part in (instruction, context) if part.strip())


def _history(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    history = row.get("history")
    if history is None:
        return []
    if not isinstance(history, list):
        raise RowFault("wrong_type", f"'history' is {type_name(history)} instead of a list")
    turns = []
    for number, turn in enumerate(history, start=1):
        pair = turn if isinstance(turn, list) else []
        if len(pair) != 2 or not all(isinstance(text, str) and text.strip() for text in pair):
            raise RowFault("wrong_type", f"turn {number} of 'history' is no pair of two texts")
        turns.append((whole(pair[0], "history"), whole(pair[1], "history")))
    return turns
