"""The family of dataset formats, each in a file of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.datasets.formats.alpaca import AlpacaFormat
from loresmith.datasets.formats.base import DatasetFormat, RowFault
from loresmith.datasets.formats.sharegpt import ShareGPTFormat

AnyDatasetFormat = Annotated[
    Annotated[AlpacaFormat | ShareGPTFormat, Field(discriminator="type")],
    any_instance_of(DatasetFormat),
]

FORMATS: tuple[DatasetFormat, ...] = (ShareGPTFormat(), AlpacaFormat())
"""The built-in ones, in the order in which a row's format is guessed."""

__all__ = [
    "FORMATS",
    "AlpacaFormat",
    "AnyDatasetFormat",
    "DatasetFormat",
    "RowFault",
    "ShareGPTFormat",
]
