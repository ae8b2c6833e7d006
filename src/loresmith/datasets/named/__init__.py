"""Datasets by name: what a folder's `dataset_info.json`, as LLaMA Factory has it, lists."""

from __future__ import annotations

from loresmith.datasets.named.bare import read_bare
from loresmith.datasets.named.entry import Columns, DatasetEntry, Shape, Tags
from loresmith.datasets.named.info import DatasetInfo
from loresmith.datasets.named.mixing import Mix
from loresmith.datasets.named.reading import NamedRows, Repeat, Source, read_named
from loresmith.datasets.named.validation import ValidationSplit, split_validation

__all__ = [
    "Columns",
    "DatasetEntry",
    "DatasetInfo",
    "Mix",
    "NamedRows",
    "Repeat",
    "Shape",
    "Source",
    "Tags",
    "ValidationSplit",
    "read_bare",
    "read_named",
    "split_validation",
]
