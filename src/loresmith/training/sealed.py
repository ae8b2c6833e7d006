"""Why: a folder that was half written when the process was killed must never be taken for whole.

A folder is sealed by a manifest, written last, that knows size and hash of every file beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

_MANIFEST = "manifest.json"
_READ_BYTES = 1 << 20


class Seal(NamedTuple):
    """What a folder's manifest says, or why the folder is not to be used."""

    details: dict[str, Any]
    fault: str = ""
    """Empty when all files are there and as they were written."""


def seal(folder: Path, details: dict[str, Any]) -> None:
    """Makes sure that all files of `folder` are on the disk, then writes its manifest."""
    files = {}
    for path in _files(folder):
        files[path.relative_to(folder).as_posix()] = _measure(path)
        _sync(path)
    content = json.dumps({**details, "files": files}, ensure_ascii=False, indent=1)
    write_at_once(folder / _MANIFEST, content)


def read_seal(folder: Path) -> Seal:
    """The details that `folder` was sealed with; never raises for what stands there."""
    try:
        details = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        files = details.pop("files")
        for name, expected in files.items():
            if _measure(folder / name) != expected:
                return Seal({}, f"{name} is not as it was written")
    except FileNotFoundError as error:
        return Seal({}, f"{Path(error.filename).name} is missing")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        return Seal({}, f"it cannot be read ({error})")
    return Seal(details)


def write_at_once(path: Path, content: str) -> None:
    """Whoever reads `path`, even after a crash, sees its old content or the new, never a part."""
    part = path.with_name(path.name + ".part")
    part.write_text(content, encoding="utf-8")
    _sync(part)
    part.replace(path)
    _sync(path.parent)


def put_in_place(part: Path, folder: Path) -> None:
    """Makes `part`, a complete folder, the one at `folder`; what was there before is deleted."""
    for path in _files(part):
        _sync(path)
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    _sync(folder.parent)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)


def _measure(path: Path) -> list[int | str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return [path.stat().st_size, digest.hexdigest()]


def _sync(path: Path) -> None:
    """Waits until `path` (a file; on POSIX also a folder) is on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
