"""Reads rows out of Parquet and Arrow files, batch by batch, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.datasets.row_file import FileForm, RawRow
from loresmith.errors import DatasetError, MissingDependency

TABLES = (".parquet", ".arrow")


class TableFile(NamedTuple):
    """A Parquet file, or an Arrow file as the `datasets` library or anybody else writes it."""

    path: Path
    name: str

    @classmethod
    def open(cls, path: Path, *, name: str) -> TableFile:
        """Raises MissingDependency without pyarrow, and DatasetError where it is none."""
        file = cls(path, name)
        with file._batches():
            return file

    def rows(self) -> Iterator[RawRow]:
        """All rows. Raises DatasetError where it is damaged: what comes after is lost then."""
        number = 0
        with self._batches() as batches:
            for batch in batches:
                for value in batch.to_pylist():
                    number += 1
                    yield RawRow(number, value)
        if not number:
            raise DatasetError(f"{self.name} holds no rows")

    @property
    def form(self) -> FileForm:
        """Which of the two it is, by its name."""
        return "parquet" if Path(self.name).suffix.lower() == ".parquet" else "arrow"

    @property
    def encoding(self) -> str:
        """How its texts are written."""
        return "utf-8"

    @contextmanager
    def _batches(self) -> Iterator[Iterator[Any]]:
        try:
            import pyarrow
        except ImportError:
            raise MissingDependency("pyarrow", extra="train") from None
        try:
            with self.path.open("rb") as stream:
                yield self._opened(stream)
        except (pyarrow.ArrowException, OSError) as error:
            problem = str(error).split("\n", 1)[0][:200]
            raise DatasetError(
                f"{self.name} cannot be read as {self.form}: {problem}",
                hint="Fetch or write the file anew: it is damaged, or something else.",
            ) from None

    def _opened(self, stream: Any) -> Iterator[Any]:
        if self.form == "parquet":
            from pyarrow import parquet

            return iter(parquet.ParquetFile(stream).iter_batches(batch_size=_AT_ONCE))
        from pyarrow import ipc

        starts_as_a_file = stream.read(6) == b"ARROW1"
        stream.seek(0)
        if starts_as_a_file:
            reader = ipc.open_file(stream)
            return (reader.get_batch(number) for number in range(reader.num_record_batches))
        return iter(ipc.open_stream(stream))


_AT_ONCE = 512
"""Rows of a batch."""
