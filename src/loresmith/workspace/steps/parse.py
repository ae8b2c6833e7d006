"""Reads every file of the documents folder into a Document; one bad file stops no other.

Where a person has corrected a document's text, the corrected text is what is worked with, as long
as the file is the one that the correction was made to.
"""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.documents.revised import revised
from loresmith.errors import DocumentError
from loresmith.records import Document, DocumentRevision, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.imported_rows import live_imports
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.revisions import current_revision_id


class Source(NamedTuple):
    """A file to read. `key` changes with its name, its content, its correction and the parsers."""

    path: Path
    name: str
    key: str
    sha256: str
    """Of the file's content."""
    revision: str = ""
    """The correction that holds; empty where the file is read as it stands."""


class Parse(Step):
    """Documents folder -> documents."""

    name = "parse"

    def state(self, context: Context) -> StepState:
        found = sources(context)
        outcomes = [context.store.one(Outcome, source.key) for source in found]
        failures = tuple(
            Failure(self.name, source.name, outcome.failure)
            for source, outcome in zip(found, outcomes, strict=True)
            if outcome is not None and outcome.failure
        )
        done = sum(outcome is not None and not outcome.failure for outcome in outcomes)
        return StepState(done, len(found), failures)

    def run(self, context: Context) -> None:
        found = sources(context)
        for number, source in enumerate(found):
            context.tell(self.name, number, len(found), source.name)
            parse_source(context, source)
        context.tell(self.name, len(found), len(found))
        if found and not documents(context):
            reasons = "\n".join(f"  {one.reason}" for one in self.state(context).failures)
            raise DocumentError(f"none of the documents can be read:\n{reasons}")


@remembered
def sources(context: Context) -> list[Source]:
    """The files of today's documents folder, by name.

    Raises DocumentError where there are none, unless imported rows, or rows of a kind that needs no
    document, can be trained on without.
    """
    settings = context.recipe.documents
    listing = settings.listing(context.project.folder)
    if not (listing.found or context.recipe.generation.needs_no_document or live_imports(context)):
        raise DocumentError(
            f"there is no document to read in {listing.folder}",
            hint="Put files (txt, md, html, docx, pdf) into it."
            + "".join(f"\n{item.path.name}: {item.reason}" for item in listing.ignored[:10]),
        )
    return [source_of(context, path, listing.name_of(path)) for path in listing.found]


def source_of(context: Context, path: Path, name: str) -> Source:
    """The file at `path` as the document called `name`."""
    sha256 = _content(path)
    revision = current_revision_id(context, name, sha256)
    return Source(path, name, key_of(context, name, sha256, revision), sha256, revision)


def key_of(context: Context, name: str, sha256: str, revision: str) -> str:
    """Where the outcome of reading a file is kept; with `revision` empty, of the file alone."""
    parts = ["parse", context.recipe.documents.version(), name, sha256]
    return content_id(*parts, revision) if revision else content_id(*parts)


@remembered
def documents(context: Context) -> list[Document]:
    """Today's documents, as far as they are parsed, in the order of their names."""
    ids: list[str] = []
    for source in sources(context):
        outcome = context.done(source.key)
        ids += outcome.made if outcome is not None else ()
    return context.store.get(Document, ids)


def parse_source(context: Context, source: Source) -> Outcome:
    """Reads one file, unless that is done already; what is wrong with it is in `failure`."""
    if context.done(source.key) is None:
        try:
            document = read_source(context, source)
        except DocumentError as error:
            context.fail(source.key, "parse", source.name, f"{error.message}. {error.hint}".strip())
        else:
            context.finish(source.key, "parse", source.name, [document])
    outcome = context.store.one(Outcome, source.key)
    assert outcome is not None  # one of the two has just been written
    return outcome


def read_source(context: Context, source: Source) -> Document:
    """The document as it counts today; raises DocumentError. Nothing is stored."""
    document = context.recipe.documents.read(source.path, name=source.name)
    if not source.revision:
        return document
    (revision,) = context.store.get(DocumentRevision, [source.revision])
    return revised(document, revision.text)


class _Seen(NamedTuple):
    """What a file looked like when it was hashed."""

    size: int
    modified: int
    inode: int


_hashes: dict[Path, tuple[_Seen, str]] = {}
_lock = threading.Lock()
_SETTLED_NANOSECONDS = 2_000_000_000
"""A file that was changed later than this before its hashing may change again unnoticed."""


def _content(path: Path) -> str:
    """The file's sha256; hashed again only when the file looks different."""
    try:
        stat = path.stat()
        seen = _Seen(stat.st_size, stat.st_mtime_ns, stat.st_ino)
        with _lock:
            known = _hashes.get(path)
        if known is not None and known[0] == seen:
            return known[1]
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError as error:  # reading it properly will say so, with the document's name
        return f"unreadable: {error.errno}"
    if time.time_ns() - stat.st_mtime_ns > _SETTLED_NANOSECONDS:
        with _lock:
            _hashes[path] = seen, digest.hexdigest()
    return digest.hexdigest()
