"""The steps of the trade, one a file, and which of them each verb goes through."""

from __future__ import annotations

from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.chunk import ChunkDocuments
from loresmith.workspace.steps.curate import Curate
from loresmith.workspace.steps.dataset import FreezeDataset
from loresmith.workspace.steps.examine import ExamineBase, ExamineTuned
from loresmith.workspace.steps.fill import Fill
from loresmith.workspace.steps.generate import Generate
from loresmith.workspace.steps.parse import Parse
from loresmith.workspace.steps.report import WriteReport
from loresmith.workspace.steps.tags import MakeTree
from loresmith.workspace.steps.train import Train

_WRITING: tuple[Step, ...] = (Parse(), ChunkDocuments(), Generate(), Curate(), FreezeDataset())
_ALL = (*_WRITING, ExamineBase(), Train(), ExamineTuned(), WriteReport())

STAGES: dict[str, tuple[Step, ...]] = {
    "parse": _WRITING[:1],
    "chunk": _WRITING[:2],
    "tags": (_WRITING[0], MakeTree()),
    "generate": _WRITING[:3],
    "curate": _WRITING[:4],
    "fill": (*_WRITING[:4], Fill()),
    "dataset": _WRITING,
    "train": (*_WRITING, Train()),
    "exam": _ALL,
    "report": _ALL,
    "run": _ALL,
}

__all__ = ["STAGES", "Step", "StepState"]
