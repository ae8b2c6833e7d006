"""Why: what a run was computed with and on is known a year later, when nobody remembers."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loresmith.component import content_id
from loresmith.devices import Device
from loresmith.json_files import read_object
from loresmith.records import TrainingRow
from loresmith.whole_files import write_whole

ENVIRONMENT = "environment.json"

_NOT_SAID = {"id", "split", "language", "provenance"}
_PACKAGES = (
    *("loresmith", "torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors"),
    *("numpy", "trl", "bitsandbytes", "deepspeed", "flash-attn", "liger-kernel"),
)


def note_environment(
    folder: Path, device: Device, examples: Sequence[TrainingRow], validation: Sequence[TrainingRow]
) -> None:
    """Writes environment.json into a run's folder: package versions, device, and what was read.

    A run that goes on keeps when it began, and notes with what it goes on.
    """
    path = folder / ENVIRONMENT
    earlier = read_environment(folder)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    content = {
        "started_at": earlier.get("started_at", now),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": dict(_versions()),
        "device": device.model_dump(mode="json"),
        "data": {
            "hash": data_hash([*examples, *validation]),
            "rows": len(examples),
            "validation_rows": len(validation),
        },
    }
    if earlier and earlier.get("packages") != content["packages"]:
        content["earlier_packages"] = earlier.get("earlier_packages") or earlier.get("packages")
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def read_environment(folder: Path) -> dict[str, Any]:
    """What was noted of a run; empty where nothing was."""
    return read_object(folder / ENVIRONMENT)


def data_hash(rows: Sequence[TrainingRow]) -> str:
    """24 hex digits, equal for rows that say the same in the same order."""
    said = [row.model_dump(mode="json", exclude=_NOT_SAID) for row in rows]
    return content_id("rows", said)


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found
