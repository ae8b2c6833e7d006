"""Exports a run in the background: pages and programs ask for it, and a worker does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from loresmith.errors import Conflict, LoresmithError
from loresmith.records import Record
from loresmith.workspace.candidates import is_trained
from loresmith.workspace.exporting import export_model, exporter_of
from loresmith.workspace.job_progress import JobProgress
from loresmith.workspace.progress import Progress, ProgressListener
from loresmith.workspace.steps.base import StepState

if TYPE_CHECKING:
    from loresmith.jobs.job import Claim
    from loresmith.jobs.queue import Queue
    from loresmith.jobs.worker import Attempt

EXPORT = "export"
"""The kind of such a job, and the folder within the run that it writes."""


class ExportRequest(Record):
    """How a run is to be exported; it goes into the run's folder `export`."""

    form: Literal["merged", "adapter"] = "merged"
    """Whole weights, or the adapter alone."""
    dtype: Literal["bfloat16", "float16", "float32"] | None = None
    """Number format of whole weights; that of the base model when null."""
    language: Literal["en", "zh"] = "en"
    """Of the model card."""


def check_export(folder: Path, request: ExportRequest) -> None:
    """Raises Conflict for a run that is not trained, or has no adapter to export alone."""
    if not is_trained(folder):
        raise Conflict(f"{folder.name} is not trained yet", hint="Train it to its end first.")
    if request.form == "adapter" and not (folder / "adapter").is_dir():
        raise Conflict(
            f"{folder.name} has whole weights, and no adapter", hint="Export it as merged."
        )


def carry_out_export(
    queue: Queue,
    claim: Claim,
    *,
    project: Path,
    check: Callable[[], None],
    on_progress: ProgressListener,
) -> None:
    """Does an export under a claim of the queue, and closes the job; raises what stops it."""
    from loresmith.jobs.worker import carry_out

    def body(payload: Mapping[str, Any], attempt: Attempt) -> None:
        told = JobProgress([EXPORT], attempt.report)

        def listen(progress: Progress) -> None:
            check()
            attempt.check()
            told.tell(progress)
            on_progress(progress)

        asked = ExportRequest.model_validate(payload["export"])
        run = project / payload["run"]
        told.begin(EXPORT, StepState(0, 1))
        settings = {"dtype": asked.dtype} if asked.form == "merged" else {}
        try:
            export_model(
                run,
                run / EXPORT,
                exporter=exporter_of(asked.form, **settings),
                language=asked.language,
                on_progress=listen,
            )
        except LoresmithError as error:
            told.stop(error)
            raise
        told.close({EXPORT: StepState(1, 1)})

    carry_out(queue, claim, body)
