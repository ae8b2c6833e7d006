"""Why: a home that cannot be written to, or is full, ends the first command that keeps anything."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

_LEAST_FREE = 2_000_000_000
"""Bytes: the embedded model, a checkpoint and some room."""


def home_folder(scene: Scene) -> Iterator[Finding]:
    """Whether home and the folder for passing files can be written to, and have room."""
    home = scene.settings.home
    there = next((one for one in (home, *home.parents) if _is_there(one)), Path(home.anchor))
    fault = _write_fault(there)
    if fault:
        yield Finding(
            check="home_folder",
            message=f"the home folder {home} cannot be written to: {fault}",
            hint="Let LORESMITH_HOME name a folder that you may write to.",
        )
    for what, folder in (("home folder", there), ("temporary folder", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        if free < (_LEAST_FREE if folder == there else _LEAST_FREE // 4):
            yield Finding(
                check="home_folder",
                message=f"the disk of the {what} {folder} has only {free / 1e9:.1f} GB free",
                hint="Free some space, or let LORESMITH_HOME (for passing files TMPDIR) name a "
                "folder on another disk.",
            )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder above it is closed to us
        return False


def _write_fault(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is a file"
    try:
        handle, name = tempfile.mkstemp(prefix=".loresmith-", dir=folder)
    except OSError as error:
        return error.strerror or str(error)
    os.close(handle)
    Path(name).unlink(missing_ok=True)
    return ""
