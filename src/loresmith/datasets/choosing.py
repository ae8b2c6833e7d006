"""Which rows go in where not all are wanted: some subjects, so many rows of each, or an even share.

What is left out is named with its reason. The same rows and seed give the same choice, in whatever
order the rows come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from loresmith.component import content_id
from loresmith.records import TagPath

PerSubject = int | Literal["evenly"] | None
SUBJECT_MARK = " / "
"""What parts the labels of a subject from one another."""


class ChoosableRow(NamedTuple):
    """A row as far as a choice by subject looks at it."""

    id: str
    subject: str
    """Its place in the domain tree, such as `Cargo / Fish`; empty for none."""
    turn: int = 0
    """0 is a fact's own pair, 1 its first wording and so on: of a subject that has to give rows,
    every fact keeps its first row before any keeps its second."""
    is_free: bool = False
    """Whether it belongs to no subject by its nature, as what no document says: it is neither
    counted nor left out where rows are only evened out."""


class Chosen(NamedTuple):
    """The ids that go in, and why each of the others does not."""

    ids: frozenset[str]
    left_out: Mapping[str, str]
    """By id: `other_subject` or `over_share`."""


def choose(
    rows: Iterable[ChoosableRow],
    *,
    subjects: Sequence[str] = (),
    per_subject: PerSubject = None,
    seed: int = 0,
) -> Chosen:
    """The rows of `subjects` (a wider one stands for all below it; none for every subject), and of
    each at most `per_subject`; with `evenly`, as many as the subject with the fewest rows has.

    Where subjects are named, those are evened out, each with all that is below it; else the
    narrowest ones that rows have. Rows without a subject are evened out as one of their own.
    """
    left_out: dict[str, str] = {}
    ids: set[str] = set()
    groups: dict[str, list[ChoosableRow]] = {}
    for row in rows:
        group = _group(row.subject, subjects)
        if group is None:
            left_out[row.id] = "other_subject"
        elif row.is_free:
            ids.add(row.id)
        else:
            groups.setdefault(group, []).append(row)
    most = min(map(len, groups.values()), default=0) if per_subject == "evenly" else per_subject
    for alike in groups.values():
        alike.sort(key=lambda row: (row.turn, content_id("share", seed, row.id)))
        kept = len(alike) if most is None else most
        ids.update(row.id for row in alike[:kept])
        left_out.update((row.id, "over_share") for row in alike[kept:])
    return Chosen(frozenset(ids), left_out)


def subject_of(tag: TagPath) -> str:
    """A subject as lists and settings write it."""
    return SUBJECT_MARK.join(tag)


def _group(subject: str, wanted: Sequence[str]) -> str | None:
    """The subject under which a row is counted; None where it is not wanted."""
    if not wanted:
        return subject
    return next((one for one in wanted if f"{subject}{SUBJECT_MARK}".startswith(_below(one))), None)


def _below(subject: str) -> str:
    labels = [label.strip() for label in subject.split(SUBJECT_MARK.strip())]
    return f"{SUBJECT_MARK.join(labels)}{SUBJECT_MARK}"
