"""Why: AMD's cards are asked through `rocm-smi`, which Hygon's toolkit has under that name too."""

from __future__ import annotations

import shutil
from pathlib import Path

from loresmith.devices.card_load import CardLoad
from loresmith.devices.machine import find_hy_smi, loaded_modules
from loresmith.devices.smi import loads_by

_ROCM_FOLDER = "/opt/rocm/bin"


def amd_loads() -> list[CardLoad]:
    """A look at each card that `rocm-smi` tells of; none where `hy-smi` tells of the same."""
    tool = shutil.which("rocm-smi") or shutil.which("rocm-smi", path=_ROCM_FOLDER)
    if tool is None or find_hy_smi() is not None:
        return []
    return loads_by(tool, kind="dcu" if _of_hygon(tool) else "rocm")


def _of_hygon(tool: str) -> bool:
    in_toolkit = any(part.startswith("dtk") for part in Path(tool).resolve().parts)
    return in_toolkit or bool(loaded_modules() & {"hycu", "hydcu"})
