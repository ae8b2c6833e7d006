"""How far a job is holds over its attempts, and is true at the end of each step."""

from __future__ import annotations

import json
from typing import Any

from loresmith.workspace.job_progress import JobProgress
from loresmith.workspace.progress import Progress
from loresmith.workspace.steps.base import StepState

STEPS = ("generate", "dataset", "train")


class Told:
    """What was passed on last."""

    def __call__(self, **told: Any) -> None:
        self.last = json.loads(json.dumps(told))

    def __getitem__(self, step: str) -> tuple[int, int]:
        return self.last["steps"][step]["done"], self.last["steps"][step]["total"]


def interrupted() -> Told:
    """An attempt that was stopped in the middle of a training."""
    told = Told()
    progress = JobProgress(STEPS, told)
    progress.found("generate", StepState(39, 39))
    progress.begin("dataset", StepState(0, 1))
    progress.end("dataset", StepState(1, 1))
    progress.begin("train", StepState(0, 1))
    progress.tell(Progress("train", 35, 400, "loss 1.2"))
    return told


def test_a_step_that_says_nothing_of_itself_is_done_at_its_end() -> None:
    assert interrupted()["dataset"] == (1, 1)


def test_a_further_attempt_begins_where_the_last_one_stopped() -> None:
    told = Told()
    progress = JobProgress(STEPS, told, before=interrupted().last["steps"])
    assert [told[step] for step in STEPS] == [(39, 39), (1, 1), (35, 400)]
    progress.begin("train", StepState(0, 1))
    assert told["train"] == (35, 400), "the training goes on from its checkpoint"
    assert told.last["steps"]["train"]["began_at"] == 35, "a rate is that of this attempt"
    progress.tell(Progress("train", 36, 400))
    assert told["train"] == (36, 400)
    progress.end("train", StepState(1, 1))
    assert told["train"] == (1, 1)


def test_what_has_to_be_done_again_is_told_as_it_is() -> None:
    told = Told()
    progress = JobProgress(STEPS, told, before=interrupted().last["steps"])
    progress.begin("generate", StepState(12, 50))
    assert told["generate"] == (12, 50)
