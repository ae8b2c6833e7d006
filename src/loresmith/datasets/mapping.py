"""Says which column of somebody's file holds what, and makes conversations of its rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from loresmith.datasets.formats import AlpacaFormat, RowFault, ShareGPTFormat
from loresmith.datasets.formats.base import text_of, type_name, whole
from loresmith.datasets.reasoning import joined
from loresmith.datasets.row_file import Unreadable
from loresmith.datasets.row_json import repeated_key
from loresmith.records import Message, Record

Part = Literal[
    "messages", "instruction", "input", "output", "reasoning", "system", "history", "tags"
]
PARTS: tuple[Part, ...] = (
    *("messages", "instruction", "input", "output"),
    *("reasoning", "system", "history", "tags"),
)


class RowMapping(Record):
    """Names, for each part of a conversation, the column that holds it; None where none does.

    Either `messages` (a list of turns, as sharegpt and OpenAI have them) or `output` with
    `instruction` or `input` has to be there.
    """

    messages: str | None = None
    """A list of turns with `role` and `content`, or `from` and `value`."""
    instruction: str | None = None
    """The question."""
    input: str | None = None
    """What is added to the question, on a line of its own."""
    output: str | None = None
    """The answer."""
    reasoning: str | None = None
    """The chain of thought of the answer; it goes before the answer, as `<think>...</think>`."""
    system: str | None = None
    """The system prompt."""
    history: str | None = None
    """Earlier turns as pairs of question and answer."""
    tags: str | None = None
    """The row's labels: a list of texts, or one text."""

    @property
    def complete(self) -> bool:
        """Whether rows can be made with it."""
        return bool(self.messages or (self.output and (self.instruction or self.input)))

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are used."""
        return frozenset(filter(None, (getattr(self, part) for part in PARTS)))

    def conversation(self, value: Any) -> tuple[Message, ...]:
        """The conversation of one row as it stands in the file. Raises RowFault."""
        row = object_of(value)
        try:
            messages = self._decode(row)
        except RowFault as fault:
            raise RowFault(fault.reason, self._as_named_there(fault.detail)) from None
        for message in messages:
            refuse_template_tokens(message)
        return messages

    def tags_of(self, value: Any) -> tuple[str, ...]:
        """The labels of one row as it stands in the file, each once. Raises RowFault."""
        found = object_of(value).get(self.tags) if self.tags else None
        tags = listed(found) or []
        tags = tags if isinstance(tags, list) else [tags]
        if any(isinstance(tag, (list, dict)) for tag in tags):
            raise RowFault("wrong_type", f"{self.tags!r} holds something else than texts")
        named = (whole(_said(tag), "tags") for tag in tags if tag is not None)
        return tuple(dict.fromkeys(filter(None, named)))

    def _decode(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        if self.messages:
            turns = {"messages": listed(row.get(self.messages))}
            return _SHAREGPT.decode({**turns, **self._part(row, "system")})
        parts = {**self._part(row, "instruction"), **self._part(row, "input")}
        parts |= {**self._part(row, "output"), **self._part(row, "system")}
        history = row.get(self.history) if self.history else None
        thought = text_of(self._part(row, "reasoning"), "reasoning", required=False)
        *asked, answer = _ALPACA.decode({**parts, "history": listed(history) or None})
        told = Message(role="assistant", content=joined(thought, answer.content))
        return (*asked, told)

    def _as_named_there(self, detail: str) -> str:
        """What is wrong, with the names that the file has for the parts."""
        for part in PARTS:
            column = getattr(self, part)
            if column:
                detail = detail.replace(f"'{part}'", repr(column))
        return detail

    def _part(self, row: Mapping[str, Any], part: Part) -> dict[str, Any]:
        """One part under the name that the formats give it, if the row has its column."""
        column = getattr(self, part)
        return {part: row[column]} if column and column in row else {}


def _said(tag: Any) -> str:
    whole_number = isinstance(tag, float) and tag.is_integer()
    return str(int(tag) if whole_number else tag).strip()


def object_of(value: Any) -> dict[str, Any]:
    """A raw row as the object that it has to be. Raises RowFault."""
    if isinstance(value, Unreadable):
        raise RowFault(value.reason, value.problem)
    if not isinstance(value, dict):
        raise RowFault("unknown_format", f"it is {type_name(value)} instead of an object")
    twice = repeated_key(value)
    if twice:
        raise RowFault("duplicate_key", f"{twice!r} stands twice")
    return value


def propose(rows: Sequence[Mapping[str, Any]]) -> RowMapping:
    """The likeliest mapping by the names of the columns; incomplete where they tell nothing."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    found: dict[str, str] = {}
    for part, names in _NAMES.items():
        for name in names:
            column = next((one for one in columns if _plain(one) == name), None)
            if column is not None and column not in found.values():
                found[part] = column
                break
    messages = found.pop("messages", None)
    if messages is not None and any(_has_turns(row.get(messages)) for row in rows):
        return RowMapping(messages=messages, system=found.get("system"), tags=found.get("tags"))
    return RowMapping.model_validate(found)


