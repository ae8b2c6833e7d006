"""Why: a run's folder says by itself what was asked for, of which model, wherever it is moved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loresmith.whole_files import write_whole


def note_run(folder: Path, recipe: str, note: Mapping[str, Any]) -> None:
    """Writes `recipe.yaml`, and `run.json`, of which `base_model` is needed to use the run."""
    write_whole(folder / "recipe.yaml", recipe)
    write_whole(folder / "run.json", json.dumps(note, indent=1))


def noted_base(name: str, folder: str) -> str:
    """How a run notes its base model: one in a folder by its whole path, another by its name."""
    return folder if Path(name).is_dir() else name
