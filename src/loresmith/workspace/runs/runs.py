"""The trainings of a project: to look at, to start, to stop, to go on with, to delete."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from loresmith.errors import Conflict, NotFound
from loresmith.records import Record
from loresmith.training import ShownRow, read_shown_row
from loresmith.training.sample_replies import SampleReply, read_samples
from loresmith.workspace.background import Background, BackgroundJob
from loresmith.workspace.forms import Form, form_of
from loresmith.workspace.recipes import change_recipe, changed_recipe, recipe_in
from loresmith.workspace.runs.checks import NotReady, Readiness, readiness
from loresmith.workspace.runs.curves import Curves, read_curves
from loresmith.workspace.runs.device_use import DeviceUse, device_use, trainer_of
from loresmith.workspace.runs.exports import EXPORT, ExportRequest, check_export
from loresmith.workspace.runs.listing import (
    RunSummary,
    folder_of,
    names_to_compare,
    run_named,
    state_of,
    summaries,
)
from loresmith.workspace.runs.settings import RunComparison, comparison_of
from loresmith.workspace.runs.starting import FORM_PATHS, StartOffer, start_offer
from loresmith.workspace.workspace import Workspace

_TRAINING_VERBS = ("train", "run", "exam")

TrainingVerb = Literal["train", "run"]
"""`train` ends with the weights; `run` goes on to the exam and the report."""


class RunLoss(Record):
    """What would be gone if a run were deleted."""

    id: str
    files: int
    bytes: int
    weights: bool
    """Whether trained weights are among them; to have them again, it is trained again."""
    report: bool
    """Whether an exam report is among them; replies and marks stay stored."""


class Runs:
    """The runs of one project, those of earlier recipes too."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> list[RunSummary]:
        """The newest first."""
        with self._workspace.opened() as context:
            return summaries(context)

    def get(self, run_id: str) -> RunSummary:
        """One run; raises NotFound."""
        for run in self.all():
            if run.id == run_id:
                return run
        raise NotFound(f"there is no run {run_id!r} in this project", hint="It may be deleted.")

    def curves(self, run_id: str, *, since: int = 0, log_id: str = "") -> Curves:
        """The points after step `since` of the log `log_id`; all of them where that is no longer
        the run's log. Raises NotFound."""
        folder = self._folder(run_id)
        return read_curves(folder, state=state_of(folder), since=since, log_id=log_id)

    def device_use(self, run_id: str) -> DeviceUse | None:
        """What the run's trainer uses now; None while none is at work. Raises NotFound."""
        pid = trainer_of(self._folder(run_id))
        return device_use(pid) if pid is not None else None

    def shown_row(self, run_id: str) -> ShownRow | None:
        """One row as the run trains it; None before it began. Raises NotFound."""
        return read_shown_row(self._folder(run_id))

    def sample_replies(self, run_id: str) -> list[SampleReply]:
        """What the model of a run answered to the same prompts as it learned. Raises NotFound."""
        return read_samples(self._folder(run_id) / "samples.jsonl")

    def recipe(self, run_id: str) -> str:
        """The whole recipe of a run as YAML. Raises NotFound."""
        with self._workspace.opened() as context:
            return run_named(context, run_id).recipe

    def compare(self, run_ids: Sequence[str]) -> RunComparison:
        """Two to six runs beside one another, with the settings that they differ in.

        Raises NotFound, and RecipeError for a number of runs that cannot be compared.
        """
        wanted = names_to_compare(run_ids)
        with self._workspace.opened() as context:
            recipes = [run_named(context, name).recipe for name in wanted]
            known = {run.id: run for run in summaries(context)}
        return comparison_of([known[name] for name in wanted], recipes)

    def form(self) -> Form:
        """The settings that a training follows from."""
        return form_of(self._workspace.recipe, *FORM_PATHS)

    def checks(self, changes: Mapping[str, Any] | None = None) -> Readiness:
        """What stands in the way of a training with `changes` to the recipe; nothing is done.

        Raises RecipeError for changes that are not valid.
        """
        return readiness(self._with(changes or {}))

    def offer(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        verb: TrainingVerb = "run",
        with_folder: bool = True,
    ) -> StartOffer:
        """The command and the YAML that a start with `changes` stands for.

        Without `with_folder`, the command has the folder's name alone, for whoever need not know
        where things are on this machine. Raises RecipeError.
        """
        changed = self._with(changes or {})
        form = form_of(changed.recipe, *FORM_PATHS)
        folder = self._workspace.project.folder
        place = str(folder) if with_folder else folder.name
        return start_offer(self._workspace, changes or {}, form, verb=verb, place=place)

    def start(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        verb: TrainingVerb = "run",
        expected: str | None = None,
        only_if_ready: bool = False,
    ) -> str:
        """Writes `changes` into the recipe and queues the training; returns the job's id.

        What comes before a training, and is missing, is done first. Raises RecipeError, and
        Conflict where the recipe is no longer that of the `recipe_etag` that is `expected`. With
        `only_if_ready`, raises NotReady where a check has found a fault, and changes nothing.
        """
        if only_if_ready and not (found := self.checks(changes)).ready:
            raise NotReady(found)
        if changes:
            change_recipe(self._workspace.project.folder, changes, expected=expected)
        return Background(Workspace(self._workspace.project.folder)).submit(verb)

    def resume(self, run_id: str, *, verb: TrainingVerb = "run") -> str:
        """Queues a run again, by its own recipe; it goes on after its last checkpoint.

        Returns the job's id. Raises NotFound, and Conflict for a run that is at work or examined.
        """
        run = self.get(run_id)
        if run.state in ("training", "examined"):
            raise Conflict(
                f"{run_id} is {'at work' if run.state == 'training' else 'finished'} already",
                hint="Change a setting or the seed for another run.",
            )
        recipe = recipe_in(self.recipe(run_id))
        return Background(self._workspace).submit(verb, recipe=recipe)

    def export(self, run_id: str, request: ExportRequest | None = None) -> str:
        """Queues the export of a trained run into its folder `export`; returns the job's id.

        Raises NotFound, and Conflict for a run that is not trained.
        """
        folder = self._folder(run_id)
        wanted = request or ExportRequest()
        check_export(folder, wanted)
        run = folder.relative_to(self._workspace.project.folder).as_posix()
        details = {"export": wanted.model_dump(mode="json"), "run": run}
        return Background(self._workspace).submit(EXPORT, details=details)

    def again(self) -> BackgroundJob:
        """Lets the latest job that failed or was stopped go on from where it stopped, by its own
        settings. Raises Conflict where there is none."""
        job = self.job()
        if job is None or job.state not in ("failed", "cancelled"):
            raise Conflict("no training has failed or was stopped", hint="Start a new one.")
        return Background(self._workspace).retry(job.id)

    def job(self) -> BackgroundJob | None:
        """The job that trains or will: the one at work, else the next, else the latest that was."""
        jobs = [j for j in Background(self._workspace).jobs() if j.verb in _TRAINING_VERBS]
        for state in ("running", "queued"):
            for job in jobs:
                if job.state == state:
                    return job
        return jobs[-1] if jobs else None

    def stop(self) -> BackgroundJob:
        """Asks the training that is at work, or waits, to stop; a checkpoint is saved first.

        Raises Conflict when there is none.
        """
        job = self.job()
        if job is None or job.is_over:
            raise Conflict("no training is at work", hint="It may have ended just now.")
        return Background(self._workspace).cancel(job.id)

    def loss_of(self, run_id: str) -> RunLoss:
        """What deleting a run would lose. Raises NotFound."""
        folder = self._folder(run_id)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return RunLoss(
            id=run_id,
            files=len(files),
            bytes=sum(path.stat().st_size for path in files),
            weights=(folder / "adapter").is_dir() or (folder / "model").is_dir(),
            report=(folder / "report.json").exists(),
        )

    def delete(self, run_id: str) -> RunLoss:
        """Deletes a run's folder: weights, checkpoints, logs, report. Returns what is lost.

        Raises NotFound, and Conflict while it is trained.
        """
        folder = self._folder(run_id)
        if trainer_of(folder) is not None:
            raise Conflict(f"{run_id} is being trained", hint="Stop it, then delete it.")
        lost = self.loss_of(run_id)
        shutil.rmtree(folder)
        return lost

    def _folder(self, run_id: str) -> Path:
        with self._workspace.opened() as context:
            return folder_of(context, run_named(context, run_id))

    def _with(self, changes: Mapping[str, Any]) -> Workspace:
        if not changes:
            return self._workspace
        recipe = changed_recipe(self._workspace.recipe, changes)
        return Workspace(self._workspace.project.folder, recipe=recipe)
