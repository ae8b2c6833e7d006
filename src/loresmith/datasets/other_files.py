"""The files of a dataset for other stages than fine-tuning: preferences, marked answers, texts.

They are in the form of LLaMA Factory, whose `dataset_info.json` says of each what it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from loresmith.datasets.exporting.file_kinds import Column
from loresmith.datasets.frozen import FrozenDataset
from loresmith.records import (
    FeedbackExample,
    OtherExample,
    PreferenceExample,
    SplitName,
    TextExample,
)


class OtherFile(NamedTuple):
    """A file of one kind of rows: its name, its name for people, and what the entry says of it."""

    of: type[OtherExample]
    stem: str
    title: str
    entry: dict[str, Any]


OTHER_FILES = (
    OtherFile(
        PreferenceExample,
        "dpo",
        "DPO",
        {
            "ranking": True,
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "chosen": "chosen",
                "rejected": "rejected",
            },
        },
    ),
    OtherFile(
        FeedbackExample,
        "kto",
        "KTO",
        {
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "kto_tag": "kto_tag",
            }
        },
    ),
    OtherFile(TextExample, "pretrain", "Pre-training", {"columns": {"prompt": "text"}}),
)


class WrittenFile(NamedTuple):
    """A file that has rows."""

    name: str
    title: str
    """What `dataset_info.json` calls it, after the project's name."""
    row_count: int
    """How many rows it has."""
    entry: dict[str, Any]
    of: type[OtherExample]
    kind: str
    split: SplitName
    dataset: FrozenDataset

    @property
    def rows(self) -> Iterator[OtherExample]:
        """Its rows, read anew each time."""
        for row in self.dataset.others:
            if isinstance(row, self.of) and row.split == self.split:
                yield row

    @property
    def columns(self) -> tuple[Column, ...]:
        """What each row has."""
        names = ("text",) if self.kind == "pretrain" else tuple(encoded_other(next(self.rows)))
        return tuple(Column(one, "flag" if one == "kto_tag" else "text") for one in names)


def files_of(dataset: FrozenDataset) -> Iterator[WrittenFile]:
    """The files of the rows beside the examples; one that would be empty is not there."""
    splits: tuple[SplitName, ...] = ("train", "validation")
    counts = Counter((type(row), row.split) for row in dataset.others)
    for split in splits:
        end, more = ("", "") if split == "train" else ("_validation", " Validation")
        for file in OTHER_FILES:
            count = counts[file.of, split]
            if count:
                name = f"{file.stem}{end}.json"
                entry = {"file_name": name, **file.entry}
                title = f"{file.title}{more}"
                yield WrittenFile(name, title, count, entry, file.of, file.stem, split, dataset)


def encoded_other(row: OtherExample) -> dict[str, Any]:
    """The row, ready for JSON."""
    if isinstance(row, TextExample):
        return {"text": row.text}
    asked = {"instruction": row.prompt[-1].content, "input": ""}
    if isinstance(row, PreferenceExample):
        return {**asked, "chosen": row.chosen, "rejected": row.rejected}
    return {**asked, "output": row.completion, "kto_tag": row.desirable}
