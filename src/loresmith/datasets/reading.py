"""Reads a file of training rows as it stands: alpaca or sharegpt, JSON or JSON lines.

Good rows are used and bad ones are named by number; a file that is something else is refused as
a whole, saying what was found and what was expected.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.datasets.formats import FORMATS, RowFault
from loresmith.datasets.formats.base import type_name
from loresmith.datasets.row_json import parse_json, repeated_key
from loresmith.errors import DatasetError
from loresmith.records import Drop, Example, Message, Provenance
from loresmith.text.language import language_of


class RowsRead(NamedTuple):
    """The rows that can be trained on, and those that cannot, both in the file's order."""

    examples: tuple[Example, ...]
    drops: tuple[Drop, ...]


def read_rows(path: Path) -> RowsRead:
    """The rows of `path`. Equal rows are all kept: someone may want to train on a row twice.

    Raises DatasetError when the file cannot be read or is no file of rows.
    """
    examples: list[Example] = []
    drops: list[Drop] = []
    seen: Counter[str] = Counter()
    for row in _rows(path):
        try:
            messages = _messages(row.value)
        except RowFault as fault:
            drops.append(_drop(path, row, fault))
            continue
        plain = [message.model_dump() for message in messages]
        key = content_id("row", plain)
        seen[key] += 1
        examples.append(
            Example(
                id=key if seen[key] == 1 else content_id("row", plain, seen[key]),
                messages=messages,
                language=language_of(messages[-1].content),
                provenance=Provenance(document=path.name, kind="file"),
            )
        )
    if not examples and all(drop.reason in (_UNKNOWN, _NOT_JSON) for drop in drops):
        raise _not_rows(path, drops)
    return RowsRead(tuple(examples), tuple(drops))


_UNKNOWN = "unknown_format"
_NOT_JSON = "not_json"
_EXPECTED = (
    "expected are rows with instruction and output (alpaca) or with messages of role and content "
    "(sharegpt), as a JSON list or one JSON object a line"
)
_SHOWN = 200


class _Numbered(NamedTuple):
    """A row as parsed, and where it stands: `row 3` of a list, `line 3` of JSON lines."""

    place: str
    value: Any


class _Broken(NamedTuple):
    """Stands for a line that is not JSON."""

    line: str
    problem: str


def _rows(path: Path) -> Iterator[_Numbered]:
    text = _text(path)
    if text.lstrip()[:1] == "[":
        for number, value in enumerate(_parsed_list(path, text), start=1):
            yield _Numbered(f"row {number}", value)
        return
    whole = _whole_object(text)
    if whole is not None:
        yield _Numbered("row 1", whole)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _Numbered(f"line {number}", _parsed_line(line))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} is not UTF-8 text (byte {error.start} is {content[error.start]:#04x})",
            hint="save the file as UTF-8",
        ) from None
    if not text.strip():
        raise DatasetError(f"{path} is empty", hint=_EXPECTED)
    return text


def _parsed_list(path: Path, text: str) -> list[Any]:
    try:
        rows = parse_json(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else " (nested too deep)"
        raise DatasetError(
            f"{path} is not valid JSON{where}",
            hint="mend the file; of JSON lines, only the broken line would be left out",
        ) from None
    assert isinstance(rows, list)  # it begins with a bracket and is valid
    return rows


def _whole_object(text: str) -> dict[str, Any] | None:
    """The one object that the text is, over one or several lines; None for JSON lines."""
    try:
        value = parse_json(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parsed_line(line: str) -> Any:
    try:
        return parse_json(line)
    except json.JSONDecodeError as error:
        return _Broken(line, f"not valid JSON: {error.msg} at column {error.colno}")
    except RecursionError:
        return _Broken(line, "not valid JSON: nested too deep")


def _messages(row: Any) -> tuple[Message, ...]:
    if isinstance(row, _Broken):
        raise RowFault(_NOT_JSON, row.problem)
    if not isinstance(row, dict):
        raise RowFault(_UNKNOWN, f"it is {type_name(row)} instead of an object")
    twice = repeated_key(row)
    if twice:
        raise RowFault("duplicate_key", f"{twice!r} stands twice")
    for form in FORMATS:
        if form.recognises(row):
            return form.decode(row)
    names = ", ".join(map(repr, list(row)[:8])) or "no member"
    raise RowFault(_UNKNOWN, f"it has {names}")


def _drop(path: Path, row: _Numbered, fault: RowFault) -> Drop:
    if isinstance(row.value, _Broken):
        shown = row.value.line
    else:
        shown = json.dumps(row.value, ensure_ascii=False)
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
    return Drop(
        subject_id=f"{path.name}, {row.place}",
        subject="row",
        reason=fault.reason,
        detail=fault.detail,
        text=shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…",
    )


def _not_rows(path: Path, drops: list[Drop]) -> DatasetError:
    if not drops:
        return DatasetError(f"{path} holds no rows", hint=_EXPECTED)
    first = drops[0]
    return DatasetError(
        f"{path} is no file of training rows: {first.subject_id}: {first.detail}", hint=_EXPECTED
    )
