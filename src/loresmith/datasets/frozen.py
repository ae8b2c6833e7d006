"""A frozen dataset, wherever its rows lie, and the hash of its content that is its id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from loresmith.records import Example, OtherExample, TrainingRow


class FrozenDataset(NamedTuple):
    """A versioned set of rows. They can be read again and again, and may lie in a file: then no
    more than one of them is in memory."""

    id: str
    version: int
    examples: Iterable[Example]
    withheld: Sequence[str] = ()
    """Ids of the facts that were kept out of training as a control."""
    others: Iterable[OtherExample] = ()
    """Rows for other stages than fine-tuning: preferences, marked answers and texts."""


class KeptRows(Protocol):
    """Where rows go while they are frozen, and are read from afterwards, in the same order."""

    @property
    def examples(self) -> Iterable[Example]: ...

    @property
    def others(self) -> Iterable[OtherExample]: ...

    def keep(self, row: TrainingRow) -> None:
        """Takes the next row: an example, or one of the others."""


class RowsInMemory:
    """Keeps rows in lists, where they are few."""

    def __init__(self) -> None:
        self.examples: list[Example] = []
        self.others: list[OtherExample] = []

    def keep(self, row: TrainingRow) -> None:
        if isinstance(row, Example):
            self.examples.append(row)
        else:
            self.others.append(row)


class ContentHash:
    """The id of a dataset, computed while its examples go by. It follows from the rows and from
    what is withheld, and not from the version: `content_id("dataset", rows, withheld)`, and where
    there are others, `content_id("with others", that, others)`, without one text of them all."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b'["dataset",')
        self._next = b"["

    def add(self, row: Example) -> None:
        """Takes the next example."""
        self._digest.update(self._next + _compact(row.model_dump(mode="json")))
        self._next = b","

    def of(self, withheld: Sequence[str], others: Iterable[OtherExample]) -> str:
        """The id of the examples so far, with these."""
        digest = self._digest.copy()
        digest.update((b"[]" if self._next == b"[" else b"]") + b"," + _compact(withheld) + b"]")
        examples_id, digest = digest.hexdigest()[:24], hashlib.sha256()
        before = b'["with others",' + _compact(examples_id) + b",["
        for row in others:
            digest.update(before + _compact(row.model_dump(mode="json")))
            before = b","
        if before != b",":
            return examples_id
        digest.update(b"]]")
        return digest.hexdigest()[:24]


def _compact(value: object) -> bytes:
    """As `content_id` writes it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
