"""Trainings and their exams, as lists, curves and results: what the pages Train and Exam show."""

from loresmith.training.sample_replies import SampleReply
from loresmith.workspace.runs.checks import Check, Estimate, NotReady, Readiness
from loresmith.workspace.runs.comparing import ExamComparison
from loresmith.workspace.runs.curves import Curves
from loresmith.workspace.runs.device_use import DeviceUse
from loresmith.workspace.runs.exams import Exams
from loresmith.workspace.runs.exports import ExportRequest
from loresmith.workspace.runs.items import ItemDetail, ItemFilter, ItemRow
from loresmith.workspace.runs.listing import RunState, RunSummary
from loresmith.workspace.runs.result import ExamResult
from loresmith.workspace.runs.runs import RunLoss, Runs
from loresmith.workspace.runs.settings import ComparedSetting, RunComparison
from loresmith.workspace.runs.starting import FORM_PATHS, StartOffer

__all__ = [
    "FORM_PATHS",
    "Check",
    "ComparedSetting",
    "Curves",
    "DeviceUse",
    "Estimate",
    "ExamComparison",
    "ExamResult",
    "Exams",
    "ExportRequest",
    "ItemDetail",
    "ItemFilter",
    "ItemRow",
    "NotReady",
    "Readiness",
    "RunComparison",
    "RunLoss",
    "RunState",
    "RunSummary",
    "Runs",
    "SampleReply",
    "StartOffer",
]
