"""The facade: a project, its recipe, and the verbs that work on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loresmith.errors import Conflict, NotFound
from loresmith.recipe import Recipe
from loresmith.settings import load_settings
from loresmith.workspace.context import Context
from loresmith.workspace.progress import ProgressListener, silent
from loresmith.workspace.project import Project
from loresmith.workspace.recipes import load_recipe
from loresmith.workspace.steps import STAGES
from loresmith.workspace.steps.asking import ask
from loresmith.workspace.steps.base import StepState
from loresmith.workspace.steps.examine import ExamineTuned

if TYPE_CHECKING:
    from loresmith.jobs.worker import Attempt
    from loresmith.workspace.report.model import RunReport


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

    def run(self, *, on_progress: ProgressListener = silent) -> RunReport:
        """The whole main job; returns the report. What is done already is not done again."""
        report = self.do("run", on_progress=on_progress).report
        assert report is not None  # the stage `run` ends with the report
        return report

    def do(self, verb: str, *, on_progress: ProgressListener = silent) -> Outcome:
        """Does what is missing of a verb's steps, as one job; raises what stops it."""
        with self.opened(on_progress) as context:
            self._as_job(context, verb)
            return self._outcome(context, verb)

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
        from loresmith.jobs.worker import carry_out
        from loresmith.jobs.worker_name import worker_name

        queue = Queue(context.engine, project_id=context.project_id)
        queue.take_over_dead()
        job_id = queue.submit(verb, {"recipe": self.recipe.model_dump(mode="json")})
        claim = queue.claim(worker_name(), job_id=job_id, alone=True)
        if claim is None:
            queue.cancel(job_id)
            raise Conflict(
                "another process has just begun to work on this project",
                hint="Wait for it, or stop it; what it finished is kept.",
            )

        def body(_payload: Mapping[str, Any], attempt: Attempt) -> None:
            context.check = attempt.check
            listener = context.on_progress

            def tell(progress: Any) -> None:
                attempt.report(**progress._asdict())
                listener(progress)

            context.on_progress = tell
            self._work(context, verb)

        carry_out(queue, claim, body)

    def _work(self, context: Context, verb: str) -> None:
        from loresmith.workspace.preflight import check_before_work

        if verb == "report":
            self._require_exams(context)
        ask(context, verb)
        check_before_work(context, STAGES[verb])
        for step in STAGES[verb]:
            context.check()
            if not step.state(context).complete:
                with context.timed(step.name):
                    step.run(context)

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
