"""Why: what Easy Dataset and LLaMA Factory export is a folder, and people import it as a whole.

A folder, a zip of one, or some files together are taken file by file: each that holds rows is
imported by the columns that the folder's `dataset_info.json` names, else by the names of its own,
and each that does not is named with the reason.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from pydantic import Field, ValidationError

from loresmith.component import validated
from loresmith.datasets.mapping import RowMapping, propose
from loresmith.datasets.named.entry import DatasetEntry
from loresmith.datasets.opening import ROW_FILES
from loresmith.errors import Conflict, DatasetError, NotFound
from loresmith.records import Record
from loresmith.workspace.datasets.import_report import ImportPreview, ImportReport
from loresmith.workspace.datasets.imports import Imports
from loresmith.workspace.datasets.uploads import MOST_BYTES, plain_name

INFO = "dataset_info.json"
NO_ROWS = (INFO, "statistics.json", "export.json", "provenance.jsonl", "dataset_infos.json")
"""Files that tell of rows, and hold none."""


class NamedFile(NamedTuple):
    """A file that somebody hands over."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


class FolderFile(Record):
    """A file of a folder: how it would be imported, or why it is not."""

    name: str
    preview: ImportPreview | None = None
    reason: str = ""
    """Why it is left out; empty where it is not."""


class ChosenFile(Record):
    """An upload, and which column holds what; null takes the mapping that the preview proposes."""

    upload_id: str = Field(examples=["1584b5ad8059f0fb3692887c"])
    mapping: RowMapping | None = None


class FolderImport(Record):
    """What the import of several files brought."""

    reports: tuple[ImportReport, ...]
    """Those that brought rows, or had bad ones."""
    skipped: tuple[FolderFile, ...] = ()
    """The other files, each with the reason."""

    @property
    def kept(self) -> int:
        """Rows that were taken, of all files."""
        return sum(report.kept for report in self.reports)

    @property
    def bad(self) -> int:
        """Rows that were not, of all files."""
        return sum(sum(report.bad.values()) for report in self.reports)


def import_path(imports: Imports, path: Path, columns: Sequence[str] = ()) -> FolderImport:
    """Imports a file, a folder or a zip. `columns` says which column holds what, such as
    `question=Q,answer=A`.

    Raises NotFound, Conflict, RecipeError for a part that there is not, and DatasetError where
    nothing can be imported.
    """
    mapping = mapping_of(columns)
    if path.is_dir():
        return Folders(imports).import_all(files_in(path), mapping)
    if not path.is_file():
        raise NotFound(f"there is no file {path}", hint="Check the path.")
    with path.open("rb") as content:
        if path.suffix.lower() == ".zip":
            return Folders(imports).import_all(unpacked(content, path.name), mapping)
        upload = imports.hand_over(path.name, content)
    return FolderImport(reports=(imports.import_rows(upload.id, mapping),))


def mapping_of(columns: Sequence[str]) -> RowMapping | None:
    """The mapping that `question=Q,answer=A` says; None where nothing is said. Raises
    RecipeError."""
    pairs = [pair.partition("=") for text in columns for pair in text.split(",") if pair]
    named = {_PARTS.get(part.strip(), part.strip()): column.strip() for part, _, column in pairs}
    return validated(RowMapping, named, source="--map") if named else None


_PARTS = {"question": "instruction", "answer": "output", "cot": "reasoning", "labels": "tags"}
"""What people call the parts."""


def files_in(folder: Path) -> tuple[NamedFile, ...]:
    """The files of a folder by name; of folders in it, and hidden ones, none. Raises NotFound."""
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", hint="Check the path.")
    found = [one for one in sorted(folder.iterdir()) if not one.name.startswith(".")]
    return tuple(NamedFile(path.name, partial(_opened, path)) for path in found if path.is_file())


def unpacked(archive: BinaryIO, name: str) -> tuple[NamedFile, ...]:
    """The files of a zip by name, whatever folders they are in. Raises DatasetError for a zip that
    cannot be read, is encrypted, or would unpack to more than 2 GB."""
    try:
        packed = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise DatasetError(f"{name} cannot be read as a zip: {error}") from None
    members = [one for one in packed.infolist() if not one.is_dir()]
    if sum(one.file_size for one in members) > MOST_BYTES:
        raise DatasetError(f"{name} unpacks to more than {MOST_BYTES / 1e9:g} GB")
    if any(one.flag_bits & 0x1 for one in members):
        raise DatasetError(f"{name} is encrypted", hint="Unpack it and hand over the files.")
    members.sort(key=lambda one: one.filename)
    return tuple(
        NamedFile(plain_name(one.filename), partial(packed.open, one))
        for one in members
        if not plain_name(one.filename).startswith(".") and "__MACOSX" not in one.filename
    )


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


