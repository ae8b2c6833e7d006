"""A version of the dataset as a file for other tools, streamed, with a preview of how it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from loresmith.component import content_id
from loresmith.datasets.build import imported_example
from loresmith.datasets.exporting import (
    ExportForm,
    encoded,
    file_suffix,
    media_type,
    packed,
    with_system_prompt,
)
from loresmith.errors import ExportError
from loresmith.records import Example, Record, SplitName, Wording, WrittenRow
from loresmith.whole_files import whole_file
from loresmith.workspace.context import Context
from loresmith.workspace.datasets.versions import DatasetVersion
from loresmith.workspace.frozen_rows import FrozenRows, RowFilter, frozen_rows
from loresmith.workspace.imported_rows import reviewed_rows
from loresmith.workspace.reviews import reviews


class ExportSettings(Record):
    """What of a version goes into the file, and how."""

    form: ExportForm = "llamafactory"
    """`llamafactory`: a zip to train on as it stands; `alpaca`, `sharegpt`: JSON; `openai`,
    `jsonl` (with provenance): a row a line; `csv`."""
    split: SplitName | None = "train"
    """Rows to train on, to validate on, or (null) both; a LLaMA Factory zip keeps them apart."""
    confirmed_only: bool = False
    """Only rows that a person has confirmed or edited."""
    system_prompt: str | None = Field(default=None, max_length=20_000)
    """Null: system prompts as the rows have them; empty: none; a text: for rows without one."""


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
    """The first lines; of a LLaMA Factory zip, those of its alpaca.json or validation twin."""
    complete: bool
    """Whether that is all of it."""


def exported(
    context: Context, version: DatasetVersion, wanted: ExportSettings, *, project: str
) -> ExportedFile:
    """The file; nothing of it is made before it is read."""
    rows = partial(_rows, context, version, wanted)
    if wanted.form == "llamafactory":
        splits: tuple[SplitName, ...] = (wanted.split,) if wanted.split else ("train", "validation")
        notes = {"dataset": version.id, "version": version.number, **_plain(wanted)}
        pieces = packed(rows, project=project, splits=splits, notes=notes)
    else:
        pieces = encoded(rows(wanted.split), wanted.form)
    ending = file_suffix(wanted.form)
    form = "" if ending == f".{wanted.form}" else f"-{wanted.form}"
    return ExportedFile(
        f"{project}-v{version.number}{form}{ending}",
        media_type(wanted.form),
        pieces,
    )


def preview(
    context: Context,
    version: DatasetVersion,
    wanted: ExportSettings,
    *,
    project: str,
    lines: int = 40,
) -> ExportPreview:
    """The first `lines` lines of the file and how many rows it will have."""
    rows = partial(_rows, context, version, wanted)
    form: ExportForm = "alpaca" if wanted.form == "llamafactory" else wanted.form
    text, count = "", 0
    for piece in encoded(rows(wanted.split), form):
        text += piece.decode("utf-8-sig")
        count = text.count("\n")
        if count > lines or len(text) > _MOST_CHARACTERS:
            break
    shown = "".join(text.splitlines(keepends=True)[:lines])[:_MOST_CHARACTERS]
    return ExportPreview(
        name=exported(context, version, wanted, project=project).name,
        rows=_count(context, version, wanted),
        text=shown,
        complete=shown == text and count <= lines,
    )


def write_file(file: ExportedFile, path: Path) -> None:
    """Writes the file to `path`, whole or not at all. Raises ExportError."""
    try:
        with whole_file(path) as stream:
            for piece in file.pieces:
                stream.write(piece)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror}",
            hint="check the free space and the rights of the folder, then run again",
        ) from error


_MOST_CHARACTERS = 20_000


def _rows(
    context: Context, version: DatasetVersion, wanted: ExportSettings, split: SplitName | None
) -> Iterator[Example]:
    frozen = frozen_rows(context, version.id)
    is_confirmed = _confirmed(context) if wanted.confirmed_only else None
    for example in _of_split(frozen, split):
        if is_confirmed is None or is_confirmed(example):
            yield with_system_prompt(example, wanted.system_prompt)


def _of_split(frozen: FrozenRows, split: SplitName | None) -> Iterable[Example]:
    needles = RowFilter(split=split).needles
    for line in frozen.lines():
        if all(needle in line for needle in needles):
            yield Example.model_validate_json(line)


def _count(context: Context, version: DatasetVersion, wanted: ExportSettings) -> int:
    if wanted.confirmed_only:
        return sum(1 for _ in _rows(context, version, wanted, wanted.split))
    counts = {"train": version.rows, "validation": version.validation_rows}
    return counts[wanted.split] if wanted.split else sum(counts.values())


def _confirmed(context: Context) -> Callable[[Example], bool]:
    """Whether a person has confirmed or edited the row.

    A row of a dataset does not name its wording, but its id is made of the wording's: so each
    confirmed wording of its fact is tried.
    """
    said = reviews(context)
    fine = {row for row, review in said.items() if review.verdict in ("confirmed", "edited")}
    wordings: dict[str | None, list[str]] = {}
    for wording in context.store.get(Wording, sorted(fine)):
        wordings.setdefault(wording.fact_id, []).append(wording.id)
    imported = {
        imported_example(row).id
        for row in (reviewed_rows(context) if fine else ())
        if row.id in fine
    }

    talks: dict[str, list[str]] = {}
    for row in context.store.get(WrittenRow, sorted(fine)):
        talks.setdefault(row.kind, []).append(row.id)

    def is_confirmed(example: Example) -> bool:
        if example.id in imported:
            return True
        plain = [message.model_dump() for message in example.messages]
        fact = example.provenance.fact_id
        candidates = [*([fact] if fact in fine else []), *wordings.get(fact, ())]
        candidates += talks.get(example.provenance.kind, [])
        return any(content_id("example", one, plain) == example.id for one in candidates)

    return is_confirmed


def _plain(wanted: ExportSettings) -> dict[str, object]:
    return wanted.model_dump(mode="json", exclude={"form"})
