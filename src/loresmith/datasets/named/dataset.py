"""Reads one dataset: all its files, good rows and bad ones, and the rows that are drawn of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from loresmith.datasets.formats import RowFault
from loresmith.datasets.named.files import FileFound
from loresmith.datasets.named.info import NamedDataset
from loresmith.datasets.named.rows import RowReader, shown
from loresmith.datasets.named.seen_columns import SeenColumns
from loresmith.errors import DatasetError
from loresmith.records import Drop, TrainingRow


class Place(NamedTuple):
    """Where a row stands that can be used."""

    row_id: str
    where: str


class DatasetReading(NamedTuple):
    """What came of one dataset."""

    name: str
    files: tuple[str, ...]
    rows: tuple[TrainingRow, ...]
    """The rows that are drawn of it; one may be there more than once."""
    places: tuple[Place, ...]
    """One for each row that can be used."""
    drops: tuple[Drop, ...]
    whole: bool
    warnings: tuple[str, ...]

    @property
    def usable(self) -> int:
        """How many rows can be used."""
        return len(self.places)


def read_all(
    datasets: Sequence[NamedDataset], *, max_samples: int | None, seed: int
) -> list[DatasetReading]:
    """Reads each; `max_samples` and `num_samples` say how many rows are taken.

    Raises DatasetError with what is wrong with each of them, and MissingDependency.
    """
    readings = []
    faults: list[str] = []
    for one in datasets:
        try:
            readings.append(_Reading(one).read(max_samples, seed))
        except DatasetError as error:
            hint = f" ({error.hint})" if error.hint else ""
            faults.append(f"{one.name}: {error.message}{hint}")
    if faults:
        raise DatasetError("not every dataset can be read:", faults=faults)
    return readings


_REASONS_SHOWN = 5
_NAMED_WRONG = {"field_missing", "wrong_role", "wrong_type"}
"""Reasons that, where they hold for all rows, tell that the entry names the columns wrong."""
_HINT = "Say under `columns`, and `tags`, of dataset_info.json which column holds what."


class _Reading:
    """One pass over the files of a dataset."""

    def __init__(self, dataset: NamedDataset) -> None:
        self._dataset = dataset
        self._reader = RowReader(dataset.entry)
        self._rows: list[TrainingRow] = []
        self._drops: list[Drop] = []
        self._places: list[Place] = []
        self._columns = SeenColumns({}, {})

    def read(self, max_samples: int | None, seed: int) -> DatasetReading:
        name, entry, found, warnings = self._dataset
        most = None if entry.num_samples else max_samples
        whole = all(self._take(file, most) for file in found.files)
        if not self._rows:
            raise self._no_row()
        rows = _drawn(self._rows, entry.num_samples, f"{seed}/{name}")[:max_samples]
        return DatasetReading(
            name=name,
            files=tuple(file.name for file in found.files),
            rows=tuple(rows),
            places=tuple(self._places),
            drops=tuple(self._drops),
            whole=whole,
            warnings=(*warnings, *self._columns.warnings(name, entry)),
        )

    def _take(self, found: FileFound, most: int | None) -> bool:
        """Reads a file until there are `most` rows; whether it was read to its end."""
        file = found.open()
        for raw in file.rows():
            if len(self._rows) == most:
                return False
            where = found.place(raw.number, file)
            self._columns.add(raw.value, self._reader)
            try:
                row = self._reader.read(raw.value, place=where)
            except RowFault as fault:
                self._drops.append(_drop(where, raw.value, fault))
            else:
                self._rows.append(row)
                self._places.append(Place(row.id, where))
        return True

    def _no_row(self) -> DatasetError:
        """What is wrong where no row is good: each reason, and the first row that has it."""
        if not self._drops:
            return DatasetError("it holds no rows")
        first = {drop.reason: drop for drop in reversed(self._drops)}
        times = Counter(drop.reason for drop in self._drops).most_common(_REASONS_SHOWN)
        told = "; ".join(f"{n} x {first[why].subject_id}: {first[why].detail}" for why, n in times)
        return DatasetError(
            f"none of its {len(self._drops)} rows can be used: {told}",
            hint=_HINT if _NAMED_WRONG & first.keys() else "",
        )


def _drawn(rows: list[TrainingRow], count: int | None, seed: str) -> list[TrainingRow]:
    """`count` of the rows in an order drawn by chance; where there are fewer, some again."""
    if count is None:
        return rows
    chance = random.Random(seed)
    drawn = sorted(rows, key=lambda _: chance.random())[:count]
    while len(drawn) < count:
        drawn.append(rows[int(chance.random() * len(rows))])
    return drawn


def _drop(where: str, value: object, fault: RowFault) -> Drop:
    return Drop(
        subject_id=where,
        subject="row",
        reason=fault.reason,
        detail=fault.detail,
        text=shown(value),
    )
