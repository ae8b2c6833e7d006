"""The facade: a project, its recipe, and the verbs that work on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loresmith.errors import Conflict, LoresmithError, NotFound
from loresmith.models import Embedded
from loresmith.recipe import Recipe
from loresmith.settings import load_settings
from loresmith.workspace.context import Context
from loresmith.workspace.job_progress import JobProgress
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.project import Project
from loresmith.workspace.recipes import load_recipe
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps import STAGES
from loresmith.workspace.steps.asking import ask
from loresmith.workspace.steps.base import StepState
from loresmith.workspace.steps.examine import ExamineTuned

if TYPE_CHECKING:
    from loresmith.jobs.job import Claim
    from loresmith.jobs.queue import Queue
    from loresmith.jobs.worker import Attempt
    from loresmith.workspace.report.model import RunReport


_RENEW_SECONDS = 1.0
"""How often a job at work writes how far it is, and looks whether it was cancelled."""


class Outcome(NamedTuple):
    """What a verb brought: each step's state, and the report if the run is finished."""

    states: Mapping[str, StepState]
    report: RunReport | None = None
    folder: Path | None = None
    """The run's folder, if there is one."""

    @property
    def complete(self) -> bool:
        """False when something is missing; `states` says what and why."""
        return all(state.complete for state in self.states.values())


