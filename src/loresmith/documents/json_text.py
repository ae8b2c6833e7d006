"""JSON and JSON Lines as text that reads well: every value with the path of its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.encoding import decode
from loresmith.documents.tables import markdown_table
from loresmith.errors import DocumentError


class JsonParser(Parser):
    """Reads .json, and .jsonl with one value a line; nothing is escaped in what comes out.

    Each value stands as `harbour.quays[0].name: Lantern Quay`, a list of alike objects as a table,
    and numbers as they are written.
    """

    media_type: ClassVar[str] = "application/json"
    suffixes: ClassVar[tuple[str, ...]] = (".json", ".jsonl", ".ndjson")
    own_title_first: ClassVar[bool] = True

    type: Literal["json"] = "json"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decode(data, name=name)
        if name.lower().endswith(".json"):
            try:
                text = _text(_parsed(decoded.text, name=name), name=name)
                return Reading(text, warnings=decoded.warnings)
            except json.JSONDecodeError as error:
                if "\n" not in decoded.text.strip() or not error.msg.startswith("Extra data"):
                    raise _broken(name, error) from None
        text, warnings = _of_lines(decoded.text, name=name)
        return Reading(text, warnings=decoded.warnings + warnings)


_DEEPEST = 60
_LONGEST_CELL = 80
_LONGEST_IN_A_LINE = 200


def _parsed(text: str, *, name: str) -> Any:
    """The value, with numbers as text; raises JSONDecodeError, and DocumentError for what is nested
    too deep."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise _too_deep(name) from None


def _broken(name: str, error: json.JSONDecodeError) -> DocumentError:
    return DocumentError(
        f"{name} is not whole JSON: {error.msg} in line {error.lineno}, column {error.colno}",
        hint="It may be cut short. Save it anew, or as .txt if it is no JSON.",
    )


def _too_deep(name: str) -> DocumentError:
    return DocumentError(
        f"{name} is nested more than {_DEEPEST} levels deep",
        hint="Take out the part that holds the knowledge, and give that as a file.",
    )


def _of_lines(text: str, *, name: str) -> tuple[str, tuple[str, ...]]:
    """One value a line; a line that is none stays as it stands, and is counted."""
    values, broken, first = [], 0, None
    for line in filter(str.strip, text.split("\n")):
        try:
            values.append(_parsed(line, name=name))
        except json.JSONDecodeError as error:
            broken, first = broken + 1, first or error
            values.append(line.strip())
    if first is not None and broken == len(values):
        raise _broken(name, first)
    warnings = []
    if broken:
        lines = "1 line is" if broken == 1 else f"{broken} lines are"
        warnings.append(f"{lines} not whole JSON and stayed as written")
    if _is_table(values):
        return markdown_table(_table(values)) + "\n", tuple(warnings)
    return "\n".join(_text(value, name=name) for value in values), tuple(warnings)


def _text(value: Any, *, name: str) -> str:
    return "\n".join(_lines(value, "", 0, name)) + "\n"


def _lines(value: Any, path: str, depth: int, name: str) -> Iterator[str]:
    """The lines of one value; a value of several lines stands below its path."""
    if depth > _DEEPEST:
        raise _too_deep(name)
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _lines(part, f"{path}.{key}" if path else key, depth + 1, name)
    elif isinstance(value, list) and _is_table(value):
        yield from ["", *([f"{path}:"] if path else []), markdown_table(_table(value)), ""]
    elif isinstance(value, list) and not all(_is_short(part) for part in value):
        for index, part in enumerate(value):
            yield from _lines(part, f"{path}[{index}]", depth + 1, name)
            if isinstance(part, dict):
                yield ""
    else:
        written = "; ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
        if written and path:
            yield f"{path}:\n{written}\n" if "\n" in written else f"{path}: {written}"
        elif written:
            yield written


def _is_table(values: list[Any]) -> bool:
    """Whether these are two or more flat objects with the same keys and short values."""
    if len(values) < 2 or not all(isinstance(one, dict) and one for one in values):
        return False
    keys = list(values[0])
    return len(keys) > 1 and all(
        list(one) == keys and all(_is_short(part, _LONGEST_CELL) for part in one.values())
        for one in values
    )


def _table(values: list[Any]) -> list[list[str]]:
    return [list(values[0]), *([_plain(part) for part in one.values()] for one in values)]


def _is_short(value: Any, longest: int = _LONGEST_IN_A_LINE) -> bool:
    if isinstance(value, (dict, list)):
        return False
    written = _plain(value)
    return len(written) <= longest and "\n" not in written


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
