"""Where a recipe's documents are, and what reading one of them may take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.documents import PARSERS, find_documents, parser_of, readable_suffixes
from loresmith.documents.archive import (
    ArchiveLimits,
    Contents,
    Member,
    contents_of,
    is_archive,
)
from loresmith.documents.base import SeenPage
from loresmith.documents.folder import Listing
from loresmith.documents.reading_task import ReadingTask
from loresmith.documents.vision import AnyVision, NoVision, VisionModel
from loresmith.documents.zipped import MOST_EXPANDED
from loresmith.records import Document

if TYPE_CHECKING:
    from loresmith.documents.reading_process import ReadingProcesses


class DocumentFolder(Component):
    """The documents of a project: those in its `documents/`, or where there is none, its own."""

    path: str = Field(default=".", min_length=1)
    """The folder, relative to the project's."""
    max_bytes: int = Field(default=64_000_000, gt=0, json_schema_extra={"unit": "bytes"})
    """Largest file that is read, in bytes."""
    max_expanded_bytes: int = Field(
        default=MOST_EXPANDED, gt=0, json_schema_extra={"unit": "bytes"}
    )
    """Most that a zip archive, an Office file or a book may unpack to, in bytes."""
    max_seconds: float = Field(default=120.0, gt=0, json_schema_extra={"unit": "seconds"})
    """Longest time that reading one file may take, in seconds."""
    max_memory: int = Field(
        default=2_000_000_000, ge=100_000_000, json_schema_extra={"unit": "bytes"}
    )
    """Most memory that reading one file may take, in bytes; not limited on systems that cannot."""
    processes: int | None = Field(default=None, ge=1)
    """How many files are read at once, each in a process of its own; null: one for each core."""

    vision: AnyVision = NoVision()
    """Who reads pages that are pictures without text, as scanned ones are: `none`, or a model that
    sees pictures, named as a teacher is. Pages are sent to it."""

    def listing(self, project: Path) -> Listing:
        """The files to read, and those that are passed over, with reasons; raises DocumentError."""
        return find_documents(project / self.path)

    def contents(self, path: Path, *, name: str) -> Contents | None:
        """What an archive holds; None for a file that is a document itself. Raises DocumentError
        where nothing in an archive can be read."""
        if not is_archive(path):
            return None
        limits = ArchiveLimits(self.max_bytes, self.max_expanded_bytes)
        return contents_of(path, name=name, suffixes=readable_suffixes()[:-1], limits=limits)

    def read(
        self,
        path: Path,
        *,
        name: str,
        member: Member | None = None,
        processes: ReadingProcesses | None = None,
        seen: Sequence[SeenPage] = (),
    ) -> Document:
        """One document; `member` is the file in the archive at `path`. Raises DocumentError.

        `seen` are the texts of pages that have none of their own. Small plain texts are read here;
        all else in a process of its own, within the limits: one of `processes`, if several files
        are read at once.
        """
        task = self.task(path, name=name, member=member, seen=tuple(seen))
        if member is None and is_archive(path):
            self.contents(path, name=name)  # tells what is wrong with it
        if self._is_light(task, path):
            return task.read()
        from loresmith.documents.reading_process import ReadingProcesses

        if processes is not None:
            return processes.read(task)
        with ReadingProcesses() as alone:
            return alone.read(task)

    def task(self, path: Path, *, name: str, member: Member | None, **wanted: Any) -> ReadingTask:
        """What a process is asked to do with a file, within the limits."""
        return ReadingTask(
            path=os.fsencode(path).hex(),
            name=name,
            member=member,
            max_bytes=self.max_bytes,
            max_expanded_bytes=self.max_expanded_bytes,
            max_seconds=self.max_seconds,
            max_memory=self.max_memory,
            **wanted,
        )

    def version(self) -> str:
        """Changes when the same file would begin to give another document."""
        read_as = [(type(p).__name__, p.version) for p in PARSERS]
        if isinstance(self.vision, VisionModel):
            return content_id(*read_as, self.max_bytes, self.vision.model, self.vision.max_pixels)
        return content_id(*read_as, self.max_bytes)

    def files_at_once(self) -> int:
        """How many files are read at a time."""
        from loresmith.devices.threads import available_cores

        return self.processes or available_cores()

    @staticmethod
    def _is_light(task: ReadingTask, path: Path) -> bool:
        """Whether reading the file is so plain and quick that it needs no process of its own."""
        try:
            size = path.stat().st_size
        except OSError:
            return True  # there is nothing to read, as reading it will say
        if task.member is not None or size > max(parser.light_bytes for parser in PARSERS):
            return False
        suffix = Path(task.name).suffix.lower()
        if not any(parser.light_bytes and suffix in parser.suffixes for parser in PARSERS):
            return False
        parser, _ = parser_of(task.content(), name=task.name)
        return size <= parser.light_bytes
