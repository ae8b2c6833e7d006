"""Knows what is in the files of a folder without reading them again: their hashes, and what
archives hold."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.documents.archive import Contents, is_archive
from loresmith.documents.document_folder import DocumentFolder
from loresmith.errors import DocumentError


def content_hash(path: Path) -> str:
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


def contents(settings: DocumentFolder, path: Path, *, name: str) -> Contents | None:
    """What an archive holds, looked up again only when the file looks different; None for a file
    that is a document itself, or that reading will tell the faults of."""
    if not is_archive(path):
        return None
    limits = content_id(name, settings.version(), settings.max_expanded_bytes)
    try:
        stat = path.stat()
    except OSError:
        return None
    seen = _Seen(stat.st_size, stat.st_mtime_ns, stat.st_ino)
    with _lock:
        known = _archives.get(path)
    if known is not None and known[:2] == (seen, limits):
        return known[2]
    try:
        found = settings.contents(path, name=name)
    except DocumentError:
        found = None
    if time.time_ns() - stat.st_mtime_ns > _SETTLED_NANOSECONDS:
        with _lock:
            _archives[path] = seen, limits, found
    return found


class _Seen(NamedTuple):
    """What a file looked like when it was looked into."""

    size: int
    modified: int
    inode: int


_hashes: dict[Path, tuple[_Seen, str]] = {}
_archives: dict[Path, tuple[_Seen, str, Contents | None]] = {}
_lock = threading.Lock()
_SETTLED_NANOSECONDS = 2_000_000_000
"""A file that was changed later than this before its hashing may change again unnoticed."""
