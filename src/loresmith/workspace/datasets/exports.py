"""A version of the dataset as a file or folder for other tools, streamed, with a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from loresmith.component import validated
from loresmith.datasets.choosing import PerSubject
from loresmith.datasets.exporting import (
    MEDIA_TYPES,
    AnyExportForm,
    FileKind,
    LlamaFactoryFolder,
    NamedPieces,
    RowShape,
    folder_files,
    written,
    zipped,
)
from loresmith.datasets.writing import write_files
from loresmith.errors import Conflict, ExportError
from loresmith.json_files import read_object
from loresmith.records import Record, SplitName
from loresmith.whole_files import whole_file, whole_folder
from loresmith.workspace.context import Context
from loresmith.workspace.datasets.exported_rows import ExportedRows
from loresmith.workspace.datasets.versions import DatasetVersion


class ExportSettings(Record):
    """What of a version goes into the file, and how."""

    form: AnyExportForm = LlamaFactoryFolder()
    """`llamafactory`: a folder to train on as it stands; `alpaca`, `sharegpt`; `openai`: messages a
    line; `dpo`, `kto`: what people edited and confirmed; `text`: to pre-train on;
    `multilingual-thinking`: the chain of thought apart; `jsonl`, `parquet`: rows with provenance;
    `csv`: for spreadsheets; `custom`: fields of your choice."""
    file: FileKind | None = None
    """`json`, `jsonl`, `csv` or `parquet`; null: as the form has it."""
    folder: bool = False
    """A folder (or a zip of it) with the file, a card and what LLaMA Factory has to know of it."""
    split: SplitName | None = "train"
    """Rows to train on, to validate on, or (null) both; a folder keeps them apart."""
    confirmed_only: bool = False
    """Only rows that a person has confirmed or edited. Without, these are there and the others."""
    min_stars: int = Field(default=0, ge=0, le=5)
    """Only rows that a person gave at least so many stars; 0 takes those without any as well."""
    subjects: tuple[str, ...] = Field(default=(), max_length=200)
    """Only rows about these subjects of the domain tree, such as `Cargo / Fish`; a wider one
    stands for all below it."""
    per_subject: PerSubject = None
    """At most so many rows of each subject, or `evenly`: as many as the subject with the fewest
    has; null: all. What is left out is counted."""
    rows: tuple[str, ...] = ()
    """Only these: ids of rows, or of the facts, wordings and imported rows that they are made
    of; empty: all."""
    language: str | None = Field(default=None, max_length=20)
    """Only rows in this language, such as `zh`."""
    document: str | None = Field(default=None, max_length=500)
    """Only rows of this document or imported file."""
    search: str = Field(default="", max_length=500)
    """Only rows with this in their text."""
    reasoning: bool = True
    """With the chain of thought of answers that have one, as `<think>...</think>`."""
    system_prompt: str | None = Field(default=None, max_length=20_000)
    """Null: system prompts as the rows have them; empty: none; a text: for rows without one."""

    @property
    def is_folder(self) -> bool:
        """Whether it is more than one file."""
        return self.folder or len(self.form.parts) > 1

    @property
    def ending(self) -> str:
        """How the name of the file ends, without the dot."""
        return "zip" if self.is_folder else self.file or self.form.file


def export_settings_of(form: str, fields: Sequence[str] = (), **settings: Any) -> ExportSettings:
    """The settings in plain words, as addresses and command lines have them.

    `fields` are those of `custom`, such as `instruction=question`. Raises RecipeError.
    """
    chosen: dict[str, Any] = {"type": form}
    if fields:
        lines = [one.strip() for field in fields for one in field.replace(",", "\n").splitlines()]
        parted = [line.partition("=") for line in lines if line]
        chosen["fields"] = {name.strip(): (value or name).strip() for name, _, value in parted}
    return validated(ExportSettings, {"form": chosen, **settings}, source="the export")


class ExportedFile(NamedTuple):
    """A file that is made while it is read."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


class ExportPreview(Record):
    """How the file begins."""

    name: str
    rows: int
    """How many rows the whole file has."""
    text: str
    """The first lines; of a folder, those of its first file; of Parquet, its rows as JSON."""
    complete: bool
    """Whether that is all of it."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Rows that the choice by subject leaves out, by reason."""


class WrittenExport(Record):
    """What was written."""

    path: str
    version: int
    rows: int
    """Of each file that has all of them."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Rows that the choice by subject left out, by reason."""


def exported(
    context: Context, version: DatasetVersion, wanted: ExportSettings, *, project: str
) -> ExportedFile:
    """The file; nothing of it is made before it is read."""
    rows, file = ExportedRows(context, version.id, wanted), wanted.file or wanted.form.file
    if wanted.is_folder:
        pieces = zipped(_files(rows, version, wanted, project))
    else:
        made = (one for row in rows.of(wanted.split) for one in wanted.form.rows(row))
        pieces = written(made, file, wanted.form.columns)
    named = [f"{project}-v{version.number}", wanted.form.type]
    if named[-1] == wanted.ending:
        named.pop()
    name = "-".join(named)
    return ExportedFile(f"{name}.{wanted.ending}", MEDIA_TYPES[wanted.ending], pieces)


