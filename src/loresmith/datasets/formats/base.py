"""What every dataset format is: one row of a file for one example, and back."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from loresmith.component import Component
from loresmith.records import Example, Message


class RowFault(Exception):
    """A row cannot be used; `reason` is a short, stable name, `detail` says what is wrong."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DatasetFormat(Component):
    """The base of all formats."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The format as LLaMA Factory's `dataset_info.json` names it."""

    @abstractmethod
    def encode(self, example: Example) -> dict[str, Any]:
        """The row, ready for JSON."""

    @abstractmethod
    def decode(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        """The conversation of a row: [system], then user and assistant in turn, assistant last.

        Raises RowFault.
        """

    @abstractmethod
    def recognises(self, row: Mapping[str, Any]) -> bool:
        """True where `row` has the members of this format, whatever is in them."""

    @abstractmethod
    def entry(self, file_name: str) -> dict[str, Any]:
        """What `dataset_info.json` has to say of a file of this format."""


def text_of(row: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    """The text under `name`; "" where it may be missing and is. Raises RowFault."""
    value = row.get(name)
    if value is None:
        if required:
            problem = "null" if name in row else "missing"
            raise RowFault("field_missing", f"{name!r} is {problem}")
        return ""
    if not isinstance(value, str):
        raise RowFault("wrong_type", f"{name!r} is {type_name(value)} instead of text")
    if required and not value.strip():
        raise RowFault("empty", f"{name!r} is empty")
    return whole(value, name)


def whole(text: str, name: str) -> str:
    """`text`, if it can be written as UTF-8. Raises RowFault for half a surrogate pair."""
    half = _HALF_CHARACTER.search(text)
    if half:
        raise RowFault("broken_character", f"half a character, \\u{ord(half[0]):04x}, in {name!r}")
    return text


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def type_name(value: Any) -> str:
    """A value's type as people say it; Parquet and Arrow have more of them than JSON."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    return {**names, list: "a list", dict: "an object"}.get(type(value), "binary data or a date")
