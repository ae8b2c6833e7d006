"""Takes a file in: under a safe name, not too large, and only when its text can be read."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from loresmith.documents import PARSERS, readable_suffixes
from loresmith.errors import Conflict, DocumentError, StoreError
from loresmith.records import Document
from loresmith.workspace.context import Context
from loresmith.workspace.documents.file_names import safe_name, same_name
from loresmith.workspace.documents.folder import folder_for_uploads
from loresmith.workspace.steps.chunk import chunk_document
from loresmith.workspace.steps.parse import parse_source, sources_at

SUPPORTED = readable_suffixes()
"""Endings of files that can be read, in lower case, with the dot."""


Outcome = Literal["stored", "replaced", "unchanged"]


class Stored(NamedTuple):
    """A file that was taken in."""

    name: str
    outcome: Outcome


def store_upload(context: Context, given: str, file: BinaryIO, *, replace: bool) -> Stored:
    """Writes `file` into the documents folder under a safe form of the name `given`.

    It is written beside, read by the parser that its name asks for, and only then put in place;
    a document of that name stays as it is unless `replace`. Raises DocumentError for a file that
    cannot be read and Conflict for a name that is taken.
    """
    name = safe_name(given)
    suffix = Path(name).suffix.lower()
    if suffix not in SUPPORTED:
        kind = f"{suffix} files" if suffix else "files without an ending"
        raise DocumentError(
            f"{name}: {kind} cannot be read", hint=f"What can be read: {', '.join(SUPPORTED)}."
        )
    folder = folder_for_uploads(context)
    _remove_left_overs(folder)
    target = _target(folder, name)
    if target.exists() and not replace:
        raise _taken(target)
    temporary = _written_beside(folder, suffix, file, name=name, limit=_limit(context))
    try:
        document = _read(context, temporary, name=name)
        outcome = _put_in_place(temporary, target, replace=replace)
    finally:
        temporary.unlink(missing_ok=True)
    _remember(context, target, document)
    return Stored(target.name, outcome)


_PART = 1 << 20
_LEFT_OVER_SECONDS = 24 * 3600
_PREFIX = ".upload-"


def _limit(context: Context) -> int:
    return context.recipe.documents.max_bytes


def _target(folder: Path, name: str) -> Path:
    """Where the file goes: onto a document whose name some file systems take for the same."""
    for path in folder.iterdir():
        if same_name(path.name, name):
            if not path.is_file() or path.is_symlink():
                raise Conflict(f"{name} is the name of a folder or a link there already")
            return path
    return folder / name


def _taken(target: Path) -> Conflict:
    return Conflict(
        f"there is a document called {target.name} already",
        hint="Replace it, or give the new file another name.",
    )


def _written_beside(folder: Path, suffix: str, file: BinaryIO, *, name: str, limit: int) -> Path:
    """A hidden file with the content of `file`; raises DocumentError where that is too large."""
    try:
        handle, path = tempfile.mkstemp(prefix=_PREFIX, suffix=suffix, dir=folder)
    except OSError as error:
        raise StoreError(f"the documents folder cannot be written: {error.strerror}") from error
    written, temporary = 0, Path(path)
    try:
        with os.fdopen(handle, "wb") as beside:
            while part := file.read(_PART):
                written += len(part)
                if written > limit:
                    raise DocumentError(
                        f"{name} is larger than {limit:,} bytes",
                        hint="Split the file, or raise documents.max_bytes in the settings.",
                    )
                beside.write(part)
            beside.flush()
            os.fsync(beside.fileno())
        temporary.chmod(0o644)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"{name} cannot be written: {error.strerror}", hint="Is the disk full?"
        ) from error
    except DocumentError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _read(context: Context, temporary: Path, *, name: str) -> Document | None:
    """The document in the file; None for an archive with several. Raises DocumentError, also where
    its name promises another kind."""
    settings = context.recipe.documents
    if settings.contents(temporary, name=name) is not None:
        return None
    document = settings.read(temporary, name=name)
    fitting = [parser for parser in PARSERS if parser.media_type == document.media_type]
    suffix = Path(name).suffix.lower()
    if not any(suffix in parser.suffixes for parser in fitting):
        true = " or ".join(suffix for parser in fitting for suffix in parser.suffixes)
        raise DocumentError(
            f"{name} is not what its name says: its content is that of a {true} file",
            hint="Rename it, and upload it again.",
        )
    return document


def _put_in_place(temporary: Path, target: Path, *, replace: bool) -> Outcome:
    """Moves the file to its place at once; of two who want the same new name, one gets it."""
    if replace and target.exists():
        same = target.read_bytes() == temporary.read_bytes()
        if not same:
            temporary.replace(target)
        return "unchanged" if same else "replaced"
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without links
        if target.exists():
            raise _taken(target) from None
        temporary.replace(target)
    return "stored"


def _remember(context: Context, target: Path, document: Document | None) -> None:
    """Stores what was read, and cuts it: neither is done again by the next job. The documents in an
    archive are read by that, or when somebody looks at them."""
    context.memory.clear()
    if document is None:
        return
    name = target.relative_to(folder_for_uploads(context)).as_posix()
    (source,) = sources_at(context, target, name)
    if name == document.name and not source.revision and context.done(source.key) is None:
        context.finish(source.key, "parse", name, [document])
    outcome = parse_source(context, source)
    for one in context.store.get(Document, outcome.made):
        chunk_document(context, one)


def _remove_left_overs(folder: Path) -> None:
    """Deletes what a killed server left of uploads a day ago or more."""
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                path.unlink()
