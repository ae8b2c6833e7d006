"""What stands in the way of a training, and how long it would be, told without doing any of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from loresmith.errors import Conflict, DocumentError, LoresmithError
from loresmith.models.base_models import BaseModelFacts, check_base_model
from loresmith.recipe import Recipe
from loresmith.records import Record
from loresmith.settings import Settings, secret
from loresmith.training.memory import MemoryEstimate
from loresmith.training.plan import make_plan
from loresmith.workspace.background import Background
from loresmith.workspace.context import Context
from loresmith.workspace.doctor import training_findings
from loresmith.workspace.documents.estimate import Estimate as WritingEstimate
from loresmith.workspace.documents.estimate import estimate_of_start
from loresmith.workspace.preflight import check_disk, stage_obstacles, training_obstacles
from loresmith.workspace.runs.listing import RunSummary, summaries
from loresmith.workspace.steps import STAGES
from loresmith.workspace.steps.dataset import dataset
from loresmith.workspace.steps.parse import sources
from loresmith.workspace.training_estimate import memory_of
from loresmith.workspace.workspace import Workspace

_REMEMBERED_SECONDS = 300
"""How long what a hub said of a model is taken for true."""

Severity = Literal["fault", "warning", "fine"]


class Check(Record):
    """One thing that was looked at."""

    subject: Literal[
        "documents", "rows", "teacher", "base_model", "training", "disk", "memory", "jobs", "run"
    ]
    severity: Severity
    """With a `fault` a training is not started; a `warning` is worth knowing before it is."""
    message: str = ""
    """What was found, in English; empty where all is well."""
    hint: str = ""
    """What to do about it."""
    values: dict[str, str] = Field(default_factory=dict)
    """The names and figures of the message, for who says it in another language; empty where the
    words are those of an error."""


class Estimate(Record):
    """How long a training would be. None stands for what cannot be known yet."""

    rows: int | None = None
    """Rows that are learned, less those that are too long for `training.max_length`."""
    validation_rows: int | None = None
    steps: int | None = None
    """Optimizer steps, unless practice ends it earlier."""
    epochs: float | None = None
    warmup_steps: int | None = None
    learning_rate: float | None = None
    """At its peak."""
    parameters: int | None = None
    """Of the base model."""
    seconds: float | None = None
    """By the speed of an earlier run of the same base model and method; practice not counted."""
    judged_by: str = ""
    """The id of that run."""


class Readiness(Record):
    """Whether a training can start, and what it would be."""

    checks: tuple[Check, ...]
    estimate: Estimate
    memory: MemoryEstimate | None = None
    """What it needs of the device's memory, by part; None where it is not known."""
    writing: WritingEstimate | None = None
    """What the teacher is asked first, as far as it can be said; None where nothing is missing."""

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not any(check.severity == "fault" for check in self.checks)


class NotReady(Conflict):
    """A training is not started: something stands in the way."""

    def __init__(self, readiness: Readiness) -> None:
        self.faults = tuple(one for one in readiness.checks if one.severity == "fault")
        super().__init__(self.faults[0].message, hint=self.faults[0].hint)


def readiness(workspace: Workspace) -> Readiness:
    """Looks at documents, rows, models, disk, memory and other jobs; changes nothing."""
    with workspace.opened() as context:
        model = _Asked(lambda: _facts(context.recipe.base_model, context.settings))
        memory = _memory_estimate(context, model.facts)
        checks = (
            _check("documents", lambda: sources(context)),
            *_rows(context),
            *_base_model(model),
            *_training(context.recipe, model.facts),
            _check("disk", lambda: check_disk(context)),
            *_memory(memory),
            *_run_of_today(context),
        )
        estimate, writing = _estimate(context, model.facts), _writing(context)
    checks = (*checks, *_other_jobs(workspace))
    return Readiness(checks=checks, estimate=estimate, memory=memory, writing=writing)


def _writing(context: Context) -> WritingEstimate | None:
    """What writing the questions takes that are missing; documents not read yet are no part."""
    try:
        told = estimate_of_start(context)
    except LoresmithError:  # what is wrong with the documents is told by its own check
        return None
    return told if told.calls else None


class _Asked:
    """The base model's facts, or why there are none."""

    def __init__(self, ask: Callable[[], BaseModelFacts]) -> None:
        self.facts: BaseModelFacts | None = None
        self.error: LoresmithError | None = None
        try:
            self.facts = ask()
        except LoresmithError as error:
            self.error = error


def _facts(name: str, settings: Settings) -> BaseModelFacts:
    if name == "embedded" or Path(name).expanduser().exists():
        return check_base_model(name, settings)
    return _from_hub(name, settings, int(time.monotonic() / _REMEMBERED_SECONDS))


@lru_cache(maxsize=32)
def _from_hub(name: str, settings: Settings, _period: int) -> BaseModelFacts:
    return check_base_model(name, settings)


def _check(subject: Literal["documents", "disk"], look: Callable[[], object]) -> Check:
    try:
        look()
    except LoresmithError as error:
        return Check(subject=subject, severity="fault", message=error.message, hint=error.hint)
    return Check(subject=subject, severity="fine")


