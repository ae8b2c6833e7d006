"""Files that are written whole or not at all: whoever reads one, even after a crash, sees no part.

What is written stands beside the file first, under a hidden name, and then takes its place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
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
def whole_folder(path: Path) -> Iterator[Path]:
    """What is put into the folder given is at `path` once the block has ended well; an older
    folder there goes once the new one stands. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # On the same file system, so that it can be renamed into place.
    fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        _put_in_place(fresh, path)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Renames `fresh` to `folder`; an older folder of that name goes once the new one stands."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = folder.with_name(f".{folder.name}-old-{fresh.name.rpartition('-')[2]}")
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _beside(path: Path, rights: int) -> Iterator[Path]:
    """An empty file in the same folder, gone at the end unless it took the place of `path`."""
    fresh = path.with_name(f".{uuid.uuid4().hex}.new")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights))
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
