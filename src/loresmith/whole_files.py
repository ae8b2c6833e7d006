"""Files that are written whole or not at all: whoever reads one, even after a crash, sees no part.

What is written stands beside the file first, under a hidden name, and then takes its place.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ANYBODY, OWNER_ONLY = 0o666, 0o600
"""Rights of a new file, before the process's umask."""


@contextmanager
def whole_file(path: Path, *, rights: int = ANYBODY) -> Iterator[BinaryIO]:
    """What is written to the stream is `path` once the block has ended well. Raises OSError."""
    with _beside(path, rights) as fresh:
        with fresh.open("r+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)


def write_whole(path: Path, content: str) -> None:
    """Makes `content`, in UTF-8, the content of `path`. Raises OSError."""
    with whole_file(path) as stream:
        stream.write(content.encode())


def write_once(path: Path, content: str, *, rights: int = ANYBODY) -> None:
    """Does so unless there is a file already, of another process too. Raises OSError."""
    with _beside(path, rights) as fresh:
        fresh.write_text(content, encoding="utf-8")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            fresh.replace(path)


@contextmanager
def _beside(path: Path, rights: int) -> Iterator[Path]:
    """An empty file in the same folder, gone at the end unless it took the place of `path`."""
    fresh = path.with_name(f".{uuid.uuid4().hex}.new")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights))
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
