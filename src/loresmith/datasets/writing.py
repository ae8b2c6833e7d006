"""Writes a dataset as a folder on which LLaMA Factory trains as it stands."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from loresmith.datasets.exporting import (
    LlamaFactoryFolder,
    NamedPieces,
    SourcedRow,
    folder_files,
    told_places,
)
from loresmith.datasets.frozen import FrozenDataset
from loresmith.datasets.other_files import files_of
from loresmith.datasets.statistics import statistics
from loresmith.errors import DatasetError
from loresmith.records import Document, Drop, SplitName
from loresmith.whole_files import whole_folder


def write_dataset(
    dataset: FrozenDataset,
    folder: Path,
    *,
    project: str,
    drops: Sequence[Drop] = (),
    documents: Sequence[Document] = (),
) -> None:
    """Writes `folder` anew: alpaca.json, sharegpt.json, dataset_info.json, statistics.json and a
    card, README.md.

    Rows of the validation split go to `*_validation.json`, never among the rows to train on.
    Rows for other stages, if there are any, go to `dpo.json`, `kto.json` and `pretrain.json`.
    `provenance.jsonl` tells, a line for each row to train on and then to validate on, where it
    came from, and where in `documents` its evidence stands. The same dataset gives the same bytes;
    the folder appears whole or not at all.
    Raises DatasetError when it cannot be written.
    """
    try:
        with whole_folder(folder) as fresh:
            write_files(_files(dataset, project, drops, documents), fresh)
    except OSError as error:
        raise DatasetError(
            f"the dataset cannot be written to {folder}: {error.strerror}",
            hint="check the free space and the rights of the folder, then run again",
        ) from error


def write_files(files: Iterable[NamedPieces], folder: Path) -> None:
    """Writes the files into `folder`, one after the other. Raises OSError."""
    for file in files:
        with (folder / file.name).open("wb") as stream:
            stream.writelines(file.pieces)
            stream.flush()
            os.fsync(stream.fileno())


def _files(
    dataset: FrozenDataset, project: str, drops: Sequence[Drop], documents: Sequence[Document]
) -> Iterator[NamedPieces]:
    def rows(split: SplitName) -> Iterator[SourcedRow]:
        return (SourcedRow(one) for one in dataset.examples if one.split == split)

    yield from folder_files(
        rows,
        LlamaFactoryFolder(),
        project=project,
        splits=("train", "validation"),
        notes={"dataset": dataset.id, "version": dataset.version},
        others=tuple(files_of(dataset)),
    )
    counted = json.dumps(statistics(dataset, drops), ensure_ascii=False, indent=2) + "\n"
    yield NamedPieces("statistics.json", iter([counted.encode()]))
    yield NamedPieces("provenance.jsonl", _provenance(dataset, documents))


def _provenance(dataset: FrozenDataset, documents: Sequence[Document]) -> Iterator[bytes]:
    by_id = {document.id: document for document in documents}
    for is_trained in (True, False):
        for row in chain(dataset.examples, dataset.others):
            if (row.split == "train") == is_trained:
                origin: dict[str, Any] = row.provenance.model_dump(mode="json")
                line = {"id": row.id, "split": row.split, **origin}
                places = told_places(row.provenance, by_id)
                if places:
                    line["places"] = places
                yield (json.dumps(line, ensure_ascii=False) + "\n").encode()
