"""Why: a fault is only quickly mended when one is told the line that it stands in."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from loresmith.errors import RecipeError
from loresmith.llamafactory.arguments import Argument, WrongValue, arguments_by_key
from loresmith.llamafactory.verdicts import VERDICTS

_AFTER_ALL_LINES = 1 << 30
_LONGEST_SHOWN = 80


class Place(NamedTuple):
    """Where a setting was given."""

    line: int
    """Of the file, from 1; beyond all lines for what was said behind it, 0 for nowhere."""
    told: str
    """As in `line 12`; empty for nowhere."""


NOWHERE = Place(0, "")


class Remark(NamedTuple):
    """Something to be told of one setting: what is wrong with it, or that it is ignored."""

    place: Place
    key: str
    told: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place.told, self.key, self.told) if part)


class GivenSettings:
    """What a file says, and what holds where it says nothing.

    Of what is said of a key the last counts. A value with a fault is not kept.
    """

    def __init__(self, given: Iterable[tuple[Place, str, Any]]) -> None:
        self.faults: list[Remark] = []
        self._values: dict[str, Any] = {}
        self._places: dict[str, Place] = {}
        last = {key: (place, raw) for place, key, raw in given}
        for key, (place, raw) in last.items():
            self._places[key] = place
            argument = arguments_by_key().get(key)
            if argument is None:
                self.fault(key, _unknown(key))
            elif (fault := self._take(argument, raw)) is not None:
                self.fault(key, fault)

    def __getitem__(self, key: str) -> Any:
        """The value given, else LLaMA Factory's default."""
        return self._values.get(key, arguments_by_key()[key].default)

    def is_changed(self, key: str) -> bool:
        """Whether another value than the default was given."""
        return key in self._values and self._values[key] != arguments_by_key()[key].default

    def was_given(self, key: str) -> bool:
        """Whether the key is there at all, rightly or not."""
        return key in self._places

    def remark(self, key: str, told: str) -> Remark:
        """Something about `key`, with the place that it was given at."""
        return Remark(self._places.get(key, NOWHERE), key, told)

    def fault(self, key: str, told: str) -> None:
        """Adds what is wrong with `key`."""
        self.faults.append(self.remark(key, told))

    def changed(self) -> list[str]:
        """The keys with another value than the default, in their order."""
        return [key for key in self._values if self.is_changed(key)]

    def _take(self, argument: Argument, raw: Any) -> str | None:
        try:
            value = argument.read(raw)
        except WrongValue as wrong:
            return f"{wrong}{_shown(raw)}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            fault = VERDICTS[argument.key].limits.fault(value)
            if fault:
                return f"{fault}{_shown(raw)}"
        self._values[argument.key] = value
        return None


def read_given(path: Path, changes: Iterable[str]) -> GivenSettings:
    """The settings of a YAML or JSON file with `key=value` changes. Raises RecipeError where the
    file cannot be read at all."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"{path} is not UTF-8: {error.reason}", hint="Save it as UTF-8."
        ) from error
    written = _written(path, text)
    settings = GivenSettings([*written, *map(_change, changes)])
    for one in _repeated(written):
        settings.faults.append(Remark(one.place, one.key, "stands twice; one of them has to go"))
    return settings


def top_level_keys(text: str) -> Mapping[str, Any]:
    """What stands at the top of YAML or JSON text; nothing where it is neither."""
    begin = text.lstrip()[:1]
    try:
        found = json.loads(text) if begin in ("{", "[") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class _Given(NamedTuple):
    """A setting as it was given, nothing of it checked."""

    place: Place
    key: str
    raw: Any


def _written(path: Path, text: str) -> list[_Given]:
    """The settings with their lines; one that stands twice does so here."""
    is_json = path.suffix.lower() == ".json"
    try:
        plain = json.loads(text) if is_json else {}
        # Tabs are blanks in JSON, and nowhere allowed within its text.
        loader = yaml.SafeLoader(text.replace("\t", " ") if is_json else text)
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            raise RecipeError(f"{path} holds something else than `key: value` lines")
        found = []
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            line = key_node.start_mark.line + 1
            raw = plain.get(key) if is_json else loader.construct_object(value_node, deep=True)
            found.append(_Given(Place(line, f"line {line}"), key, raw))
    except json.JSONDecodeError as error:
        raise RecipeError(f"{path} is not valid JSON: {error}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{path} is not valid YAML: {_where(error)}") from error
    return found


def _repeated(written: Iterable[_Given]) -> Iterator[_Given]:
    seen: set[str] = set()
    for one in written:
        if one.key in seen:
            yield one
        seen.add(one.key)


def _change(change: str) -> _Given:
    """One `key=value` that was said behind the file. Raises RecipeError where it is none."""
    key, separator, text = change.partition("=")
    if not separator or not key.strip() or key.startswith("-"):
        raise RecipeError(
            f"the change {change!r} is not understood",
            hint="Write KEY=VALUE behind the file, for example learning_rate=2e-4",
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        told = f"the value of {key} behind the file is not valid YAML: {_where(error)}"
        raise RecipeError(told) from error
    return _Given(Place(_AFTER_ALL_LINES, "behind the file"), key.strip(), value)


def _unknown(key: str) -> str:
    plain = key.lstrip("-").replace("-", "_").lower()
    close = difflib.get_close_matches(plain, [*arguments_by_key()], n=1, cutoff=0.7)
    return (
        f"unknown; did you mean {close[0]}?" if close else "unknown: LLaMA Factory has no such key"
    )


def _shown(raw: Any) -> str:
    if not isinstance(raw, (str, int, float)):
        return ""
    shown = str(raw).lower() if isinstance(raw, bool) else repr(raw)
    return f" (given: {shown[:_LONGEST_SHOWN]})"


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)
