"""The result of a run: report.json (`RunReport`), report.html and the table in the terminal."""

from __future__ import annotations

from loresmith.workspace.report.model import (
    DatasetSummary,
    DocumentSummary,
    Failure,
    RunReport,
    RunSummary,
    RunUsage,
    TrainingSummary,
)
from loresmith.workspace.report.page import render_page
from loresmith.workspace.report.terminal import print_report

__all__ = [
    "DatasetSummary",
    "DocumentSummary",
    "Failure",
    "RunReport",
    "RunSummary",
    "RunUsage",
    "TrainingSummary",
    "print_report",
    "render_page",
]