def other_rows(rows: Sequence[Mapping[str, Any]]) -> OtherRows | None:
    """What rows are that hold no questions with answers, by their columns; None where they may."""
    columns = {_plain(column) for row in rows for column in row}
    if {"chosen", "rejected"} <= columns:
        return OtherRows(detail="pairs of a better and a worse answer", stage="dpo")
    marks = columns & {"kto_tag", "label"}
    if any(
        isinstance(row.get(name), bool) for row in rows for name in row if _plain(name) in marks
    ):
        return OtherRows(detail="answers that are marked as liked or not", stage="kto")
    texts = columns & {"text", "content"}
    if texts and columns <= {*texts, "id", "meta", "source", "url", "language"}:
        return OtherRows(detail="texts to pre-train on", stage="pretrain")
    return None


class OtherRows(NamedTuple):
    """Rows that are trained on in another stage."""

    detail: str
    """What they are."""
    stage: str
    """The `type` of that stage of training."""


_NAMES: dict[str, tuple[str, ...]] = {
    "messages": tuple("messages conversations conversation dialogue 对话 消息 多轮对话".split()),
    "instruction": (
        *"instruction question prompt query user human q user_input".split(),
        *"指令 问题 提问 用户 问 题目 题干 标准问题 用户问题 用户输入 用户提问".split(),
    ),
    "input": tuple("input context query 输入 上下文 补充 背景".split()),
    "output": (
        *"output answer response completion reply assistant gpt a target final".split(),
        *"输出 答案 回答 回复 答 解答 标准答案 参考答案 正确答案 标准回答 答复".split(),
    ),
    "reasoning": (
        *"reasoning cot complexcot complex_cot chain_of_thought thinking thought think".split(),
        *"reasoning_content analysis 思维链 思考过程 推理过程 推理 思考".split(),
    ),
    "system": tuple("system system_prompt developer 系统 系统提示 系统提示词 系统指令".split()),
    "history": tuple("history 历史 历史对话 历史记录".split()),
    "tags": tuple("tags labels tag label question_label questionlabel 标签 领域标签".split()),
}
"""How files name the parts, the likeliest first."""

_ALPACA, _SHAREGPT = AlpacaFormat(), ShareGPTFormat()
_TEMPLATE_TOKEN = re.compile(
    r"<\|[A-Za-z]\w{0,40}\|>|<｜[^｜<>\n]{1,40}｜>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]"
    r"|<</?SYS>>"
)


def refuse_template_tokens(message: Message) -> None:
    """Raises RowFault where the text of `message` holds a token of a chat template."""
    found = template_token(message.content)
    if found:
        raise RowFault("template_token", f"the {message.role}'s text holds {found!r}")


def template_token(text: str) -> str:
    """The first such token; empty without. Where a trainer takes it for what it spells, a text
    could forge a turn with it."""
    found = _TEMPLATE_TOKEN.search(text)
    return found[0] if found else ""


def _plain(column: str) -> str:
    """A column's name without case, and with one `_` for what parts its words."""
    return re.sub(r"[\s_-]+", "_", column.strip("\ufeff \t\r\n")).casefold()


def _has_turns(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, str) and value.lstrip()[:1] == "[")


def listed(value: Any) -> Any:
    """A list that stands in a cell as JSON text, as the list; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] != "[":
        return None if value == "" else value
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        raise RowFault("not_json", "a cell that begins with [ is not valid JSON") from None