class Folders:
    """Looks at several files, and imports those that hold rows."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    def look_at(
        self, files: Sequence[NamedFile], mapping: RowMapping | None = None
    ) -> tuple[FolderFile, ...]:
        """Every file with its first rows, or why it is left out; nothing is imported yet."""
        named = _mappings(files)
        return tuple(self._looked_at(file, mapping, named.get(file.name)) for file in files)

    def import_files(self, chosen: Sequence[ChosenFile]) -> FolderImport:
        """Imports the uploads in order. A file of which another has every row already brings none,
        and is named. Raises NotFound for an upload that is not there."""
        reports: list[ImportReport] = []
        skipped: list[FolderFile] = []
        for one in chosen:
            name = self._imports.upload(one.upload_id).name
            try:
                report = self._imports.import_rows(one.upload_id, one.mapping)
            except (DatasetError, Conflict) as error:
                skipped.append(FolderFile(name=name, reason=error.message))
                continue
            if not report.kept and set(report.bad) == {"duplicate"}:
                self._imports.take_back(report.id)
                skipped.append(FolderFile(name=name, reason="another file has the same rows"))
            else:
                reports.append(report)
        return FolderImport(reports=tuple(reports), skipped=tuple(skipped))

    def import_all(
        self, files: Sequence[NamedFile], mapping: RowMapping | None = None
    ) -> FolderImport:
        """Looks at the files and imports all that hold rows.

        Raises DatasetError, which names each file's reason, where none does.
        """
        seen = self.look_at(files, mapping)
        chosen = [
            ChosenFile(upload_id=one.preview.upload.id, mapping=one.preview.mapping)
            for one in seen
            if one.preview is not None
        ]
        left = tuple(one for one in seen if one.preview is None)
        if not chosen:
            raise DatasetError(
                "there is no file of rows to import:",
                faults=[f"{one.name}: {one.reason}" for one in left],
            )
        done = self.import_files(chosen)
        return done.model_copy(update={"skipped": (*left, *done.skipped)})

    def _looked_at(
        self, file: NamedFile, mapping: RowMapping | None, named: RowMapping | None
    ) -> FolderFile:
        if file.name in NO_ROWS or not file.name.lower().endswith(ROW_FILES):
            return FolderFile(name=file.name, reason="it is no file of rows")
        try:
            with file.open() as content:
                upload = self._imports.hand_over(file.name, cast(BinaryIO, content))
            preview = self._imports.preview(upload.id, mapping or named)
            if named is not None and mapping is None:
                preview = self._imports.preview(upload.id, _filled(named, preview))
        except (DatasetError, OSError, zipfile.BadZipFile) as error:
            reason = error.message if isinstance(error, DatasetError) else str(error)
            return FolderFile(name=file.name, reason=reason)
        if not preview.mapping.complete:
            names = ", ".join(column.name for column in preview.columns)
            return FolderFile(
                name=file.name,
                reason=f"it is not clear which columns hold question and answer: {names}",
            )
        return FolderFile(name=file.name, preview=preview)


def _filled(named: RowMapping, preview: ImportPreview) -> RowMapping:
    """The columns that are named, and those of chain of thought and labels, of which
    `dataset_info.json` knows nothing."""
    proposed = propose([{column.name: "" for column in preview.columns}])
    return named.model_copy(update={"reasoning": proposed.reasoning, "tags": proposed.tags})


def _mappings(files: Sequence[NamedFile]) -> dict[str, RowMapping]:
    """The columns of each file that `dataset_info.json` names; those that it does not are left to
    their own names."""
    info = next((file for file in files if file.name == INFO), None)
    if info is None:
        return {}
    with info.open() as content:
        text = content.read(_LONGEST_INFO)
    try:
        entries = json.load(io.TextIOWrapper(io.BytesIO(text), "utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return dict(_named(list(entries.values()))) if isinstance(entries, dict) else {}


_LONGEST_INFO = 10_000_000


def _named(entries: list[object]) -> Iterator[tuple[str, RowMapping]]:
    for raw in entries:
        try:
            entry = DatasetEntry.model_validate(raw)
        except ValidationError:
            continue
        columns = entry.columns
        if entry.file_name is None or columns is None or entry.shape != "conversation":
            continue
        if entry.formatting == "alpaca" and columns.response:
            yield (
                entry.file_name,
                RowMapping(
                    instruction=columns.prompt,
                    input=columns.query,
                    output=columns.response,
                    system=columns.system,
                    history=columns.history,
                ),
            )
        elif columns.messages:
            yield entry.file_name, RowMapping(messages=columns.messages, system=columns.system)
