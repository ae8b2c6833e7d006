"""What deleting a project takes away, told before anybody does it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.records import Record
from loresmith.workspace.projects.cards import figures_of

if TYPE_CHECKING:
    from loresmith.workspace.projects.registry import KnownProject


class Losses(Record):
    """What a project holds."""

    documents: int
    rows: int
    """Questions with answers, as they are stored."""
    runs: int
    """Trained models with their reports."""
    bytes: int
    """What is freed on the disk."""
    keeps_files: bool
    """True for a folder that was added from elsewhere: it is only taken off the list."""


def losses_of(known: KnownProject, *, keeps_files: bool) -> Losses:
    """What there is to lose of a project, or stays where it is with `keeps_files`."""
    figures = figures_of(known)
    return Losses(
        documents=figures.documents,
        rows=figures.rows,
        runs=figures.runs,
        bytes=_bytes(Path(known.folder)),
        keeps_files=keeps_files,
    )


def _bytes(folder: Path) -> int:
    """The sizes of all files below a folder; links are not followed."""
    total = 0
    for here, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(here) / name).lstat().st_size
            except OSError:  # deleted meanwhile
                continue
    return total
