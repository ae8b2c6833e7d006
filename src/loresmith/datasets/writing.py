"""Writes a dataset as a folder on which LLaMA Factory trains as it stands."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from loresmith.datasets.formats import AlpacaFormat, DatasetFormat, ShareGPTFormat
from loresmith.datasets.other_files import encoded_other, files_of
from loresmith.datasets.statistics import statistics
from loresmith.errors import DatasetError
from loresmith.records import Dataset, Drop, Example, SplitName, TrainingRow

FILES: tuple[tuple[DatasetFormat, str], ...] = (
    (AlpacaFormat(), "alpaca"),
    (ShareGPTFormat(), "sharegpt"),
)


def write_dataset(
    dataset: Dataset, folder: Path, *, project: str, drops: Sequence[Drop] = ()
) -> None:
    """Writes `folder` anew: alpaca.json, sharegpt.json, dataset_info.json, statistics.json.

    Rows of the validation split go to `*_validation.json`, never among the rows to train on.
    Rows for other stages, if there are any, go to `dpo.json`, `kto.json` and `pretrain.json`.
    `provenance.jsonl` tells, a line for each row to train on and then to validate on, where it
    came from. The same dataset gives the same bytes; the folder appears whole or not at all.
    Raises DatasetError when it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # On the same file system, so that it can be renamed into place.
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write_files(dataset, fresh, project=project, drops=drops)
            fresh.chmod(0o755)
            _put_in_place(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise DatasetError(
            f"the dataset cannot be written to {folder}: {error.strerror}",
            hint="check the free space and the rights of the folder, then run again",
        ) from error


def dataset_name(project: str, form: DatasetFormat, *, validation: bool = False) -> str:
    """The name to give LLaMA Factory as `dataset:`, which parts several at commas."""
    suffix = " Validation" if validation else ""
    return named(project, f"{form.title}{suffix}")


def named(project: str, title: str) -> str:
    """The name of a project's file in `dataset_info.json`."""
    return f"[Loresmith] [{project.replace(',', ' ')}] {title}"


def json_list(rows: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list row by row in UTF-8, as `json.dumps(rows, indent=2)` writes it; ends the line."""
    empty = True
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        yield (("[\n  " if empty else ",\n  ") + text).encode()
        empty = False
    yield b"[]\n" if empty else b"\n]\n"


def _write_files(dataset: Dataset, folder: Path, *, project: str, drops: Sequence[Drop]) -> None:
    entries: dict[str, Any] = {}
    splits: tuple[SplitName, ...] = ("train", "validation")
    for split in splits:
        examples = [example for example in dataset.examples if example.split == split]
        if split == "validation" and not examples:
            continue
        for form, stem in FILES:
            file_name = f"{stem}.json" if split == "train" else f"{stem}_validation.json"
            _write(folder / file_name, json_list(form.encode(example) for example in examples))
            name = dataset_name(project, form, validation=split == "validation")
            entries[name] = _entry(form, file_name, examples)
    for file in files_of(dataset):
        _write(folder / file.name, json_list(map(encoded_other, file.rows)))
        entries[named(project, file.title)] = file.entry
    # LLaMA Factory opens this one file in the machine's own encoding: so no letter beyond ASCII.
    _write_json(folder / "dataset_info.json", entries, ascii_only=True)
    _write_json(folder / "statistics.json", statistics(dataset, drops))
    _write_provenance(folder / "provenance.jsonl", (*dataset.examples, *dataset.others))


def _entry(form: DatasetFormat, file_name: str, examples: Sequence[Example]) -> dict[str, Any]:
    entry = form.entry(file_name)
    if isinstance(form, AlpacaFormat) and any("history" in form.encode(e) for e in examples):
        entry["columns"]["history"] = "history"
    return entry


def _write_provenance(path: Path, examples: Sequence[TrainingRow]) -> None:
    ordered = sorted(examples, key=lambda example: example.split != "train")
    lines = (
        json.dumps(
            {"id": e.id, "split": e.split, **e.provenance.model_dump(mode="json")},
            ensure_ascii=False,
        )
        for e in ordered
    )
    _write(path, (f"{line}\n".encode() for line in lines))


def _write_json(path: Path, value: Any, *, ascii_only: bool = False) -> None:
    _write(path, [(json.dumps(value, ensure_ascii=ascii_only, indent=2) + "\n").encode()])


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Renames `fresh` to `folder`; an older folder of that name goes once the new one stands."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = folder.with_name(f".{folder.name}-old-{fresh.name.rpartition('-')[2]}")
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