def preview(
    context: Context,
    version: DatasetVersion,
    wanted: ExportSettings,
    *,
    project: str,
    lines: int = 40,
) -> ExportPreview:
    """The first `lines` lines of the file and how many rows it will have."""
    rows, file = ExportedRows(context, version.id, wanted), wanted.file or wanted.form.file
    made = (one for row in rows.of(wanted.split) for one in wanted.form.rows(row))
    text, count = "", 0
    shown_as: FileKind = "jsonl" if file == "parquet" else file
    for piece in written(made, shown_as, wanted.form.columns):
        text += piece.decode("utf-8-sig")
        count = text.count("\n")
        if count > lines or len(text) > _MOST_CHARACTERS:
            break
    shown = "".join(text.splitlines(keepends=True)[:lines])[:_MOST_CHARACTERS]
    return ExportPreview(
        name=exported(context, version, wanted, project=project).name,
        rows=_count(rows, version, wanted),
        text=shown,
        complete=shown == text and count <= lines,
        left_out=rows.left_out(wanted.split),
    )


def write_file(file: ExportedFile, path: Path) -> None:
    """Writes the file to `path`, whole or not at all. Raises ExportError."""
    try:
        with whole_file(path) as stream:
            for piece in file.pieces:
                stream.write(piece)
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_out(
    context: Context, version: DatasetVersion, wanted: ExportSettings, path: Path, *, project: str
) -> WrittenExport:
    """Writes a file, where `path` ends as one of that kind does, else a folder; whole or not.

    Raises ExportError, also where no row fits, and Conflict for a folder of something else.
    """
    ending = path.suffix.lower().lstrip(".")
    if ending in MEDIA_TYPES:
        changed = {"folder": True} if ending == "zip" else {"file": ending}
        wanted = ExportSettings.model_validate({**dict(wanted), **changed})
    if wanted.ending == "zip" != ending and ending in MEDIA_TYPES:
        raise ExportError(
            f"{wanted.form.type} is more than one file, and {path.name} is one",
            hint="Name a folder or a .zip, or another form, such as alpaca.",
        )
    rows = ExportedRows(context, version.id, wanted)
    count = _count(rows, version, wanted)
    if not count:
        raise ExportError(
            f"no row of version {version.number} fits this choice",
            hint=_WHY_NONE[wanted.form.shape],
        )
    if ending in MEDIA_TYPES:
        write_file(exported(context, version, wanted, project=project), path)
    else:
        _write_folder(_files(rows, version, wanted, project), path)
    left_out = rows.left_out(wanted.split)
    return WrittenExport(path=str(path), version=version.number, rows=count, left_out=left_out)


def _write_folder(files: Iterator[NamedPieces], path: Path) -> None:
    if path.exists() and not _is_export(path):
        raise Conflict(
            f"{path} is there already and is no export", hint="Name a folder that is not there yet."
        )
    try:
        with whole_folder(path) as fresh:
            write_files(files, fresh)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _files(
    rows: ExportedRows, version: DatasetVersion, wanted: ExportSettings, project: str
) -> Iterator[NamedPieces]:
    splits: tuple[SplitName, ...] = (wanted.split,) if wanted.split else ("train", "validation")
    asked = wanted.model_dump(mode="json", exclude_defaults=True)
    notes: dict[str, Any] = {"dataset": version.id, "version": version.number, **asked}
    notes |= {"form": wanted.form.type, "split": wanted.split or "all"}
    if wanted.rows:
        notes["rows"] = len(wanted.rows)
    if left_out := rows.left_out(wanted.split):
        notes["left_out"] = left_out
    told = json.dumps(notes, ensure_ascii=False, indent=2) + "\n"
    yield NamedPieces(_NOTES, iter([told.encode()]))
    yield from folder_files(
        rows.of, wanted.form, file=wanted.file, project=project, splits=splits, notes=notes
    )


def _is_export(path: Path) -> bool:
    """Whether there is nothing in the folder, or what this program put there."""
    if not path.is_dir():
        return False
    return not any(path.iterdir()) or "dataset" in read_object(path / _NOTES)


def _cannot_write(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"{path} cannot be written: {error.strerror}",
        hint="check the free space and the rights of the folder, then run again",
    )


_NOTES = "export.json"
_MOST_CHARACTERS = 20_000
_REVIEW = "For this form, a person edits or confirms rows on the page Review of `loresmith studio`."
_WHY_NONE: dict[RowShape, str] = {
    "preference": _REVIEW,
    "feedback": _REVIEW,
    "conversation": "Ask for fewer things of the rows.",
    "text": "Ask for fewer things of the rows.",
}


def _count(rows: ExportedRows, version: DatasetVersion, wanted: ExportSettings) -> int:
    choosing = (wanted.confirmed_only, wanted.rows, wanted.language, wanted.document, wanted.search)
    marked = (wanted.min_stars, wanted.subjects, wanted.per_subject)
    if any(choosing) or any(marked) or wanted.form.shape in ("preference", "feedback"):
        return rows.count(wanted.split)
    counts = {"train": version.rows, "validation": version.validation_rows}
    return counts[wanted.split] if wanted.split else sum(counts.values())
