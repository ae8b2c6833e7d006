"""Everything that can be known to fail is found before the first expensive act."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from loresmith.errors import (
    WRONG_USE,
    Conflict,
    LoresmithError,
    StoreError,
    TrainingError,
)
from loresmith.models import Embedded
from loresmith.models.base_models import BaseModelFacts, describe_base_model, require_disk_for
from loresmith.models.chat_templates import template_text
from loresmith.models.embedded import fetch_embedded
from loresmith.models.templates import check_chat_template
from loresmith.recipe import Recipe
from loresmith.training.stages import ROWS_OF
from loresmith.workspace.context import Context
from loresmith.workspace.doctor import training_findings
from loresmith.workspace.imported_rows import live_imports
from loresmith.workspace.steps.asking import asked_documents
from loresmith.workspace.steps.base import Step
from loresmith.workspace.steps.judging import is_judging, refuse_unsuited_judge
from loresmith.workspace.steps.parse import Parse, sources
from loresmith.workspace.steps.tags import is_wanted, source_of
from loresmith.workspace.writing import refuse_unsuited_teacher, teacher_of

_LEAST_FREE_BYTES = 200_000_000


def check_before_work(context: Context, steps: Sequence[Step]) -> None:
    """Raises one error that names every fault which the missing ones of `steps` would meet."""
    states = {step.name: step.state(context) for step in steps}
    # A step that has nothing to do waits for what the steps before it will bring.
    missing = {name for name, state in states.items() if not state.complete or state.total == 0}
    checks: list[Callable[[], object]] = [lambda: sources(context)]
    if missing:
        checks.append(lambda: check_disk(context))
    if (
        missing & {"generate", "fill"}
        or ("curate" in missing and is_judging(context))
        or (missing and "dataset" in missing)
        or ("tags" in missing and is_wanted(context) and source_of(context) == "teacher")
    ):
        checks.append(lambda: _check_teacher(context))
    if "curate" in missing:
        checks.append(lambda: refuse_unsuited_judge(context))
    found = [error for check in checks if (error := _error_of(check)) is not None]
    if missing & {"exam before", "train", "exam after"}:
        facts = _base_model(context, found)
        if context.recipe.training.chat_template is not None:
            found += template_obstacles(context.recipe, facts)
        if "train" in missing:
            found += stage_obstacles(context.recipe)
            found += training_obstacles(context.recipe, facts)
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [
            f"  {error.message}" + (f" ({error.hint})" if error.hint else "") for error in found
        ]
        wrong_use = any(isinstance(error, WRONG_USE) for error in found)
        kind = Conflict if wrong_use else LoresmithError
        raise kind("\n".join([f"{len(found)} things stand in the way:", *lines]))


def _error_of(check: Callable[[], object]) -> LoresmithError | None:
    try:
        check()
    except LoresmithError as error:
        return error
    return None


def _check_teacher(context: Context) -> None:
    """Opens the teacher, which finds a missing key or recording. Whether it answers is the first
    thing that `generate` finds out, beside its first calls.

    Whether the embedded model can write for the documents is told by reading them: no other
    teacher needs that, and none is opened for it. Imported rows alone need no teacher.
    """
    if live_imports(context) and not sources(context):
        return
    if isinstance(context.recipe.teacher, Embedded):
        Parse().run(context)
        refuse_unsuited_teacher(context, asked_documents(context))
        _fetch_embedded(context)
        return
    with teacher_of(context).open():
        pass


def _base_model(context: Context, found: list[LoresmithError]) -> BaseModelFacts | None:
    """What is known of the base model; what is wrong with it is added to `found`.

    A large model is only asked after; the embedded one, which is small, is fetched now.
    """
    name = context.recipe.base_model
    trouble = _error_of(lambda: _fetch_embedded(context)) if name == "embedded" else None
    try:
        facts = describe_base_model(name, context.settings)
    except LoresmithError as error:
        found.append(error)
        return None
    trouble = trouble or _error_of(lambda: require_disk_for(facts))
    found += [trouble] if trouble is not None else []
    return facts


def template_obstacles(recipe: Recipe, facts: BaseModelFacts | None) -> list[LoresmithError]:
    """Why rows cannot be written for a base model: told by its tokenizer where it is here, else
    only by whether there is such a template."""
    training = recipe.training
    if not training.stage.templated:
        return []
    if facts is None or facts.bytes_to_download or not facts.folder.is_dir():
        error = _error_of(lambda: template_text(training.chat_template))
    else:
        folder = facts.folder
        error = _error_of(lambda: check_chat_template(folder, training.chat_template))
    return [error] if error is not None else []


def training_obstacles(recipe: Recipe, facts: BaseModelFacts | None) -> list[TrainingError]:
    """What would end the recipe's training on this machine; a base model that is not here yet, or
    of which nothing is known, is compared with nothing."""
    base = facts.folder if facts is not None and not facts.bytes_to_download else None
    found = list(recipe.training.obstacles(base=base))
    if base is not None:
        found += recipe.training.wrong_names(base=base)
    traps = training_findings(recipe, facts)
    found += [TrainingError(one.message, hint=one.hint) for one in traps if one.wrong]
    return found


def stage_obstacles(recipe: Recipe) -> list[TrainingError]:
    """Why the recipe's training has no rows in a project, which writes conversations alone."""
    stage = recipe.training.stage
    if stage.in_project:
        return []
    return [
        TrainingError(
            f"training.stage {stage.type} needs {ROWS_OF[stage.shape]}, and a project writes "
            "conversations",
            hint="Train on a file of such rows with `loresmith train ROWS --output DIR --set "
            f"training.stage.type={stage.type}`, or set training.stage.type to sft.",
        )
    ]


def _fetch_embedded(context: Context) -> None:
    fetch_embedded(context.settings, on_progress=lambda words: context.tell("fetch", 0, 0, words))


def check_disk(context: Context) -> None:
    """Raises StoreError where the project's disk is nearly full."""
    free = shutil.disk_usage(context.project.folder).free
    if free < _LEAST_FREE_BYTES:
        raise StoreError(
            f"the disk under {context.project.folder} has only {free / 1e6:.0f} MB left",
            hint=f"Free at least {_LEAST_FREE_BYTES / 1e6:.0f} MB, then run again.",
        )
