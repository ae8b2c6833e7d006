"""Datasets: kept facts and wordings frozen into rows, split by fact, written in known formats."""

from __future__ import annotations

from loresmith.datasets.assembly import Assembly
from loresmith.datasets.build import fact_rows
from loresmith.datasets.exporting.folder import dataset_name
from loresmith.datasets.formats import AlpacaFormat, AnyDatasetFormat, DatasetFormat, ShareGPTFormat
from loresmith.datasets.freezing import Freezing
from loresmith.datasets.frozen import FrozenDataset, KeptRows, RowsInMemory
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

__all__ = [
    "AlpacaFormat",
    "AnyDatasetFormat",
    "Assembly",
    "DatasetFormat",
    "DatasetInfo",
    "Freezing",
    "FrozenDataset",
    "KeptRows",
    "NamedRows",
    "RowsInMemory",
    "RowsRead",
    "ShareGPTFormat",
    "Split",
    "Splitter",
    "ValidationSplit",
    "dataset_name",
    "fact_rows",
    "read_named",
    "read_rows",
    "split_validation",
    "statistics",
    "write_dataset",
]
