"""Why: before a run pays for anything, it asks how big its base model is and whether it fits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from loresmith.records import Record


class BaseModelFacts(Record):
    """What is known of a base model without loading it."""

    name: str
    """As the recipe names it."""
    source: Literal["embedded", "folder", "hub", "modelscope"]
    folder: Path
    """Where its weights are, or the folder that they will be downloaded into or below."""
    parameters: int | None
    """None where it is not known before the download."""
    bytes_to_download: int
    """0 when all of it is here."""
    bytes_free: int
    """Room on the disk of `folder`."""

    @property
    def fits_disk(self) -> bool:
        """Whether the download fits, with a tenth of it and 200 MB to spare."""
        if self.bytes_to_download == 0:
            return True
        return self.bytes_to_download * 1.1 + 200_000_000 <= self.bytes_free


def free_bytes(folder: Path) -> int:
    """Room on the disk that `folder` is on, or will be on once it is made."""
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    return shutil.disk_usage(existing).free