class Workspace:
    """One project folder with the recipe to work by.

    `recipe` is a Recipe, a path, or None for FOLDER/loresmith.yaml (the defaults where there is
    none). `teacher`, `base_model`, `seed` and `overrides` (`key.path=value`) change it.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        recipe: Recipe | str | Path | None = None,
        overrides: Sequence[str] = (),
        teacher: str | None = None,
        base_model: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.project = Project.at(Path(folder).expanduser())
        if isinstance(recipe, Recipe):
            recipe_path, changed = None, recipe
            if overrides or teacher or base_model or seed is not None:
                raise TypeError("give either a Recipe or changes to one")
            self.recipe = changed
        else:
            recipe_path = Path(recipe) if recipe is not None else self._own_recipe()
            self.recipe = load_recipe(
                recipe_path, overrides, teacher=teacher, base_model=base_model, seed=seed
            )

    @classmethod
    def as_last_used(cls, folder: str | Path) -> Workspace:
        """The project with its own recipe; where it has none, with that of its latest job."""
        from loresmith.jobs.queue import Queue

        workspace = cls(folder)
        if workspace.project.recipe.exists() or not workspace.project.state.exists():
            return workspace
        with workspace.opened() as context:
            jobs = Queue(context.engine, project_id=context.project_id).jobs()
        recipes = [job.payload["recipe"] for job in jobs if "recipe" in job.payload]
        return cls(folder, recipe=Recipe.build(recipes[-1])) if recipes else workspace

    def run(self, *, on_progress: ProgressListener = silent) -> RunReport:
        """The whole main job; returns the report. What is done already is not done again."""
        report = self.do("run", on_progress=on_progress).report
        assert report is not None  # the stage `run` ends with the report
        return report

    def do(
        self, verb: str, *, scope: Scope | None = None, on_progress: ProgressListener = silent
    ) -> Outcome:
        """Does what is missing of a verb's steps, as one job that `scope` may narrow; raises what
        stops it."""
        with self.opened(on_progress) as context:
            context.scope = scope or context.scope
            self._as_job(context, verb)
            return self._outcome(context, verb)

    def carry_out(self, queue: Queue, claim: Claim, verb: str, context: Context) -> None:
        """Does what is missing of a verb's steps under a claim of the queue, and closes the job.

        Raises what stops it: JobCancelled, LeaseLost, or what a step ran into.
        """
        from loresmith.jobs.worker import carry_out

        def body(_payload: Mapping[str, Any], attempt: Attempt) -> None:
            before = queue.job(claim.job_id).progress.get("steps")
            names = [step.name for step in STAGES[verb]]
            progress = JobProgress(names, attempt.report, before=before)
            asked, listener = context.check, context.on_progress

            def tell(told: Progress) -> None:
                progress.tell(told)
                listener(told)

            def check() -> None:
                asked()
                attempt.check()

            context.check, context.on_progress = check, tell
            context.job = claim.job_id
            try:
                self._work(context, verb, progress)
            except LoresmithError as error:
                progress.stop(error)
                raise
            progress.close({step.name: step.state(context) for step in STAGES[verb]})

        carry_out(queue, claim, body, renew_seconds=_RENEW_SECONDS)

    def status(self) -> Mapping[str, StepState]:
        """How far each step is; reads only."""
        with self.opened() as context:
            return {step.name: step.state(context) for step in STAGES["run"]}

    @contextmanager
    def opened(self, on_progress: ProgressListener = silent) -> Iterator[Context]:
        """The project's store and recipe, ready to be read; nothing is worked off."""
        from loresmith.database import sqlite_url
        from loresmith.store.sql import SqlStore
        from loresmith.workspace.engines import engine_of

        settings = load_settings()
        project_id = self.project.prepare()
        engine = engine_of(settings.database_url or sqlite_url(self.project.database))
        yield Context(
            project=self.project,
            project_id=project_id,
            recipe=self.recipe,
            settings=settings,
            store=SqlStore(engine, project_id=project_id),
            engine=engine,
            on_progress=on_progress,
        )

    @contextmanager
    def context_after(self, verb: str) -> Iterator[Context]:
        """The context of this project once what is missing of `verb` is done."""
        with self.opened() as context:
            self._work(context, verb)
            yield context

    def _as_job(self, context: Context, verb: str) -> None:
        from loresmith.jobs.queue import Queue
        from loresmith.jobs.worker_name import worker_name
        from loresmith.workspace.background import Background

        queue = Queue(context.engine, project_id=context.project_id)
        queue.take_over_dead()
        payload = {
            "recipe": self.recipe.model_dump(mode="json"),
            "scope": context.scope.model_dump(mode="json"),
        }
        job_id = queue.submit(verb, payload)
        claim = queue.claim(worker_name(), job_id=job_id, alone=True)
        if claim is None:
            queue.cancel(job_id)
            raise Conflict(
                "another process has just begun to work on this project",
                hint="Wait for it, or stop it; what it finished is kept.",
            )

        try:
            self.carry_out(queue, claim, verb, context)
        finally:
            Background(self).recover()  # its jobs have waited for this one

    def _work(self, context: Context, verb: str, progress: JobProgress | None = None) -> None:
        from loresmith.workspace.preflight import check_before_work

        if verb == "report":
            self._require_exams(context)
        ask(context, verb)
        check_before_work(context, STAGES[verb])
        progress = progress or JobProgress([step.name for step in STAGES[verb]], lambda **_: None)
        for step in STAGES[verb]:
            context.check()
            state = step.state(context)
            if state.complete:
                progress.found(step.name, state)
                continue
            progress.begin(step.name, state)
            self._tell_what_it_takes(context, step.name, state)
            with context.timed(step.name):
                step.run(context)
            progress.end(step.name, step.state(context))

    def _tell_what_it_takes(self, context: Context, step: str, state: StepState) -> None:
        """Says what a step that asks the teacher is going to cost, before its first call."""
        from loresmith.workspace.documents.estimate import estimate_of_fill, estimate_of_start
        from loresmith.workspace.steps.fill import planned

        if step == "generate":
            told = estimate_of_start(context)
        elif step == "fill" and not isinstance(context.recipe.teacher, Embedded):
            told = estimate_of_fill(context, list(planned(context)))
        else:
            return
        if told.calls:
            said = told.words + (f"; beware: {told.beyond_budget}" if told.beyond_budget else "")
            context.pass_on(Progress(step, state.done, state.total, told.words, said=said))

    def _require_exams(self, context: Context) -> None:
        """A report is shown, not worked for: raises NotFound where the exams are not sat."""
        if ExamineTuned().state(context).complete:
            return
        others = sorted(self.project.runs.glob("*/report.html"))
        raise NotFound(
            "there is no finished run of today's documents with this recipe",
            hint="`loresmith run` with the same options makes one."
            + "".join(f"\nThe report of another run: {path}" for path in others),
        )

    def _outcome(self, context: Context, verb: str) -> Outcome:
        from loresmith.workspace.steps.report import finished_report
        from loresmith.workspace.steps.train import run_folder

        states = {step.name: step.state(context) for step in STAGES[verb]}
        if verb not in ("run", "report", "exam"):
            return Outcome(states)
        return Outcome(states, finished_report(context), run_folder(context))

    def _own_recipe(self) -> Path | None:
        return self.project.recipe if self.project.recipe.exists() else None
