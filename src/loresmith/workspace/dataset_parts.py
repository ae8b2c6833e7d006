"""The rows of frozen datasets among the records: some hundreds a record, written and read one
record after the other.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from pydantic import TypeAdapter

from loresmith.datasets import FrozenDataset
from loresmith.errors import StoreError
from loresmith.records import Dataset, DatasetPart, Example, OtherExample, Record, TrainingRow
from loresmith.workspace.context import Context

ROWS_A_PART = 500
_FREEZING = ".freezing-"
_RowT = TypeVar("_RowT", bound=Record)


def store_parts(context: Context, frozen: FrozenDataset) -> Dataset:
    """Stores the rows, a part at a time, and returns the record that is to be stored after them:
    where it is, they all are. What an earlier try stored of them stays."""
    counts: Counter[str] = Counter()
    parts = 0
    for name, rows in (("examples", frozen.examples), ("others", frozen.others)):
        remaining: Iterator[TrainingRow] = iter(rows)
        while some := tuple(islice(remaining, ROWS_A_PART)):
            part: dict[str, Any] = {"id": _part_id(frozen.id, parts), "dataset_id": frozen.id}
            context.check()
            context.store.add([DatasetPart(**part, **{name: some})])
            counts.update(row.split if name == "examples" else name for row in some)
            parts += 1
    return Dataset(
        id=frozen.id,
        version=frozen.version,
        withheld=tuple(frozen.withheld),
        rows=counts["train"],
        validation_rows=counts["validation"],
        others=counts["others"],
        parts=parts,
    )


def stored_dataset(context: Context, dataset_id: str) -> FrozenDataset:
    """A dataset whose rows are read from the records; raises StoreError where it is not stored."""
    head = _head(context, dataset_id)
    return FrozenDataset(
        head.id,
        head.version,
        _Again(lambda: (row for part in _parts(context, head) for row in part.examples)),
        head.withheld,
        _Again(lambda: (row for part in _parts(context, head) for row in part.others)),
    )


class RowsInFiles:
    """Rows that are being frozen, in files; of any number of them, one is in memory."""

    def __init__(self, folder: Path) -> None:
        self._examples = _RowFile(folder / "examples.jsonl", TypeAdapter[Example](Example))
        self._others = _RowFile(folder / "others.jsonl", TypeAdapter[OtherExample](OtherExample))

    @property
    def examples(self) -> Iterable[Example]:
        return self._examples

    @property
    def others(self) -> Iterable[OtherExample]:
        return self._others

    def keep(self, row: TrainingRow) -> None:
        """Writes the next row."""
        (self._examples if isinstance(row, Example) else self._others).write(row)

    def close(self) -> None:
        self._examples.close()
        self._others.close()


@contextmanager
def rows_in_files(context: Context) -> Iterator[RowsInFiles]:
    """Files for rows, gone at the end; those of a process that was killed go now."""
    parent = context.project.state / "datasets"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{_FREEZING}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_FREEZING, dir=parent) as folder:
        rows = RowsInFiles(Path(folder))
        try:
            yield rows
        finally:
            rows.close()


class _RowFile(Generic[_RowT]):
    """One file of rows, a line each."""

    def __init__(self, path: Path, adapter: TypeAdapter[_RowT]) -> None:
        self._path = path
        self._adapter = adapter
        self._stream: BinaryIO = path.open("wb")

    def write(self, row: Record) -> None:
        self._stream.write(row.model_dump_json().encode() + b"\n")

    def close(self) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[_RowT]:
        self._stream.flush()
        with self._path.open("rb") as lines:
            for line in lines:
                yield self._adapter.validate_json(line)


class _Again(Generic[_RowT]):
    """Rows that are read anew each time."""

    def __init__(self, read: Callable[[], Iterator[_RowT]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[_RowT]:
        return self._read()


def _head(context: Context, dataset_id: str) -> Dataset:
    head = context.store.one(Dataset, dataset_id)
    if head is None:
        raise StoreError("the rows of this dataset are no longer stored")
    return head


def _parts(context: Context, head: Dataset) -> Iterator[DatasetPart]:
    for number in range(head.parts):
        part = context.store.one(DatasetPart, _part_id(head.id, number))
        if part is None:
            raise StoreError("the rows of this dataset are no longer stored")
        yield part


def _part_id(dataset_id: str, number: int) -> str:
    return f"{dataset_id}-{number}"
