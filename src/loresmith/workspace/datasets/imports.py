"""Takes rows out of somebody's file into a project, and back out again."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from loresmith.component import content_id
from loresmith.datasets.formats import RowFault
from loresmith.datasets.mapping import RowMapping, other_rows, propose
from loresmith.datasets.opening import OpenedRows, open_rows
from loresmith.datasets.row_file import RawRow, Unreadable
from loresmith.errors import Conflict, DatasetError, NotFound
from loresmith.records import ImportedRow, Message, Outcome
from loresmith.text.language import language_of
from loresmith.whole_files import whole_file, write_whole
from loresmith.workspace.context import Context
from loresmith.workspace.datasets.import_report import (
    BadRow,
    Column,
    ImportPreview,
    ImportReport,
    PreviewedRow,
    Upload,
)
from loresmith.workspace.datasets.uploads import Uploads
from loresmith.workspace.imported_rows import (
    IMPORT,
    TAKEN_BACK,
    imported_rows,
    live_imports,
)
from loresmith.workspace.workspace import Workspace


class Imports:
    """The imports of a project. A file is handed over, looked at, and then imported.

    Imported rows stay in the store when an import is taken back; they only no longer count.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._uploads = Uploads(workspace.project.state / "uploads")
        self._reports = workspace.project.state / "imports"

    def hand_over(self, name: str, content: BinaryIO) -> Upload:
        """Keeps a copy of a file for a day. Raises DatasetError."""
        return self._uploads.add(name, content)

    def upload(self, upload_id: str) -> Upload:
        """One that was handed over; raises NotFound."""
        return self._uploads.get(upload_id)[0]

    def preview(self, upload_id: str, mapping: RowMapping | None = None) -> ImportPreview:
        """How the first rows are understood, with the mapping proposed or with this one.

        Raises NotFound, and DatasetError for a file that is none of rows, or of rows that belong
        to another stage of training.
        """
        upload, path = self._uploads.get(upload_id)
        file = open_rows(path, name=upload.name)
        rows = list(islice(file.rows(), _LOOKED_AT))
        columns = _columns(rows)
        if mapping is None:
            objects = [row.value for row in rows if isinstance(row.value, dict)]
            _refuse_other_rows(objects, upload.name)
            mapping = propose(objects)
        return ImportPreview(
            upload=upload,
            form=file.form,
            encoding=file.encoding,
            columns=columns,
            mapping=mapping,
            unused=_unused(columns, mapping),
            rows=tuple(_previewed(row, mapping) for row in rows[:_PREVIEWED]),
        )

    def import_rows(self, upload_id: str, mapping: RowMapping | None = None) -> ImportReport:
        """Takes the good rows and reports the bad ones. The next version has them.

        Raises NotFound; DatasetError for a file that is none of rows, or whose columns nobody
        has said the meaning of; Conflict where the file is imported already.
        """
        seen = self.preview(upload_id, mapping)
        if not seen.mapping.complete:
            raise DatasetError(
                f"it is not clear which columns of {seen.upload.name} hold question and answer: "
                + ", ".join(column.name for column in seen.columns),
                hint="name the column of the answer and that of the question, or of the messages",
            )
        _, path = self._uploads.get(upload_id)
        with self._workspace.opened() as context:
            import_id = content_id("import", upload_id, seen.mapping.model_dump(mode="json"))
            if import_id in live_imports(context):
                raise Conflict(
                    f"{seen.upload.name} is imported already", hint="Take that import back first."
                )
            reading = _Reading(open_rows(path, name=seen.upload.name), seen.mapping)
            made = reading.store(context, self._reports / import_id)
            report = reading.report(import_id, seen)
            write_whole(self._reports / import_id / "report.json", report.model_dump_json())
            if made:
                made_of_it = Outcome(
                    id=import_id, step=IMPORT, subject=report.name, made=tuple(made)
                )
                context.store.put(made_of_it)
        self._uploads.forget(upload_id)
        return report

    def all(self) -> tuple[ImportReport, ...]:
        """The imports, the newest first, with those that were taken back or brought no row."""
        with self._workspace.opened() as context:
            live = frozenset(live_imports(context))
        reports = [
            ImportReport.model_validate_json(path.read_bytes())
            for path in self._reports.glob("*/report.json")
        ]
        reports.sort(key=lambda report: (report.at, report.id), reverse=True)
        return tuple(one.model_copy(update={"counts": one.id in live}) for one in reports)

    def one(self, import_id: str) -> ImportReport:
        """One import; raises NotFound."""
        found = next((report for report in self.all() if report.id == import_id), None)
        if found is None:
            raise NotFound("there is no such import")
        return found

    def bad_rows(self, import_id: str, *, start: int = 0, limit: int = 100) -> list[BadRow]:
        """Some of the rows that an import did not take, in the file's order; raises NotFound."""
        self.one(import_id)
        with (self._reports / import_id / _BAD_ROWS).open("rb") as stream:
            lines = islice(stream, start, start + limit)
            return [BadRow.model_validate_json(line) for line in lines]

    def take_back(self, import_id: str) -> ImportReport:
        """Its rows no longer go into the next version; versions that are there stay as they are.

        Raises NotFound.
        """
        report = self.one(import_id)
        with self._workspace.opened() as context:
            done = context.store.one(Outcome, import_id)
            if done is None:  # it brought no row: only its report is there
                shutil.rmtree(self._reports / import_id)
            else:
                failure = f"taken back at {_now()}"
                context.store.put(done.model_copy(update={"step": TAKEN_BACK, "failure": failure}))
        return report.model_copy(update={"counts": False})


