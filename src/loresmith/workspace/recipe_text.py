"""Changes single settings in the text of a YAML file and leaves every other byte as it was.

A person's comments, order, quoting and spacing are theirs: so not the whole file is written anew,
but the one place that a setting stands at, which the parser's marks tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import yaml

Path = Sequence[str]
"""The keys that lead to a setting."""


def with_setting(text: str, path: Path, value: Any) -> str:
    """`text` with `value` at `path`; blocks on the way are added where they are missing."""
    place = _find(text, path)
    if place.key is not None and place.value is not None:
        in_flow = isinstance(place.block, yaml.MappingNode) and place.block.flow_style
        indent = place.key.start_mark.column
        fresh = _one_line(value) if in_flow else _value(value, indent=indent)
        return _put(text, place.key, place.value, f" {fresh}")
    nested = _nested(path[place.depth :], value)
    block = place.block
    if not isinstance(block, yaml.MappingNode) or not block.value:
        return _fill(text, place, nested)
    if block.flow_style:
        plain = yaml.safe_load(text[block.start_mark.index : block.end_mark.index])
        return _put(text, place.block_key, block, f" {_one_line(plain | nested)}")
    first = block.value[0][0].start_mark
    fresh = _lines(nested, indent=first.column)
    if list(nested) == ["type"]:  # a reader looks for it first
        at = _line_start(text, first.index)
        return f"{text[:at]}{fresh}\n{text[at:]}"
    return _insert_after(text, _last_index(block), fresh)


def without_setting(text: str, path: Path) -> str:
    """`text` without the setting at `path` and the comment lines directly above it."""
    place = _find(text, path)
    if place.key is None or place.value is None:
        return text
    block = place.block
    if isinstance(block, yaml.MappingNode) and (block.flow_style or len(block.value) == 1):
        plain = yaml.safe_load(text[block.start_mark.index : _last_index(block)])
        rest = {name: value for name, value in plain.items() if name != path[-1]}
        return _put(text, place.block_key, block, f" {_one_line(rest)}")
    start = _line_start(text, place.key.start_mark.index)
    end = text.find("\n", _last_index(place.value))
    while _is_comment(text, start, column=place.key.start_mark.column):
        start = _line_start(text, start - 1)
    return text[:start] + ("" if end < 0 else text[end + 1 :])


class _Place(NamedTuple):
    """Where a path leads: as deep as the file goes along it."""

    block: yaml.Node | None
    """The innermost block that is there; None in a file without settings."""
    block_key: yaml.Node | None
    """The key under which it stands; None for the whole file."""
    depth: int
    """How many parts of the path lead to `block`."""
    key: yaml.Node | None = None
    value: yaml.Node | None = None
    """What stands at the path, if anything does."""


def _find(text: str, path: Path) -> _Place:
    block: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    block_key: yaml.Node | None = None
    for depth, part in enumerate(path):
        pairs = block.value if isinstance(block, yaml.MappingNode) else []
        key, value = next((pair for pair in pairs if pair[0].value == part), (None, None))
        if key is None or depth == len(path) - 1:
            return _Place(block, block_key, depth, key, value)
        block, block_key = value, key
    return _Place(block, block_key, 0)


def _put(text: str, key: yaml.Node | None, value: yaml.Node, fresh: str) -> str:
    """`fresh` in place of a value; of a block, up to its last word, so that comments stay."""
    end = _last_index(value)
    if key is None:
        return text[: value.start_mark.index] + fresh.lstrip() + text[end:]
    after_colon = text.index(":", key.end_mark.index) + 1
    return text[:after_colon] + fresh + text[max(after_colon, end) :]


def _fill(text: str, place: _Place, nested: Mapping[str, Any]) -> str:
    """`nested` where there is no block yet: an empty file, or a key without a value."""
    if place.block is None or place.block_key is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{_lines(nested, indent=0)}\n"
    column: int = place.block_key.start_mark.column
    fresh = "\n" + _lines(nested, indent=column + 2)
    return _put(text, place.block_key, place.block, fresh)


def _last_index(node: yaml.Node) -> int:
    """Behind the last character of a value; a block's own end mark lies behind the comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_index(last[1] if isinstance(last, tuple) else last)
    index: int = node.end_mark.index
    in_lines = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return index - 1 if in_lines else index


def _insert_after(text: str, index: int, fresh: str) -> str:
    """`fresh` as lines of their own behind the line that `index` is on."""
    end = text.find("\n", index)
    if end < 0:
        return f"{text}\n{fresh}\n"
    return f"{text[: end + 1]}{fresh}\n{text[end + 1 :]}"


def _is_comment(text: str, below: int, *, column: int) -> bool:
    """Whether the line above position `below` is a comment that is set in like its key."""
    if below == 0:
        return False
    line = text[_line_start(text, below - 1) : below]
    return re.match(rf" {{{column}}}#", line) is not None


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _nested(path: Path, value: Any) -> dict[str, Any]:
    inner: Any = value
    for name in reversed(path):
        inner = {name: inner}
    found: dict[str, Any] = inner
    return found


def _lines(nested: Mapping[str, Any], *, indent: int) -> str:
    """A block, one key a line; values that are lists or blocks themselves in one line, texts of
    several lines as such."""
    lines = []
    for name, value in nested.items():
        pad = " " * indent
        if isinstance(value, dict) and value:
            lines += [f"{pad}{name}:", _lines(value, indent=indent + 2)]
        else:
            lines.append(f"{pad}{name}: {_value(value, indent=indent)}")
    return "\n".join(lines)


_READ_AS_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def _value(value: Any, *, indent: int) -> str:
    """What stands behind a key set in by `indent`; a text of several lines stays legible."""
    if not isinstance(value, str) or not _LINES.fullmatch(value):
        return _one_line(value)
    pad = " " * (indent + 2)
    width = "2" if value[0] in " \n" else ""
    ending = "" if value.endswith("\n") else "-"
    lines = value.removesuffix("\n").split("\n")
    return "\n".join([f"|{width}{ending}", *(f"{pad}{line}" if line else "" for line in lines)])


_PLAIN = r" -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_LINES = re.compile(rf"[\n{_PLAIN}]*\n[{_PLAIN}]+\n?")
"""Texts of several lines that YAML can hold as they stand, with no more than one line end last."""


def _one_line(value: Any) -> str:
    """YAML in one line; the line ends of other systems are written as escapes."""
    for readable in (True, False):
        text = yaml.safe_dump(
            value,
            allow_unicode=readable,
            sort_keys=False,
            default_flow_style=True,
            width=1_000_000,
        )
        if not _READ_AS_LINE_ENDS.search(text):
            break
    return text.removesuffix("\n").removesuffix("\n...")
