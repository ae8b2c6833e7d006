"""Why: a folder that others load from must never be half written, whatever ends the process."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loresmith.errors import Conflict, ExportError

_OURS = "export.json"
_SPARE = 50_000_000  # bytes; tokenizer, card, and what other programs write meanwhile


@contextmanager
def placed_at_once(target: Path, *, needed: int) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place when the block ends well.

    `needed` is in bytes. Raises Conflict where `target` holds something that is no export of ours,
    or another process exports to it, and ExportError where the disk has no room.
    """
    from filelock import FileLock, Timeout

    _refuse_foreign(target)
    part = target.parent / f".{target.name}.exporting"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.parent / f".{target.name}.lock")
        with lock.acquire(timeout=0):
            shutil.rmtree(part, ignore_errors=True)  # of one that was killed
            _require_room(target, needed)
            part.mkdir()
            try:
                yield part
                _refuse_foreign(target)
                _put(part, target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout as error:
        raise Conflict(
            f"another process exports to {target}", hint="Wait for it, or name another folder."
        ) from error
    except OSError as error:
        raise _explained(error, target) from error


def _refuse_foreign(target: Path) -> None:
    if target.is_dir() and ((target / _OURS).is_file() or not any(target.iterdir())):
        return
    if target.exists():
        raise Conflict(
            f"{target} holds something that is no export",
            hint="Name another folder, or delete that one.",
        )


def _require_room(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed + _SPARE:
        raise ExportError(
            f"the export to {target} needs {(needed + _SPARE) / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB of that disk are free",
            hint="Make room, or name a folder on another disk.",
        )


def _put(part: Path, target: Path) -> None:
    """Between the two moves nothing stands at `target`: never a part of either."""
    earlier = target.parent / f".{target.name}.earlier"
    shutil.rmtree(earlier, ignore_errors=True)
    if target.exists():
        target.rename(earlier)
    part.rename(target)
    shutil.rmtree(earlier, ignore_errors=True)


def _explained(error: OSError, target: Path) -> ExportError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExportError(
            f"the disk of {target} is full: nothing was exported",
            hint="Make room, or name a folder on another disk.",
        )
    return ExportError(
        f"{target} cannot be written: {error.strerror or error}",
        hint="Name a folder that you may write to.",
    )
