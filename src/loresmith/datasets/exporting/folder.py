"""A version as a folder: files of rows, what LLaMA Factory has to know of them, and a card."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.card import CardFile, Tally, dataset_card
from loresmith.datasets.exporting.file_kinds import FileKind, Sink, written
from loresmith.datasets.formats import DatasetFormat
from loresmith.datasets.other_files import WrittenFile, encoded_other
from loresmith.records import SplitName


class NamedPieces(NamedTuple):
    """A file of the folder; it has to be read to its end before the next one."""

    name: str
    pieces: Iterator[bytes]


def folder_files(
    rows: Callable[[SplitName], Iterable[SourcedRow]],
    form: ExportForm,
    *,
    file: FileKind | None = None,
    project: str,
    splits: Iterable[SplitName],
    notes: dict[str, Any],
    others: Sequence[WrittenFile] = (),
) -> Iterator[NamedPieces]:
    """The files in order; `rows(split)` is read once a file, and a split without rows has none.

    Each is of the kind `file`, or of its form's own. The card has `notes`, which say of which
    version it is and what was asked for; `others` are files for other stages. The same rows and
    settings give the same bytes.
    """
    entries: dict[str, Any] = {}
    files: list[CardFile] = []
    tally = Tally()
    for split in splits:
        if next(iter(rows(split)), None) is None:
            continue
        for part in form.parts:
            kind = file or part.file
            name = f"{part.stem}{'' if split == 'train' else '_validation'}.{kind}"
            seen = tally.watch(rows(split)) if part is form.parts[0] else rows(split)
            histories = _Histories()
            made = histories.watch(one for row in seen for one in part.rows(row))
            yield NamedPieces(name, written(made, kind, part.columns))
            files.append(CardFile(part.type, split, name, part.columns))
            if part.layout is not None and not _is_lost(part, kind):
                title = dataset_name(project, part, validation=split == "validation")
                entries[title] = _entry(name, part.layout, earlier_turns=histories.seen)
    for other in others:
        yield NamedPieces(other.name, written(map(encoded_other, other.rows), "json", ()))
        entries[_named(project, other.title)] = other.entry
        files.append(CardFile(other.kind, other.split, other.name, other.columns))
    if entries:
        # LLaMA Factory opens this file in the machine's own encoding: so nothing beyond ASCII.
        text = json.dumps(entries, indent=2) + "\n"
        yield NamedPieces("dataset_info.json", iter([text.encode()]))
    card = dataset_card(tally, files, title=project, notes=notes)
    yield NamedPieces("README.md", iter([card.encode()]))


def dataset_name(
    project: str, form: ExportForm | DatasetFormat, *, validation: bool = False
) -> str:
    """The name to give LLaMA Factory as `dataset:`, which parts several at commas."""
    suffix = " Validation" if validation else ""
    return _named(project, f"{form.title}{suffix}")


def _named(project: str, title: str) -> str:
    return f"[Loresmith] [{project.replace(',', ' ')}] {title}"


def zipped(files: Iterable[NamedPieces]) -> Iterator[bytes]:
    """The files as one zip, piece by piece, dated as zip begins: equal files give equal bytes."""
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            about = zipfile.ZipInfo(file.name, date_time=(1980, 1, 1, 0, 0, 0))
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            with archive.open(about, "w", force_zip64=True) as entry:
                for piece in file.pieces:
                    entry.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


def _is_lost(part: ExportForm, kind: FileKind) -> bool:
    """Whether turns are text in a cell, of which LLaMA Factory makes none."""
    turns = any(column.kind in ("turns", "thoughts") for column in part.columns)
    return kind == "csv" and turns


def _entry(name: str, layout: dict[str, Any], *, earlier_turns: bool) -> dict[str, Any]:
    entry = {"file_name": name, **layout}
    if earlier_turns:
        entry["columns"] = {**entry["columns"], "history": "history"}
    return entry


class _Histories:
    """Notes whether any row that goes by has earlier turns."""

    def __init__(self) -> None:
        self.seen = False

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.seen = self.seen or bool(row.get("history"))
            yield row
