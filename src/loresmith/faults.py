"""Says what is wrong with settings in a reader's words: dotted paths, and what was meant."""

from __future__ import annotations

import difflib
import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ErrorDetails

_WORDING = {
    "missing": "is needed and was not given",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "string_type": "should be text (put it in quotes)",
    "path_type": "should be a path",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "set_type": "should be a list",
    "frozen_set_type": "should be a list",
    "dict_type": "should be a block of `key: value` lines",
    "model_type": "should be a block of `key: value` lines",
    "model_attributes_type": "should be a block of `key: value` lines",
    "union_tag_not_found": "should be a block of `key: value` lines with a `type`",
}
"""Pydantic's types of error that need other words than its own."""

_LONGEST_SHOWN = 80
"""How much of a wrong value is quoted, in characters."""


def faults_of(model: type[BaseModel], error: ValidationError) -> list[str]:
    """Every fault of `error`, one line each, in the order of the fields of `model`."""
    schema = _Schema(model)
    lines: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        path = schema.path(detail)
        said = lines.setdefault(path, [])
        text = _text(detail, schema)
        if text not in said:
            said.append(text)
        given[path] = _given(detail)
    return [f"{path}: {', or '.join(said)}{given[path]}" for path, said in lines.items()]


def _text(detail: ErrorDetails, schema: _Schema) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return schema.unknown_key(detail["loc"])
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind == "union_tag_invalid":
        known = re.findall(r"'([^']*)'", str(context["expected_tags"]))
        return f"unknown; {_meant(str(context['tag']), known)}it can be {', '.join(known)}"
    if kind == "literal_error":
        return f"should be {context['expected']}"
    if detail["input"] is None:
        return "has no value; give one or leave the key out"
    if kind in _WORDING:
        return _WORDING[kind]
    message = re.sub(r"^[A-Z]\w+ (?=should )", "", detail["msg"])
    return re.sub(r" after validation, not \d+$", "", message[:1].lower() + message[1:])


def _given(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] in ("extra_forbidden", "missing"):
        return ""
    if detail["type"] == "union_tag_invalid":
        value = detail["ctx"]["tag"]
    if not isinstance(value, (str, int, float)):
        return ""
    shown = repr(value)
    return f" (given: {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '...'})"


def _meant(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {close[0]}? " if close else ""


class _Schema:
    """The model's JSON schema: knows the keys at a path, and the members of a family by `type`."""

    def __init__(self, model: type[BaseModel]) -> None:
        try:
            self._root: dict[str, Any] = model.model_json_schema()
        except PydanticInvalidForJsonSchema:  # a user's own component may hold anything
            self._root = {}

    def path(self, detail: ErrorDetails) -> str:
        """The dotted path of a fault, less the names that Pydantic gives to a union's branches."""
        parts = [*detail["loc"]]
        if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
            parts.append("type")
        nodes, kept = [self._root], []
        for part in parts:
            following = self._step(nodes, part)
            wrong_key = detail["type"] in ("extra_forbidden", "invalid_key") and part == parts[-1]
            if following or wrong_key or len(self._options(nodes)) < 2:
                kept.append(str(part))
                nodes = following
        return ".".join(kept) or "(the whole)"

    def unknown_key(self, path: tuple[int | str, ...]) -> str:
        """What to say of a key that the settings at its place do not have."""
        nodes = [self._root]
        for part in path[:-1]:
            siblings, nodes = nodes, self._step(nodes, part) or nodes
        known = self._keys(nodes)
        close = difflib.get_close_matches(str(path[-1]), known, n=1)
        if close:
            return f"unknown; did you mean {close[0]}?"
        owners = [
            str(option["properties"]["type"]["const"])
            for option in (self._options(siblings) if len(path) > 1 else [])
            if path[-1] in option.get("properties", {}) and "const" in _type_of(option)
        ]
        if owners:
            return f"unknown; it belongs to `type: {owners[0]}`"
        return f"unknown; known are {', '.join(known)}" if known else "unknown"

    def _step(self, nodes: list[dict[str, Any]], part: int | str) -> list[dict[str, Any]]:
        found = []
        for option in self._options(nodes):
            if part in option.get("properties", {}):
                found.append(option["properties"][part])
            elif part == _type_of(option).get("const"):
                found.append(option)
            elif isinstance(part, int) and "items" in option:
                found.append(option["items"])
            elif isinstance(option.get("additionalProperties"), dict):
                found.append(option["additionalProperties"])
        return found

    def _keys(self, nodes: list[dict[str, Any]]) -> list[str]:
        return [key for option in self._options(nodes) for key in option.get("properties", {})]

    def _options(self, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`nodes` with references followed and unions opened."""
        options = []
        for node in nodes:
            if "$ref" in node:
                name = node["$ref"].rsplit("/", 1)[-1]
                options += self._options([self._root["$defs"][name]])
            elif branches := node.get("oneOf") or node.get("anyOf") or node.get("allOf"):
                options += self._options(branches)
            else:
                options.append(node)
        return options


def _type_of(option: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = option.get("properties", {}).get("type", {})
    return found
