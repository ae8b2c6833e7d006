"""Why: what LLaMA Factory's settings are called, what they can be, and what they are when left out.

`arguments.tsv` lists them as version 0.9.6 declares them. A kind is `int`, `float`, `bool`, `str`,
`list` (names parted by commas), `shares` (numbers so parted), `map`, or words parted by `|`; a `?`
behind it allows null.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml


class WrongValue(ValueError):
    """Says in a few words what a value should be instead."""


class Argument(NamedTuple):
    """One setting, as one of LLaMA Factory's groups declares it."""

    group: str
    key: str
    kind: str
    """Without the `?`."""
    optional: bool
    default: Any

    def read(self, raw: Any) -> Any:
        """`raw`, as YAML gives it, as a value of this kind. Raises WrongValue."""
        if raw is None:
            if self.optional or self.default is None:
                return None
            raise WrongValue("has no value; give one or leave the key out")
        reader = _READERS.get(self.kind)
        return reader(raw) if reader else _word(raw, self.kind.split("|"))


@cache
def arguments() -> tuple[Argument, ...]:
    """All of them in LLaMA Factory's order; one that several groups declare stands in each."""
    text = files("loresmith.llamafactory").joinpath("arguments.tsv").read_text(encoding="utf-8")
    return tuple(_argument(*line.split("\t")) for line in text.splitlines()[1:])


@cache
def arguments_by_key() -> Mapping[str, Argument]:
    """By the key that stands in a file."""
    return {argument.key: argument for argument in reversed(arguments())}


def _argument(group: str, key: str, kind: str, default: str) -> Argument:
    plain = kind.removesuffix("?")
    bare = Argument(group, key, plain, kind.endswith("?"), None)
    if plain == "map":
        return bare
    value = yaml.safe_load(default) if plain not in ("str", "list") else default
    return bare._replace(default=None if default == "null" else bare.read(value))


def _switch(raw: Any) -> bool:
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    if isinstance(raw, bool):
        return raw
    raise WrongValue("should be true or false")


def _number(raw: Any) -> float:
    """Text that spells a number counts as one: YAML takes 1e-4 for text."""
    if isinstance(raw, (int, float, str)) and not isinstance(raw, bool):
        try:
            value = float(raw)
        except (ValueError, OverflowError):
            value = math.nan
        if math.isfinite(value):
            return value
    raise WrongValue("should be a number")


def _whole(raw: Any) -> int:
    try:
        value = _number(raw)
    except WrongValue:
        value = math.nan
    if value != value or value != int(value):
        raise WrongValue("should be a whole number")
    return int(value)


def _text(raw: Any) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, (dict, list)):
        raise WrongValue("should be text")
    return str(raw)


def _names(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, dict):
        raise WrongValue("should be names, parted by commas")
    parts = [_text(part) for part in raw] if isinstance(raw, list) else _text(raw).split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _shares(raw: Any) -> tuple[float, ...]:
    try:
        shares = tuple(map(_number, _names(raw)))
    except WrongValue:
        shares = (math.nan,)
    if not all(0 <= share <= 1 for share in shares):
        raise WrongValue("should be numbers from 0 to 1, parted by commas")
    return shares


def _map(raw: Any) -> Any:
    if not isinstance(raw, (dict, str, list)):
        raise WrongValue("should be a block of `key: value` lines, or a file of them")
    return raw


def _word(raw: Any, words: list[str]) -> str:
    text = "no" if raw is False and "no" in words else _text(raw)  # YAML takes a bare no for false
    if text in words:
        return text
    close = difflib.get_close_matches(text.lower(), words, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    raise WrongValue(f"unknown; {meant}it can be {', '.join(words)}")


_READERS = {
    "bool": _switch,
    "float": _number,
    "int": _whole,
    "str": _text,
    "list": _names,
    "map": _map,
    "shares": _shares,
}
