"""Datasets: kept facts and wordings frozen into rows, split by fact, written in known formats."""

from __future__ import annotations

from loresmith.datasets.assembly import Assembly
from loresmith.datasets.build import build_examples, freeze, with_imported
from loresmith.datasets.exporting.folder import dataset_name
from loresmith.datasets.formats import AlpacaFormat, AnyDatasetFormat, DatasetFormat, ShareGPTFormat
from loresmith.datasets.named import (
    DatasetInfo,
    NamedRows,
    ValidationSplit,
    read_named,
    split_validation,
)
from loresmith.datasets.reading import RowsRead, read_rows
from loresmith.datasets.splitter import Split, Splitter
from loresmith.datasets.statistics import statistics
from loresmith.datasets.writing import write_dataset
from loresmith.datasets.written_rows import with_written_rows

__all__ = [
    "AlpacaFormat",
    "AnyDatasetFormat",
    "Assembly",
    "DatasetFormat",
    "DatasetInfo",
    "NamedRows",
    "RowsRead",
    "ShareGPTFormat",
    "Split",
    "Splitter",
    "ValidationSplit",
    "build_examples",
    "dataset_name",
    "freeze",
    "read_named",
    "read_rows",
    "split_validation",
    "statistics",
    "with_imported",
    "with_written_rows",
    "write_dataset",
]
