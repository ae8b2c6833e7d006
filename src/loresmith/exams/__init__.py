"""Closed-book exams: set from facts, sat before and after training, marked by rule, compared."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.exams.abstention import AbstentionGrader
from loresmith.exams.base import Grader
from loresmith.exams.compare import (
    Accuracy,
    Comparison,
    ExamReport,
    HandMark,
    ReportItem,
    compare,
    regraded,
)
from loresmith.exams.exam import Exam
from loresmith.exams.figures import FigureGrader
from loresmith.exams.grading import grader_for, mark
from loresmith.exams.names import NameGrader
from loresmith.exams.retention import RetentionGrader, retention_items
from loresmith.exams.setting import ExamSheet, Material
from loresmith.exams.sitting import ExamPaper, PaperQuestion, ask_all, paper_of, sit

AnyGrader = Annotated[
    Annotated[
        FigureGrader | NameGrader | AbstentionGrader | RetentionGrader,
        Field(discriminator="type"),
    ],
    any_instance_of(Grader),
]

__all__ = [
    "AbstentionGrader",
    "Accuracy",
    "AnyGrader",
    "Comparison",
    "Exam",
    "ExamPaper",
    "ExamReport",
    "ExamSheet",
    "FigureGrader",
    "Grader",
    "HandMark",
    "Material",
    "NameGrader",
    "PaperQuestion",
    "ReportItem",
    "RetentionGrader",
    "ask_all",
    "compare",
    "grader_for",
    "mark",
    "paper_of",
    "regraded",
    "retention_items",
    "sit",
]