def _rows(context: Context) -> Iterator[Check]:
    """Rows that are there already, or what must be written first and by whom."""
    try:
        missing = _steps_to_rows(context)
    except DocumentError:  # told by the check of the documents
        missing = [step.name for step in STAGES["dataset"]]
    if not missing:
        yield Check(subject="rows", severity="fine")
        return
    yield Check(
        subject="rows",
        severity="warning",
        message=f"there is no dataset of today's rows yet: first comes {', '.join(missing)}",
        hint="It is done before the training, as part of the same job.",
        values={"steps": ",".join(missing)},
    )
    if "generate" in missing:
        yield from _teacher(context)


def _steps_to_rows(context: Context) -> list[str]:
    """What is missing before there is a dataset of today's rows."""
    if dataset(context) is not None:
        return []
    states = {step.name: step.state(context) for step in STAGES["dataset"]}
    # A step that has nothing to do waits for what the steps before it will bring.
    return [name for name, state in states.items() if not state.complete or state.total == 0]


def _teacher(context: Context) -> Iterator[Check]:
    teacher = context.recipe.teacher
    key_env = getattr(teacher, "key_env", None)
    if key_env and not secret(key_env):
        yield Check(
            subject="teacher",
            severity="fault",
            message=f"the teacher needs a key, and {key_env} is not set",
            hint="Enter the key on the page Models, or set it in the environment.",
            values={"variable": key_env},
        )
    else:
        yield Check(subject="teacher", severity="fine")


def _base_model(model: _Asked) -> Iterator[Check]:
    if model.error is not None:
        yield Check(
            subject="base_model",
            severity="fault",
            message=model.error.message,
            hint=model.error.hint,
        )
    elif model.facts is not None and model.facts.bytes_to_download:
        size = model.facts.bytes_to_download / 1e6
        yield Check(
            subject="base_model",
            severity="warning",
            message=f"the base model is not here yet: {size:,.0f} MB are downloaded first",
            values={"size": f"{size:,.0f} MB"},
        )
    else:
        yield Check(subject="base_model", severity="fine")


def _training(recipe: Recipe, facts: BaseModelFacts | None) -> Iterator[Check]:
    for error in (*stage_obstacles(recipe), *training_obstacles(recipe, facts)):
        yield Check(subject="training", severity="fault", message=error.message, hint=error.hint)
    for one in training_findings(recipe, facts):
        if not one.wrong:
            yield Check(subject="training", severity="warning", message=one.message, hint=one.hint)


def _memory(estimate: MemoryEstimate | None) -> Iterator[Check]:
    """Whether the longest row that is allowed can be learned; nothing where that is not known."""
    if estimate is None:
        return
    if estimate.fits:
        yield Check(subject="memory", severity="fine")
        return
    needed, free = f"{estimate.needed / 1e9:.1f} GB", f"{estimate.free / 1e9:.1f} GB"
    yield Check(
        subject="memory",
        severity="warning",
        message=f"about {needed} of memory are needed, and {free} are free",
        hint="Take a smaller base model, the method lora, quantization, or a lower max_length.",
        values={"needed": needed, "free": free},
    )


def _memory_estimate(context: Context, facts: BaseModelFacts | None) -> MemoryEstimate | None:
    if facts is None:
        return None
    try:
        return memory_of(context.recipe, facts, context.settings)
    except LoresmithError:  # told by the check of the base model, or of a model unlike all others
        return None


def _run_of_today(context: Context) -> Iterator[Check]:
    today = next((run for run in summaries(context) if run.current), None)
    if today is not None and today.state in ("trained", "examined"):
        yield Check(
            subject="run",
            severity="warning",
            message=f"{today.id} was trained with these very rows and settings",
            hint="It is not trained again; change a setting or the seed for another run.",
            values={"run": today.id},
        )


def _other_jobs(workspace: Workspace) -> Iterator[Check]:
    waiting = [job for job in Background(workspace).jobs() if not job.is_over]
    if waiting:
        verbs = ", ".join(job.verb for job in waiting)
        yield Check(
            subject="jobs",
            severity="warning",
            message=f"another job is at work or waits: {verbs}",
            hint="This one begins when that is done.",
            values={"verbs": verbs},
        )


def _estimate(context: Context, facts: BaseModelFacts | None) -> Estimate:
    try:
        frozen = dataset(context)
    except DocumentError:
        frozen = None
    parameters = facts.parameters if facts is not None else None
    if frozen is None:
        return Estimate(parameters=parameters)
    learned = frozen.rows
    method = context.recipe.training
    plan = make_plan(method, rows=max(learned, 1), parameters=parameters or 1)
    like = _fastest_guide(context)
    return Estimate(
        rows=learned,
        validation_rows=frozen.validation_rows,
        steps=plan.total_steps,
        epochs=round(plan.epoch(plan.total_steps), 2),
        warmup_steps=plan.warmup_steps,
        learning_rate=plan.learning_rate if parameters or method.learning_rate else None,
        parameters=parameters,
        seconds=_seconds(like, plan.total_steps * method.batch_size),
        judged_by=like.id if like is not None else "",
    )


def _fastest_guide(context: Context) -> RunSummary | None:
    """The newest finished run whose speed tells something about this one's."""
    recipe = context.recipe
    method = recipe.training.type
    return next(
        (
            run
            for run in summaries(context)
            if run.seconds and run.base_model == recipe.base_model and run.method == method
        ),
        None,
    )


def _seconds(like: RunSummary | None, rows_in_all: int) -> float | None:
    if like is None or like.seconds is None or not like.step:
        return None
    batch = int(like.settings.get("batch_size", 8))
    return like.seconds / (like.step * batch) * rows_in_all
