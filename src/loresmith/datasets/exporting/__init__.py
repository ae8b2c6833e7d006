"""The family of export forms, each in a file of its own, and what files are made of them."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from loresmith.component import any_instance_of
from loresmith.datasets.exporting.alpaca import AlpacaFile
from loresmith.datasets.exporting.base import ExportForm, RowShape, SourcedRow
from loresmith.datasets.exporting.custom import VALUES, CustomFields
from loresmith.datasets.exporting.feedback import FeedbackFile
from loresmith.datasets.exporting.file_kinds import FILE_KINDS, MEDIA_TYPES, FileKind, written
from loresmith.datasets.exporting.folder import NamedPieces, folder_files, zipped
from loresmith.datasets.exporting.llamafactory import LlamaFactoryFolder
from loresmith.datasets.exporting.multilingual_thinking import MultilingualThinkingFile
from loresmith.datasets.exporting.openai import OpenAIFile
from loresmith.datasets.exporting.places import told_places
from loresmith.datasets.exporting.plain_text import TextFile
from loresmith.datasets.exporting.preferences import PreferenceFile
from loresmith.datasets.exporting.provenance import ProvenanceLines
from loresmith.datasets.exporting.shapes import shaped, with_system_prompt, without_thoughts
from loresmith.datasets.exporting.sharegpt import ShareGPTFile
from loresmith.datasets.exporting.spreadsheet import SpreadsheetFile
from loresmith.datasets.exporting.table import ParquetTable


def _by_its_name(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


_Form = Annotated[
    LlamaFactoryFolder
    | AlpacaFile
    | ShareGPTFile
    | OpenAIFile
    | PreferenceFile
    | FeedbackFile
    | TextFile
    | MultilingualThinkingFile
    | ProvenanceLines
    | SpreadsheetFile
    | ParquetTable
    | CustomFields,
    Field(discriminator="type"),
]
AnyExportForm = Annotated[_Form, any_instance_of(ExportForm), BeforeValidator(_by_its_name)]
"""A form: by its name, by its name and settings, or any instance of `ExportForm`."""

EXPORT_FORMS: tuple[str, ...] = tuple(
    kind.model_fields["type"].default for kind in get_args(get_args(_Form)[0])
)
"""The names of the built-in ones."""

__all__ = [
    "EXPORT_FORMS",
    "FILE_KINDS",
    "MEDIA_TYPES",
    "VALUES",
    "AnyExportForm",
    "CustomFields",
    "ExportForm",
    "FileKind",
    "LlamaFactoryFolder",
    "NamedPieces",
    "RowShape",
    "SourcedRow",
    "folder_files",
    "shaped",
    "told_places",
    "with_system_prompt",
    "without_thoughts",
    "written",
    "zipped",
]
