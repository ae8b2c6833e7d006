"""Says what cannot be meant, or has no effect, in an entry of `dataset_info.json`."""

from __future__ import annotations

from collections.abc import Mapping

from loresmith.datasets.named.entry import DatasetEntry, Shape
from loresmith.datasets.named.hubs import is_elsewhere


def contradictions(name: str, entry: DatasetEntry) -> list[str]:
    """What cannot be meant, a line each with its path."""
    faults: list[str] = []
    columns = entry.columns
    if entry.formatting == "alpaca" and columns and not (columns.prompt or columns.query):
        if columns.messages:
            faults.append(f'{name}.formatting: columns.messages needs "formatting": "sharegpt"')
        else:
            faults.append(f"{name}.columns.prompt: is needed where `columns` is given")
    if entry.ranking and columns and columns.kto_tag:
        faults.append(f"{name}.ranking: cannot go together with columns.kto_tag")
    if entry.shape == "feedback" and entry.formatting == "alpaca" and not entry.column("response"):
        faults.append(f"{name}.columns.response: is needed beside columns.kto_tag")
    roles = [tag for key, tag in entry.tags if tag and key not in ("role_tag", "content_tag")]
    twice = next((tag for tag in roles if roles.count(tag) > 1), None)
    if twice:
        faults.append(f"{name}.tags: {twice!r} stands for two roles")
    if entry.split != "train" and not is_elsewhere(entry):
        faults.append(
            f"{name}.split: a file is read whole, and {entry.split!r} is asked for; name the file "
            "of that split as file_name, and take `split` out"
        )
    return faults


def not_used(name: str, entry: DatasetEntry) -> list[str]:
    """What the entry says to no effect, a line each with its path."""
    warnings: list[str] = []
    for key in ("subset", "folder", "revision"):
        if getattr(entry, key) is not None:
            warnings.append(f"{name}.{key}: is for a hub, and not used for a file")
    if entry.formatting == "alpaca" and any(tag for _, tag in entry.tags):
        warnings.append(f'{name}.tags: are for "formatting": "sharegpt", and not used')
    return warnings


def other_shapes(entries: Mapping[str, DatasetEntry], shape: Shape | None) -> list[str]:
    """A line for each dataset whose rows are of another shape than `shape`, or the first's."""
    faults: list[str] = []
    for name, entry in entries.items():
        wanted = shape or next(iter(entries.values())).shape
        if entry.shape != wanted:
            faults.append(
                f"{name}: has {_SHAPES[entry.shape]}, and wanted are {_SHAPES[wanted]};"
                f" {_HOW_TO_BE[wanted]}"
            )
    return faults


_SHAPES: dict[Shape, str] = {
    "conversation": "questions with answers",
    "text": "texts to pre-train on",
    "preference": "better and worse answers",
    "feedback": "answers with kto_tag",
}
_HOW_TO_BE: dict[Shape, str] = {
    "conversation": "these have no ranking and no kto_tag, and name columns.response or messages",
    "text": 'these have "columns": {"prompt": "text"} and no response',
    "preference": 'these have "ranking": true, and name columns.chosen and columns.rejected',
    "feedback": "these name columns.kto_tag, and have no ranking",
}
