"""The rows of one frozen dataset in a file beside the records, a line each, found by place.

Lists, comparisons, exports and what is trained read it row by row. It can be deleted at any time
and is written anew from the records.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from loresmith.records import Example, Record, SplitName
from loresmith.whole_files import whole_file
from loresmith.workspace.context import Context
from loresmith.workspace.dataset_parts import stored_dataset


class RowFilter(Record):
    """Which rows of a version are asked for; what is not set does not matter."""

    split: SplitName | None = None
    """Rows to train on, or to validate on."""
    language: str | None = None
    """ISO 639-1 code."""
    document: str | None = None
    """The name of the document or imported file."""
    search: str = ""
    """A piece of the row's text; upper and lower case of Latin letters are the same."""

    @property
    def needles(self) -> list[bytes]:
        """What the line of a row that fits contains; within a text, quotes are escaped."""
        named = [("split", self.split), ("language", self.language), ("document", self.document)]
        found = [f'"{name}":{_json(value)}' for name, value in named if value is not None]
        return [text.encode("utf-8", "replace") for text in found]


class FrozenRows:
    """The rows of the dataset in `path`, in order; places count from 0."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = path.with_suffix(".index")

    @property
    def path(self) -> Path:
        """The file; another dataset's has another name, and it never changes."""
        return self._path

    def __len__(self) -> int:
        return self._index.stat().st_size // 8 - 1

    def __iter__(self) -> Iterator[Example]:
        for line in self.lines():
            yield Example.model_validate_json(line)

    def lines(self) -> Iterator[bytes]:
        """Every row as JSON; it begins with its id."""
        with self._path.open("rb") as stream:
            yield from stream

    def at(self, places: Iterable[int]) -> list[Example]:
        """The rows at these places, in the order asked."""
        with self._path.open("rb") as rows, self._index.open("rb") as index:
            found = []
            for place in places:
                index.seek(8 * place)
                (start,) = array("Q", index.read(8))
                rows.seek(start)
                found.append(Example.model_validate_json(rows.readline()))
            return found

    def places(self, wanted: RowFilter) -> Sequence[int]:
        """Where the rows are that fit."""
        needles, search = wanted.needles, _json(wanted.search.strip().lower())[1:-1]
        if not needles and not search:
            return range(len(self))
        return [
            place
            for place, line in enumerate(self.lines())
            if all(needle in line for needle in needles)
            and (not search or (search in line.decode().lower() and _tells(line, wanted.search)))
        ]

    def write(self, examples: Iterable[Example]) -> None:
        """Writes both files; whoever reads meanwhile sees the old ones or the new ones."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        starts, at = array("Q", [0]), 0
        with whole_file(self._path) as stream:
            for example in examples:
                at += stream.write(example.model_dump_json().encode() + b"\n")
                starts.append(at)
            with whole_file(self._index) as index:
                index.write(starts.tobytes())


def keep_rows(context: Context, dataset_id: str, examples: Iterable[Example]) -> None:
    """Writes the file of a dataset's rows, where it is missing, without reading the records."""
    rows = FrozenRows(_path(context, dataset_id))
    if not rows.path.exists():
        rows.write(examples)


def frozen_rows(context: Context, dataset_id: str) -> FrozenRows:
    """The rows of a dataset; their file is written where it is missing. Raises StoreError."""
    rows = FrozenRows(_path(context, dataset_id))
    if not rows.path.exists():
        rows.write(stored_dataset(context, dataset_id).examples)
    return rows


def _path(context: Context, dataset_id: str) -> Path:
    return context.project.state / "datasets" / f"{dataset_id}.jsonl"


def _json(value: str | None) -> str:
    """As pydantic writes it into a line."""
    return json.dumps(value, ensure_ascii=False)


def _tells(line: bytes, search: str) -> bool:
    """Whether it is a text of the row that holds `search`, and not its provenance."""
    wanted = search.strip().lower()
    return any(wanted in message["content"].lower() for message in json.loads(line)["messages"])
