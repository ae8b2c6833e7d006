"""A domain tree as people write and read it: one subject a line, narrower ones further in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loresmith.errors import RecipeError
from loresmith.records import Tag

LONGEST_LABEL = 60
"""Characters of a label."""
DEEPEST = 5
"""Levels of a tree."""


def tree_text(tags: Sequence[Tag]) -> str:
    """The tree with two spaces for each level; `read_tree` reads it back."""
    return "".join(f"{line}\n" for line in _lines(tags, 0))


def read_tree(text: str) -> tuple[Tag, ...]:
    """The tree that `text` describes; raises RecipeError with every fault, by line.

    Levels are told by how far a line is set in, with spaces or tabs; a bullet before the label is
    left out. Empty lines mean nothing.
    """
    lines = [_Line.of(number, line) for number, line in enumerate(text.splitlines(), 1)]
    lines = [line for line in lines if line.label]
    faults = [fault for line in lines for fault in label_faults(line.label, f"line {line.number}")]
    placed, misplaced = _placed(lines)
    faults += misplaced
    if not lines:
        faults.append("there is no subject in it")
    tags, rest = _tags(placed, 0)
    assert not rest  # `_placed` begins at level 0
    faults += sibling_faults(tags)
    if faults:
        raise RecipeError("the domain tree is not understood:", faults=faults)
    return tags


def label_faults(label: str, where: str) -> list[str]:
    """What is wrong with a label."""
    faults: list[str] = []
    if len(label) > LONGEST_LABEL:
        faults.append(f"{where}: longer than {LONGEST_LABEL} characters")
    if ">" in label:
        faults.append(f"{where}: a label has no `>`, which stands between the levels of a path")
    return faults


def sibling_faults(tags: Sequence[Tag], above: str = "") -> list[str]:
    """Labels that stand twice below the same subject, anywhere in the tree."""
    faults: list[str] = []
    for label in (label for label, count in Counter(t.label for t in tags).items() if count > 1):
        if above:
            faults.append(f"{label!r} stands twice below {above!r}")
        else:
            faults.append(f"{label!r} stands twice at the top")
    return [*faults, *(fault for tag in tags for fault in sibling_faults(tag.children, tag.label))]


class _Line(NamedTuple):
    number: int
    inset: int
    label: str

    @classmethod
    def of(cls, number: int, line: str) -> _Line:
        opened = line.expandtabs(2)
        label = " ".join(_BULLET.sub("", opened.strip()).split())
        return cls(number, len(opened) - len(opened.lstrip()), label)


_BULLET = re.compile(r"^[-*+•·]\s+")


class _Placed(NamedTuple):
    level: int
    label: str


def _placed(lines: Sequence[_Line]) -> tuple[list[_Placed], list[str]]:
    """Each line with its level, and what is wrong with how lines are set in."""
    insets: list[int] = []
    placed, faults = [], []
    for line in lines:
        while insets and insets[-1] > line.inset:
            insets.pop()
        if not insets or insets[-1] < line.inset:
            insets.append(line.inset)
        level = len(insets) - 1
        if level >= DEEPEST:
            faults.append(f"line {line.number}: deeper than {DEEPEST} levels")
        placed.append(_Placed(level, line.label))
    return placed, faults


def _tags(lines: Sequence[_Placed], level: int) -> tuple[tuple[Tag, ...], Sequence[_Placed]]:
    """The subjects at `level` that `lines` begin with, and the lines after them."""
    tags = []
    while lines and lines[0].level >= level:
        children, rest = _tags(lines[1:], level + 1)
        tags.append(Tag(label=lines[0].label, children=children))
        lines = rest
    return tuple(tags), lines


def _lines(tags: Sequence[Tag], level: int) -> Iterator[str]:
    for tag in tags:
        yield "  " * level + tag.label
        yield from _lines(tag.children, level + 1)
