"""Why: a file of rows can be trained on as it lies there, without a `dataset_info.json` about it.

What its columns are is told by the first row that can be read: alpaca and sharegpt with ranking or
kto_tag as LLaMA Factory has them, and the names that trl's datasets have.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loresmith.datasets.named.dataset import read_all
from loresmith.datasets.named.entry import Columns, DatasetEntry, Shape
from loresmith.datasets.named.files import FileFound, FilesFound, find_files
from loresmith.datasets.named.info import NamedDataset
from loresmith.datasets.named.reading import NamedRows, rows_of_readings
from loresmith.errors import DatasetError


def read_bare(path: Path, *, shape: Shape) -> NamedRows:
    """The rows of one file, or of the files of a folder, as rows of `shape`.

    Raises DatasetError where the file cannot be read, or its columns are of another shape, and
    MissingDependency where Parquet or Arrow cannot be read here.
    """
    files = find_files(path.parent, path.name)
    entry = _entry(_first_row(files.files[0]), shape, path.name)
    whole = NamedDataset(path.name, entry, FilesFound(files.files, ()), files.warnings)
    return rows_of_readings([path.name], read_all([whole], max_samples=None, seed=0))


def _first_row(file: FileFound) -> Mapping[str, Any]:
    """The first row that is an object; empty where none is."""
    rows = (raw.value for raw in file.open().rows())
    return next((value for value in rows if isinstance(value, dict)), {})


def _entry(row: Mapping[str, Any], shape: Shape, name: str) -> DatasetEntry:
    """Raises DatasetError where the row has not the columns of `shape`."""
    in_turns = shape != "text" and ("conversations" in row or "messages" in row)
    asked = _first(row, "instruction", "prompt")
    found = {
        "prompt": None if in_turns else asked,
        "query": _first(row, "input"),
        "history": _first(row, "history"),
        "system": _first(row, "system"),
        "messages": _first(row, "conversations", "messages"),
    }
    if shape == "text":
        found = {"prompt": _first(row, "text", "content")}
        complete = found["prompt"] is not None
    elif shape == "preference":
        found |= {"chosen": _first(row, "chosen"), "rejected": _first(row, "rejected")}
        complete = None not in (found["chosen"], found["rejected"])
    else:
        found["response"] = _first(row, "output", "response", "completion")
        found["kto_tag"] = _first(row, "kto_tag", "label") if shape == "feedback" else None
        complete = in_turns or found["response"] is not None
        complete = complete and (shape != "feedback" or found["kto_tag"] is not None)
    if not complete or not (in_turns or found.get("prompt")):
        there = ", ".join(map(repr, list(row)[:8])) or "none that is an object"
        raise DatasetError(
            f"{name} has no rows of {_COLUMNS[shape]}: the first has {there}", hint=_NAME_THEM
        )
    return DatasetEntry(
        file_name=name,
        formatting="sharegpt" if in_turns else "alpaca",
        ranking=shape == "preference",
        columns=Columns(**found),
    )


def _first(row: Mapping[str, Any], *names: str) -> str | None:
    return next((name for name in names if name in row), None)


_COLUMNS: dict[Shape, str] = {
    "conversation": "instruction and output, or conversations",
    "text": "text",
    "preference": "instruction (or conversations), chosen and rejected",
    "feedback": "instruction and output (or messages), and kto_tag, true or false",
}
_NAME_THEM = (
    "Rename the columns, or say which is which in a dataset_info.json, and train by a LLaMA "
    "Factory file."
)
