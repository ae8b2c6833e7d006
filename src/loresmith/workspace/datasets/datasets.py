"""The versions of a project's dataset: seen, compared, frozen and exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loresmith.datasets.comparing import ChangeKind
from loresmith.records import Example, Record
from loresmith.workspace.datasets.changes import (
    ChangedRow,
    Comparison,
    Difference,
    difference,
)
from loresmith.workspace.datasets.exports import (
    ExportedFile,
    ExportPreview,
    ExportSettings,
    WrittenExport,
    exported,
    preview,
    write_file,
    write_out,
)
from loresmith.workspace.datasets.next_version import NextVersion, next_version
from loresmith.workspace.datasets.versions import DatasetVersion, version, versions
from loresmith.workspace.frozen_rows import FrozenRows, RowFilter, frozen_rows
from loresmith.workspace.workspace import Workspace


class RowsPage(Record):
    """Some rows of a version."""

    rows: tuple[Example, ...]
    total: int
    """How many rows fit in all."""


class ChangesPage(Record):
    """Some changes between two versions."""

    rows: tuple[ChangedRow, ...]
    total: int
    """How many changes of that kind there are."""


class Datasets:
    """The frozen versions of a project's dataset; `number` names one, from 1."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def versions(self) -> tuple[DatasetVersion, ...]:
        """All versions in figures, the newest first."""
        with self._workspace.opened() as context:
            return versions(context)

    def version(self, number: int) -> DatasetVersion:
        """One version in figures; raises NotFound."""
        with self._workspace.opened() as context:
            return version(context, number)

    def rows(
        self, number: int, wanted: RowFilter | None = None, *, start: int = 0, limit: int = 50
    ) -> RowsPage:
        """Rows of a version in their order, from the `start`th that fits; raises NotFound."""
        with self._rows_of(number) as rows:
            places = rows.places(wanted or RowFilter())
            return RowsPage(rows=tuple(rows.at(places[start : start + limit])), total=len(places))

    def compare(self, older: int, newer: int) -> Comparison:
        """How two versions differ, in figures; raises NotFound."""
        return self._difference(older, newer).compared(older, newer)

    def changes(
        self,
        older: int,
        newer: int,
        *,
        kind: ChangeKind | None = None,
        start: int = 0,
        limit: int = 50,
    ) -> ChangesPage:
        """The rows that differ: first the newer version's in their order, then what is gone."""
        changes = self._difference(older, newer).of(kind)
        with self._rows_of(older) as before, self._rows_of(newer) as after:
            shown = tuple(
                ChangedRow(
                    kind=change.kind,
                    document=change.document,
                    before=None if change.before is None else before.at([change.before])[0],
                    after=None if change.after is None else after.at([change.after])[0],
                )
                for change in changes[start : start + limit]
            )
        return ChangesPage(rows=shown, total=len(changes))

    def next_version(self) -> NextVersion:
        """What freezing would bring today; nothing is begun."""
        return next_version(self._workspace)

    def freeze(self) -> str:
        """Begins the job that freezes what is kept today as the next version; returns its id.

        What is missing before that (questions not yet written, say) is done by the same job. A
        version that would be equal to an earlier one is that one.
        """
        from loresmith.workspace.background import Background

        return Background(self._workspace).submit("dataset")

    def export(self, number: int, wanted: ExportSettings) -> ExportedFile:
        """A version as a file that is made while it is read; raises NotFound."""
        with self._workspace.opened() as context:
            found = version(context, number)
            frozen_rows(context, found.id)
            return exported(context, found, wanted, project=self._workspace.project.name)

    def preview_export(
        self, number: int, wanted: ExportSettings, *, lines: int = 40
    ) -> ExportPreview:
        """How that file begins; raises NotFound."""
        name = self._workspace.project.name
        with self._workspace.opened() as context:
            found = version(context, number)
            return preview(context, found, wanted, project=name, lines=lines)

    def export_to(self, path: Path, number: int, wanted: ExportSettings) -> None:
        """Writes that file to `path`, whole or not at all; raises NotFound and ExportError."""
        write_file(self.export(number, wanted), path)

    def write(
        self, path: Path, wanted: ExportSettings, *, number: int | None = None
    ) -> WrittenExport:
        """Writes a version (the newest, where none is named) to `path`: as a file, where it ends as
        one of that kind does, else as a folder with a card. All of it or nothing is written, and an
        earlier export there is replaced.

        Raises NotFound, ExportError, and Conflict for a folder of something else.
        """
        with self._workspace.opened() as context:
            if number is None:
                number = max((one.number for one in versions(context)), default=1)
            found = version(context, number)
            return write_out(context, found, wanted, path, project=self._workspace.project.name)

    @contextmanager
    def _rows_of(self, number: int) -> Iterator[FrozenRows]:
        with self._workspace.opened() as context:
            yield frozen_rows(context, version(context, number).id)

    def _difference(self, older: int, newer: int) -> Difference:
        with self._rows_of(older) as before, self._rows_of(newer) as after:
            return difference(before.path, after.path)
