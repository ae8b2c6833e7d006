"""What differs between two texts, line by line, and within a line character by character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from loresmith.records import Record

_AROUND = 2
_MOST_LINES = 2_000
_LONGEST_COMPARED = 4_000
_MOST_MATCHED = 4_000_000
"""Product of the counts of lines up to which the best match is looked for."""


class DiffPart(Record):
    """A stretch of a line; `changed` where it has no counterpart in the other text."""

    text: str
    changed: bool = False


class DiffLine(Record):
    """A line of one text or of both."""

    kind: Literal["same", "removed", "added", "skipped"]
    """`skipped` stands for equal lines that are not shown."""
    parts: tuple[DiffPart, ...] = ()
    older: int | None = None
    """Its number in the older text, from 1."""
    newer: int | None = None
    """Its number in the newer text, from 1."""


class Difference(Record):
    """Two texts, compared."""

    lines: tuple[DiffLine, ...]
    """Changed lines, with a few equal ones around them."""
    added: int
    """Lines that only the newer text has."""
    removed: int
    """Lines that only the older text has."""
    cut: bool = False
    """Whether more lines differ than are shown."""


def difference(older: str, newer: str) -> Difference:
    """What has to be taken out of `older` and put into it to make `newer`."""
    old, new = older.split("\n"), newer.split("\n")
    lines: list[DiffLine] = []
    added = removed = 0
    for tag, i, j, k, m in operations(old, new):
        if tag == "equal":
            lines += [_same(old[i + n], i + n, k + n) for n in range(j - i)]
        else:
            removed += j - i
            added += m - k
            lines += _changed(old[i:j], new[k:m], i, k)
    shown = list(_without_the_equal(lines))
    return Difference(
        lines=tuple(shown[:_MOST_LINES]),
        added=added,
        removed=removed,
        cut=len(shown) > _MOST_LINES,
    )


def operations(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Like `SequenceMatcher.get_opcodes`, but without the equal lines at both ends, and for texts
    that are too long and too different in one piece."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield "equal", 0, head, 0, head
    if len(middle_old) * len(middle_new) > _MOST_MATCHED:
        yield "replace", head, head + len(middle_old), head, head + len(middle_new)
    else:
        matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            yield tag, i + head, j + head, k + head, m + head
    if tail:
        yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _same(line: str, older: int, newer: int) -> DiffLine:
    return DiffLine(kind="same", parts=(DiffPart(text=line),), older=older + 1, newer=newer + 1)


def _changed(old: Sequence[str], new: Sequence[str], i: int, k: int) -> list[DiffLine]:
    """Removed lines, then added ones; where they are as many, each is compared with its other."""
    paired = len(old) == len(new)
    pairs = [_parts(left, right) for left, right in zip(old, new, strict=True)] if paired else []
    whole_old = [(DiffPart(text=line, changed=True),) for line in old]
    whole_new = [(DiffPart(text=line, changed=True),) for line in new]
    removed = [left for left, _ in pairs] if paired else whole_old
    added = [right for _, right in pairs] if paired else whole_new
    return [
        *(DiffLine(kind="removed", parts=p, older=i + n + 1) for n, p in enumerate(removed)),
        *(DiffLine(kind="added", parts=p, newer=k + n + 1) for n, p in enumerate(added)),
    ]


def _parts(old: str, new: str) -> tuple[tuple[DiffPart, ...], tuple[DiffPart, ...]]:
    if max(len(old), len(new)) > _LONGEST_COMPARED:
        return (DiffPart(text=old, changed=True),), (DiffPart(text=new, changed=True),)
    left, right = [], []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if j > i:
            left.append(DiffPart(text=old[i:j], changed=tag != "equal"))
        if m > k:
            right.append(DiffPart(text=new[k:m], changed=tag != "equal"))
    return tuple(left), tuple(right)


def _without_the_equal(lines: Sequence[DiffLine]) -> Iterator[DiffLine]:
    """Changed lines with a few around them; of the others, one line that stands for them."""
    near = {
        index + around
        for index, line in enumerate(lines)
        if line.kind != "same"
        for around in range(-_AROUND, _AROUND + 1)
    }
    skipping = False
    for index, line in enumerate(lines):
        if index in near:
            yield line
        elif not skipping:
            yield DiffLine(kind="skipped")
        skipping = index not in near
