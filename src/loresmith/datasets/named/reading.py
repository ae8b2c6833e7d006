"""Turns names of datasets into rows to train on, as `dataset:` of LLaMA Factory does.

`read_named` reads them whole: every row of a file is either among the rows that can be used or
among the drops, with its place and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.datasets.named.dataset import DatasetReading, read_all
from loresmith.datasets.named.entry import Shape
from loresmith.datasets.named.info import DatasetInfo
from loresmith.datasets.named.mixing import Mix, mix_faults, mixed
from loresmith.datasets.named.validation import RowT
from loresmith.errors import DatasetError
from loresmith.records import Drop, Example, TrainingRow


class Source(NamedTuple):
    """What one dataset brought. `found` is always `usable` + `dropped`."""

    name: str
    files: tuple[str, ...]
    found: int
    """Rows that were read."""
    usable: int
    dropped: int
    whole: bool
    """Whether its files were read to their end, and not only up to max_samples."""
    used: int
    """Rows that are trained on, repeated ones each time: after num_samples and mixing."""


class Repeat(NamedTuple):
    """A row that says exactly what an earlier one says; both are kept."""

    place: str
    first: str
    """Where the earlier one is."""


class NamedRows(NamedTuple):
    """The rows of all datasets, mixed, and whatever else there is to say of them."""

    rows: tuple[TrainingRow, ...]
    """All of one shape, in the order in which they are mixed; ids are unique."""
    drops: tuple[Drop, ...]
    """The rows that cannot be used."""
    repeats: tuple[Repeat, ...]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    """What was found and not read: columns, keys, files."""

    @property
    def examples(self) -> tuple[Example, ...]:
        """The conversations; none where the rows are of another shape."""
        return self.of(Example)

    def of(self, kind: type[RowT]) -> tuple[RowT, ...]:
        """The rows that are of this kind: all or none."""
        return tuple(row for row in self.rows if isinstance(row, kind))


class _Used(NamedTuple):
    """A row in its place in the mix, and which dataset it is of."""

    source: int
    row: TrainingRow


def read_named(
    names: Sequence[str],
    *,
    folder: Path,
    shape: Shape | None = None,
    max_samples: int | None = None,
    most: int | None = None,
    mix: Mix = "concat",
    probs: Sequence[float] | None = None,
    seed: int = 42,
) -> NamedRows:
    """The rows of the datasets that `folder`'s dataset_info.json has under `names`.

    `shape` is what the stage of training needs; without, all have to be of the first one's.
    `max_samples` is the most rows that are taken of each dataset, the first that can be used.
    `most` is the most rows of the mix: its first, and no file is read further than for these.
    Rows that stand in the files more than once are kept, because people weigh rows by repeating
    them, and named in `repeats`. Equal arguments and files give equal rows on every machine.

    Raises DatasetError with all faults at once: of the names, of their entries, of files that
    cannot be read, and of datasets of which no row can be used; MissingDependency where Parquet
    or Arrow cannot be read here.
    """
    faults = mix_faults(mix, probs, len(dict.fromkeys(names)))
    if max_samples is not None and max_samples < 1:
        faults.append(f"max_samples: should be greater than or equal to 1 (given: {max_samples})")
    if not names:
        faults.append("dataset: no dataset is named")
    if faults:
        raise DatasetError("the datasets cannot be mixed so:", faults=faults)
    datasets = DatasetInfo.open(folder).datasets(names, shape=shape)
    # Of no dataset more than `most` rows can be among as many of the mix.
    limits = [limit for limit in (max_samples, most) if limit is not None]
    readings = read_all(datasets, max_samples=min(limits, default=None), seed=seed)
    numbered = [[_Used(number, row) for row in one.rows] for number, one in enumerate(readings)]
    used = mixed(numbered, mix, probs=probs, seed=seed)[:most]
    return _put_together(names, readings, used)


def rows_of_readings(names: Sequence[str], readings: Sequence[DatasetReading]) -> NamedRows:
    """The rows of all, one after the other."""
    used = [_Used(number, row) for number, one in enumerate(readings) for row in one.rows]
    return _put_together(names, readings, used)


def _put_together(
    names: Sequence[str], readings: Sequence[DatasetReading], used: Sequence[_Used]
) -> NamedRows:
    times = Counter(one.source for one in used)
    return NamedRows(
        rows=tuple(_with_unique_ids(one.row for one in used)),
        drops=tuple(drop for one in readings for drop in one.drops),
        repeats=tuple(_repeats(readings)),
        sources=tuple(_source(one, used=times[number]) for number, one in enumerate(readings)),
        warnings=tuple(_warnings(names, readings)),
    )


def _source(reading: DatasetReading, *, used: int) -> Source:
    return Source(
        name=reading.name,
        files=reading.files,
        found=reading.usable + len(reading.drops),
        usable=reading.usable,
        dropped=len(reading.drops),
        whole=reading.whole,
        used=used,
    )


def _with_unique_ids(rows: Iterable[TrainingRow]) -> Iterator[TrainingRow]:
    """The rows; a row that says what an earlier one says has an id of its own."""
    times: Counter[str] = Counter()
    for row in rows:
        times[row.id] += 1
        again = {"id": content_id(row.id, times[row.id])}
        yield row if times[row.id] == 1 else row.model_copy(update=again)


def _repeats(readings: Sequence[DatasetReading]) -> Iterator[Repeat]:
    first: dict[str, str] = {}
    for one in readings:
        for place in one.places:
            earlier = first.setdefault(place.row_id, place.where)
            if earlier != place.where:
                yield Repeat(place.where, earlier)


def _warnings(names: Sequence[str], readings: Sequence[DatasetReading]) -> Iterator[str]:
    warnings: list[str] = []
    for name, times in Counter(names).items():
        if times > 1:
            warnings.append(f"{name}: is named {times} times, and read once")
    yield from warnings
    for one in readings:
        yield from one.warnings
