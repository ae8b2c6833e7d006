"""Why: a model's folder appears whole or not at all, though two runs want it or one is killed."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from loresmith.errors import ModelUnavailable

_MANIFEST = "loresmith.json"


def build_once(
    folder: Path,
    build: Callable[[Path], Mapping[str, str]],
    *,
    on_progress: Callable[[str], None],
    resume: bool = False,
) -> Path:
    """Returns `folder`; where it is not there yet, `build` fills a new folder that becomes it.

    `build` writes into the folder it is given and returns what the manifest should say of its
    origin. One process builds, others wait for it. A build that fails or is killed leaves nothing
    that counts; with `resume`, the next one finds its files. Raises ModelUnavailable when the disk
    is full or closed.
    """
    if is_built(folder):
        return folder
    from filelock import FileLock, Timeout

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f".{folder.name}.lock")
        try:
            held = lock.acquire(timeout=0)
        except Timeout:
            on_progress(f"waiting for another process that prepares {folder.name}")
            held = lock.acquire()
        with held:
            if not is_built(folder):
                _build(folder, build, resume=resume)
    except OSError as error:
        raise _as_model_unavailable(error, folder) from error
    return folder


def is_built(folder: Path) -> bool:
    """Whether a build of `folder` was finished."""
    return (folder / _MANIFEST).is_file()


def _build(folder: Path, build: Callable[[Path], Mapping[str, str]], *, resume: bool) -> None:
    making = folder.parent / f".{folder.name}.building"
    if not resume:
        shutil.rmtree(making, ignore_errors=True)
    making.mkdir(exist_ok=True)
    try:
        origin = dict(build(making))
        for file in making.iterdir():
            file.chmod(0o644)  # some writers keep files to their owner; a cache may be shared
        manifest = json.dumps(origin, ensure_ascii=False, indent=2) + "\n"
        (making / _MANIFEST).write_text(manifest, encoding="utf-8")
        if folder.exists():  # without a manifest: damaged, or not ours
            shutil.rmtree(folder)
        making.rename(folder)
    finally:
        if not resume:
            shutil.rmtree(making, ignore_errors=True)


def _as_model_unavailable(error: OSError, folder: Path) -> ModelUnavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelUnavailable(
            f"the disk of {folder.parent} is full: {folder.name} was not written",
            hint="Free some space, or set LORESMITH_HOME to a folder on another disk.",
        )
    return ModelUnavailable(
        f"{folder} cannot be written: {error.strerror or error}",
        hint="Set LORESMITH_HOME to a folder that you may write to.",
    )
