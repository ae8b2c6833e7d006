"""Where a recipe's documents are, and what may be read there."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.documents import PARSERS, find_documents, parse_document
from loresmith.documents.base import Parser
from loresmith.documents.folder import Listing
from loresmith.records import Document


class DocumentFolder(Component):
    """The documents of a project: those in its `documents/`, or where there is none, its own."""

    path: str = Field(default=".", min_length=1)
    """The folder, relative to the project's."""
    max_bytes: int = Field(default=64_000_000, gt=0, json_schema_extra={"unit": "bytes"})
    """Largest file that is read, in bytes."""

    def listing(self, project: Path) -> Listing:
        """The files to read, and those that are passed over, with reasons; raises DocumentError."""
        return find_documents(project / self.path, parsers=self._parsers())

    def read(self, path: Path, *, name: str) -> Document:
        """One document; raises DocumentError."""
        return parse_document(path, name=name, parsers=self._parsers())

    def version(self) -> str:
        """Changes when the same file would begin to give another document."""
        return content_id(*((type(p).__name__, p.version) for p in PARSERS), self.max_bytes)

    def _parsers(self) -> list[Parser]:
        return [parser.model_copy(update={"max_bytes": self.max_bytes}) for parser in PARSERS]
