"""The datasets of a project: their versions, what changed between them, files in and files out."""

from loresmith.datasets.comparing import ChangeKind
from loresmith.datasets.exporting import EXPORT_FORMS, FILE_KINDS, VALUES, ExportForm, FileKind
from loresmith.datasets.mapping import PARTS, RowMapping
from loresmith.workspace.datasets.changes import ChangedRow, Comparison
from loresmith.workspace.datasets.datasets import Datasets, RowsPage
from loresmith.workspace.datasets.exports import (
    ExportedFile,
    ExportPreview,
    ExportSettings,
    export_settings_of,
)
from loresmith.workspace.datasets.folders import (
    ChosenFile,
    FolderFile,
    FolderImport,
    Folders,
    NamedFile,
    files_in,
    import_path,
    unpacked,
)
from loresmith.workspace.datasets.import_report import BadRow, ImportPreview, ImportReport, Upload
from loresmith.workspace.datasets.imports import Imports
from loresmith.workspace.datasets.next_version import NextVersion
from loresmith.workspace.datasets.uploads import plain_name
from loresmith.workspace.datasets.versions import DatasetVersion, RunOfVersion
from loresmith.workspace.frozen_rows import RowFilter

__all__ = [
    "EXPORT_FORMS",
    "FILE_KINDS",
    "PARTS",
    "VALUES",
    "BadRow",
    "ChangeKind",
    "ChangedRow",
    "ChosenFile",
    "Comparison",
    "DatasetVersion",
    "Datasets",
    "ExportForm",
    "ExportPreview",
    "ExportSettings",
    "ExportedFile",
    "FileKind",
    "FolderFile",
    "FolderImport",
    "Folders",
    "ImportPreview",
    "ImportReport",
    "Imports",
    "NamedFile",
    "NextVersion",
    "RowFilter",
    "RowMapping",
    "RowsPage",
    "RunOfVersion",
    "Upload",
    "export_settings_of",
    "files_in",
    "import_path",
    "plain_name",
    "unpacked",
]
