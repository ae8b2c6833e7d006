"""Why: LLaMA Factory's users name their datasets in a dataset_info.json; these are their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.datasets.named import Mix, Shape, read_named
from loresmith.datasets.named import NamedRows as Read
from loresmith.errors import DatasetError, RecipeError
from loresmith.records import Drop, Example, Message, TextExample, TrainingRow


class NamedRows(NamedTuple):
    """The rows of several datasets, and those that cannot be used."""

    rows: tuple[TrainingRow, ...]
    """All of the shape that was asked for."""
    drops: tuple[Drop, ...]
    warnings: tuple[str, ...] = ()
    """What was found in the files and not read."""


def named_rows(
    names: Sequence[str],
    folder: Path,
    *,
    shape: Shape = "conversation",
    max_samples: int | None = None,
    most: int | None = None,
    mix_strategy: Mix = "concat",
    interleave_probs: Sequence[float] = (),
    seed: int = 42,
    default_system: str | None = None,
) -> NamedRows:
    """The rows of the datasets that `folder`'s dataset_info.json names, put together.

    `most` is the most rows in all: no more is read than they need. A conversation without a system
    message gets `default_system`. Raises RecipeError with what is wrong with every name.
    """
    try:
        read = read_named(
            names,
            folder=folder,
            shape=shape,
            max_samples=max_samples,
            most=most,
            mix=mix_strategy,
            probs=interleave_probs or None,
            seed=seed,
        )
    except DatasetError as error:
        raise RecipeError(
            f"the datasets in {folder} cannot be used:",
            faults=error.faults or (error.message,),
            hint=error.hint,
        ) from error
    rows = read.rows
    if default_system is not None:
        rows = tuple(_with_system(row, default_system) for row in rows)
    return NamedRows(rows, read.drops, (*read.warnings, *_repeats(read)))


def _repeats(read: Read) -> list[str]:
    """One line for all rows that stand in the files again: they are kept."""
    if not read.repeats:
        return []
    first = read.repeats[0]
    count = len(read.repeats)
    rows = "1 row says" if count == 1 else f"{count} rows say"
    return [
        f"{rows} what an earlier one says, and is learned again: {first.place} as {first.first}"
    ]


def _with_system(row: TrainingRow, system: str) -> TrainingRow:
    if isinstance(row, TextExample):
        return row
    name = "messages" if isinstance(row, Example) else "prompt"
    said: tuple[Message, ...] = getattr(row, name)
    if said[0].role == "system":
        return row
    messages = (Message(role="system", content=system), *said)
    changed = {name: messages, "id": content_id("system", row.id, system)}
    return row.model_copy(update=changed)
