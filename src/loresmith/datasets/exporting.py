"""Writes the rows of a dataset as a file of a known form, row by row: no file is held in memory.

The same rows and settings give the same bytes. The files of the LLaMA Factory folder are those of
`write_dataset`, packed.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from loresmith.datasets.csv_cells import inert_cell
from loresmith.datasets.formats import AlpacaFormat, DatasetFormat, ShareGPTFormat
from loresmith.datasets.writing import FILES, dataset_name, json_list
from loresmith.records import Example, Message, SplitName

ExportForm = Literal["llamafactory", "alpaca", "sharegpt", "openai", "jsonl", "csv"]
EXPORT_FORMS: tuple[ExportForm, ...] = (
    *("llamafactory", "alpaca", "sharegpt"),
    *("openai", "jsonl", "csv"),
)

_SUFFIX: dict[ExportForm, str] = {
    "llamafactory": ".zip",
    "alpaca": ".json",
    "sharegpt": ".json",
    "openai": ".jsonl",
    "jsonl": ".jsonl",
    "csv": ".csv",
}
_MEDIA_TYPE = {
    ".zip": "application/zip",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv; charset=utf-8",
}


def file_suffix(form: ExportForm) -> str:
    """How the name of a file of this form ends."""
    return _SUFFIX[form]


def media_type(form: ExportForm) -> str:
    """The media type to serve a file of this form with."""
    return _MEDIA_TYPE[_SUFFIX[form]]


def encoded(examples: Iterable[Example], form: ExportForm) -> Iterator[bytes]:
    """The file piece by piece, in UTF-8; of `llamafactory`, its rows as alpaca.json has them."""
    if form == "csv":
        return _csv(examples)
    if form == "openai":
        return _lines(map(ShareGPTFormat().encode, examples))
    if form == "jsonl":
        return _lines(_with_provenance(example) for example in examples)
    coder: DatasetFormat = ShareGPTFormat() if form == "sharegpt" else AlpacaFormat()
    return json_list(coder.encode(example) for example in examples)


def packed(
    rows: Callable[[SplitName], Iterable[Example]],
    *,
    project: str,
    splits: Iterable[SplitName],
    notes: dict[str, Any],
) -> Iterator[bytes]:
    """A zip with which LLaMA Factory trains as it stands: `rows(split)` is read once a file.

    `notes` becomes export.json, which says what was asked for. A split without rows has no file.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        entries: dict[str, Any] = {}
        for split in splits:
            if next(iter(rows(split)), None) is None:
                continue
            for form, stem in FILES:
                name = f"{stem}.json" if split == "train" else f"{stem}_validation.json"
                histories = _Histories()
                pieces = json_list(histories.watch(form.encode(e) for e in rows(split)))
                yield from _entry(archive, sink, name, pieces)
                entry = form.entry(name)
                if histories.seen:
                    entry["columns"]["history"] = "history"
                title = dataset_name(project, form, validation=split == "validation")
                entries[title] = entry
        # LLaMA Factory opens this file in the machine's own encoding: so nothing beyond ASCII.
        info = json.dumps(entries, indent=2) + "\n"
        yield from _entry(archive, sink, "dataset_info.json", [info.encode()])
        told = json.dumps(notes, ensure_ascii=False, indent=2) + "\n"
        yield from _entry(archive, sink, "export.json", [told.encode()])
    yield sink.taken()


def with_system_prompt(example: Example, prompt: str | None) -> Example:
    """`example` as it is (None), without its system message (""), or with `prompt` where it has
    none of its own."""
    if prompt is None:
        return example
    own = example.messages[0].role == "system"
    if own and not prompt:
        return example.model_copy(update={"messages": example.messages[1:]})
    if own or not prompt:
        return example
    system = Message(role="system", content=prompt)
    return example.model_copy(update={"messages": (system, *example.messages)})


def _lines(rows: Iterable[Any]) -> Iterator[bytes]:
    for row in rows:
        yield (json.dumps(row, ensure_ascii=False) + "\n").encode()


def _with_provenance(example: Example) -> dict[str, Any]:
    """The conversation, and where it came from."""
    provenance = example.provenance
    return {
        "id": example.id,
        "messages": [message.model_dump() for message in example.messages],
        "split": example.split,
        "language": example.language,
        "document": provenance.document,
        "kind": provenance.kind,
        "fact_id": provenance.fact_id,
    }


def _csv(examples: Iterable[Example]) -> Iterator[bytes]:
    """With a mark by which Excel knows UTF-8; earlier turns are JSON in the column `history`."""
    columns = ("instruction", "input", "output", "system", "history")
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")

    def written(cells: Iterable[str]) -> bytes:
        writer.writerow([inert_cell(cell) for cell in cells])
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text.encode()

    alpaca = AlpacaFormat()
    yield b"\xef\xbb\xbf" + written(columns)
    for example in examples:
        row = alpaca.encode(example)
        history = row.get("history")
        row["history"] = json.dumps(history, ensure_ascii=False) if history else ""
        yield written(str(row[column]) for column in columns)


class _Histories:
    """Notes whether any row that goes by has earlier turns."""

    def __init__(self) -> None:
        self.seen = False

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.seen = self.seen or "history" in row
            yield row


class _Sink(io.RawIOBase):
    """Takes what the archive writes until it is sent on; cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _entry(
    archive: zipfile.ZipFile, sink: _Sink, name: str, pieces: Iterable[bytes]
) -> Iterator[bytes]:
    """One file of the archive, dated as zip begins, so that equal content gives equal bytes."""
    about = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    about.compress_type = zipfile.ZIP_DEFLATED
    about.external_attr = 0o644 << 16
    with archive.open(about, "w", force_zip64=True) as entry:
        for piece in pieces:
            entry.write(piece)
            yield sink.taken()
    yield sink.taken()
