"""A folder as LLaMA Factory's users have it: dataset_info.json, and files of rows beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Content = str | bytes | list[Any]


def dataset_folder(
    folder: Path, entries: Mapping[str, Any], files: Mapping[str, Content] | None = None
) -> Path:
    """`folder` with these entries, and files by name; a list is written as JSON, as is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset_info.json").write_text(
        json.dumps(entries, ensure_ascii=False), encoding="utf-8"
    )
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = json.dumps(content, ensure_ascii=False)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