_LOOKED_AT = 50
_PREVIEWED = 8
_CELLS_SHOWN = 3
_AT_ONCE = 1000
_SHOWN = 200
_BAD_ROWS = "bad_rows.jsonl"


class _Reading:
    """One pass over a file: counts what it meets."""

    def __init__(self, file: OpenedRows, mapping: RowMapping) -> None:
        self._file = file
        self._mapping = mapping
        self._read = 0
        self._kept = 0
        self._bad: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()

    def store(self, context: Context, folder: Path) -> list[str]:
        """Stores the good rows, writes the bad ones to `folder`; returns the ids of the good."""
        folder.mkdir(parents=True, exist_ok=True)
        made: list[str] = []
        with whole_file(folder / _BAD_ROWS) as bad:
            waiting: list[ImportedRow] = []
            for row in self._rows(_known(context)):
                if isinstance(row, BadRow):
                    bad.write(row.model_dump_json().encode() + b"\n")
                    continue
                waiting.append(row)
                made.append(row.id)
                if len(waiting) == _AT_ONCE:
                    context.add(waiting)
                    waiting = []
            context.add(waiting)
        self._kept = len(made)
        return made

    def report(self, import_id: str, seen: ImportPreview) -> ImportReport:
        return ImportReport(
            id=import_id,
            name=seen.upload.name,
            at=_now(),
            form=seen.form,
            encoding=seen.encoding,
            mapping=seen.mapping,
            unused=seen.unused,
            read=self._read,
            kept=self._kept,
            bad=dict(self._bad.most_common()),
            languages=dict(self._languages.most_common()),
            counts=self._kept > 0,
        )

    def _rows(self, known: dict[bytes, str]) -> Iterator[ImportedRow | BadRow]:
        for raw in self._file.rows():
            self._read += 1
            try:
                row = self._row(raw, known)
            except RowFault as fault:
                self._bad[fault.reason] += 1
                yield BadRow(
                    number=raw.number,
                    reason=fault.reason,
                    detail=fault.detail,
                    text=_shown(raw.value, _SHOWN),
                )
            else:
                self._languages[row.language] += 1
                yield row

    def _row(self, raw: RawRow, known: dict[bytes, str]) -> ImportedRow:
        messages = self._mapping.conversation(raw.value)
        tags = self._mapping.tags_of(raw.value)
        key = _same(messages)
        if key in known:
            raise RowFault("duplicate", f"the same as {known[key]}")
        known[key] = f"row {raw.number}"
        plain = [[message.role, message.content] for message in messages]
        return ImportedRow(
            id=content_id("imported row", self._file.name, raw.number, plain),
            messages=messages,
            language=language_of(messages[-1].content),
            source=self._file.name,
            number=raw.number,
            tags=tags,
        )


def _refuse_other_rows(rows: list[dict[str, Any]], name: str) -> None:
    """Raises DatasetError: what a project's rows ask for, such rows do not say."""
    other = other_rows(rows)
    if other is not None:
        raise DatasetError(
            f"{name} holds {other.detail}, and a project takes questions with answers",
            hint=f"Train on the file itself: loresmith train {name} --output DIR "
            f"--set training.stage.type={other.stage}",
        )


def _known(context: Context) -> dict[bytes, str]:
    """The imported rows that count, by a hash of what they say."""
    return {
        _same(row.messages): f"row {row.number} of {row.source}" for row in imported_rows(context)
    }


def _same(messages: tuple[Message, ...]) -> bytes:
    return bytes.fromhex(content_id([[one.role, one.content] for one in messages]))


def _columns(rows: list[RawRow]) -> tuple[Column, ...]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if isinstance(row.value, dict):
            for name, value in row.value.items():
                samples = found.setdefault(name, [])
                if len(samples) < 3:
                    samples.append(_shown(value, 80))
    return tuple(Column(name=name, samples=tuple(samples)) for name, samples in found.items())


def _unused(columns: tuple[Column, ...], mapping: RowMapping) -> tuple[str, ...]:
    return tuple(column.name for column in columns if column.name not in mapping.columns)


def _previewed(row: RawRow, mapping: RowMapping) -> PreviewedRow:
    try:
        messages = mapping.conversation(row.value) if mapping.complete else ()
    except RowFault as fault:
        return PreviewedRow(number=row.number, reason=fault.reason, detail=fault.detail)
    cells = {}
    if not mapping.complete and isinstance(row.value, dict):
        first = islice(row.value.items(), _CELLS_SHOWN)
        cells = {str(name): _shown(value, 200) for name, value in first}
    return PreviewedRow(number=row.number, messages=messages, cells=cells)


def _shown(value: Any, most: int) -> str:
    """The beginning of a value as a person reads it."""
    if isinstance(value, Unreadable):
        text = value.text
    else:
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")
