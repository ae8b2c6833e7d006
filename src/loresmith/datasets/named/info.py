"""Finds datasets by name in a folder's `dataset_info.json`, and says all that is wrong with it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from loresmith.datasets.named.checks import contradictions, not_used, other_shapes
from loresmith.datasets.named.entry import Columns, DatasetEntry, Shape
from loresmith.datasets.named.files import FilesFound, find_files
from loresmith.datasets.named.hubs import how_to_fetch, is_elsewhere
from loresmith.datasets.row_file import encoding_of
from loresmith.datasets.row_json import own_repeated_key, parse_json, repeated_key
from loresmith.errors import DatasetError
from loresmith.faults import faults_of

FILE = "dataset_info.json"


class NamedDataset(NamedTuple):
    """One dataset that is there and can be read."""

    name: str
    entry: DatasetEntry
    files: FilesFound
    warnings: tuple[str, ...]


class DatasetInfo(NamedTuple):
    """The `dataset_info.json` of one folder, not yet looked at entry by entry."""

    folder: Path
    entries: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> DatasetInfo:
        """Raises DatasetError where there is none, or it is no JSON object."""
        path = _path_in(folder)
        try:
            text = path.read_text(encoding_of(path, FILE).name)
            entries = parse_json(text)
        except OSError as error:
            raise DatasetError(
                f"{FILE} cannot be read in {folder}: {error.strerror}", hint=_WRITE_ONE
            ) from None
        except json.JSONDecodeError as error:
            raise DatasetError(
                f"{FILE} is not valid JSON: {error.msg} at line {error.lineno}, column"
                f" {error.colno}",
                hint="Mend it there.",
            ) from None
        except RecursionError:
            raise DatasetError(f"{FILE} is not valid JSON (nested too deep)") from None
        if not isinstance(entries, dict):
            raise DatasetError(f"{FILE} does not hold an object of datasets", hint=_WRITE_ONE)
        twice = own_repeated_key(entries)
        if twice:
            raise DatasetError(f"{FILE} has two datasets {twice!r}", hint="Rename one of them.")
        return cls(folder, entries)

    def datasets(
        self, names: Sequence[str], *, shape: Shape | None = None
    ) -> tuple[NamedDataset, ...]:
        """The datasets of these names, all of one shape: of `shape`, where it is given.

        Raises DatasetError with all faults of all of them.
        """
        faults: list[str] = []
        found = [self._dataset(name, faults) for name in dict.fromkeys(names)]
        datasets = tuple(one for one in found if one is not None)
        for one in datasets:
            faults += how_to_fetch(one.name, one.entry)
        faults += other_shapes({one.name: one.entry for one in datasets}, shape)
        if faults:
            raise _faulty(faults)
        return datasets

    def faults(self) -> list[str]:
        """What is wrong with any of its entries, used or not, a line each. That the rows of one
        are on a hub is no fault of it."""
        faults: list[str] = []
        for name in self.entries:
            self._dataset(name, faults)
        return faults

    def _dataset(self, name: str, faults: list[str]) -> NamedDataset | None:
        """The dataset of that name; what is wrong with it is added to `faults`."""
        if name not in self.entries:
            faults.append(f"{name}: unknown; {_known(name, self.entries)}")
            return None
        raw = self.entries[name]
        if not isinstance(raw, dict):
            faults.append(f"{name}: should be an object, such as {_SUCH_AS}")
            return None
        twice = repeated_key(raw)
        if twice:
            faults.append(f"{name}: {twice!r} stands twice")
            return None
        warnings: list[str] = []
        for key in filter(_is_foreign, raw):
            warnings.append(f"{name}.{key}: unknown, and not read")
        try:
            entry = DatasetEntry.model_validate({k: raw[k] for k in raw if not _is_foreign(k)})
        except ValidationError as error:
            faults += [f"{name}.{fault}" for fault in faults_of(DatasetEntry, error)]
            return None
        return self._checked(name, entry, faults, warnings)

    def _checked(
        self, name: str, entry: DatasetEntry, faults: list[str], warnings: list[str]
    ) -> NamedDataset | None:
        before = len(faults)
        faults += contradictions(name, entry)
        files = FilesFound((), ())
        if entry.file_name is None and not is_elsewhere(entry):
            faults.append(f"{name}.file_name: is needed and was not given, such as {_SUCH_AS}")
        elif entry.file_name is not None and not is_elsewhere(entry):
            try:
                files = find_files(self.folder, entry.file_name)
            except DatasetError as error:
                faults.append(f"{name}.file_name: {error.message}")
        if len(faults) > before:
            return None
        if entry.columns is None and files.all_are_text:
            entry = entry.model_copy(update={"columns": Columns(prompt="text")})
        warnings += [*not_used(name, entry), *files.warnings]
        return NamedDataset(name, entry, files, tuple(warnings))


_SUCH_AS = '{"file_name": "rows.json"}'
_WRITE_ONE = f'Write one into the folder of your rows, such as {{"my_rows": {_SUCH_AS}}}.'
_SHOWN = 12
_SURE = 0.75
"""A key that is so much like a known one is a slip of the pen, not a key of somebody else's."""
_OLD_KEYS = ("file_sha1", "dataset_sha1", "stage")


def _path_in(folder: Path) -> Path:
    if str(folder) == "ONLINE" or str(folder).startswith("REMOTE:"):
        raise DatasetError(
            f"datasets are read from a folder, and dataset_dir is {str(folder)!r}",
            hint=f"Fetch the dataset into a folder, write a {FILE} there and name the folder.",
        )
    return folder / FILE


def _faulty(faults: Sequence[str]) -> DatasetError:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return DatasetError(f"{FILE} has {count}:", faults=faults)


def _known(name: str, names: Iterable[str]) -> str:
    """What may have been meant by `name`, or what there is."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    more = ", ..." if len(known) > _SHOWN else ""
    listed = ", ".join(known[:_SHOWN])
    return f"known are {listed}{more}" if known else "there is no dataset in it"


def _is_foreign(key: str) -> bool:
    """Whether a key is none of ours, nor meant to be: LLaMA Factory takes no notice of such."""
    known = list(DatasetEntry.model_fields)
    return key not in known and (
        key in _OLD_KEYS or not difflib.get_close_matches(key, known, n=1, cutoff=_SURE)
    )
