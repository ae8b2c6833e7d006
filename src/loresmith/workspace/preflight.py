"""Everything that can be known to fail is found before the first expensive act."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from loresmith.errors import LoresmithError, StoreError
from loresmith.models import Embedded
from loresmith.models.base_models import describe_base_model
from loresmith.workspace.context import Context
from loresmith.workspace.steps.base import Step
from loresmith.workspace.steps.parse import Parse, sources
from loresmith.workspace.writing import refuse_unsuited_teacher, teacher_of

_LEAST_FREE_BYTES = 200_000_000


def check_before_work(context: Context, steps: Sequence[Step]) -> None:
    """Raises one error that names every fault which the missing ones of `steps` would meet."""
    missing = {step.name for step in steps if not step.state(context).complete}
    checks: list[Callable[[], object]] = [lambda: sources(context)]
    if missing:
        checks.append(lambda: _check_disk(context))
    if "generate" in missing or (missing and "dataset" in missing):
        checks.append(lambda: _check_teacher(context))
    if missing & {"exam before", "train", "exam after"}:
        checks.append(lambda: describe_base_model(context.recipe.base_model, context.settings))
    found = [error for check in checks if (error := _error_of(check)) is not None]
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [
            f"  {error.message}" + (f" ({error.hint})" if error.hint else "") for error in found
        ]
        raise LoresmithError("\n".join([f"{len(found)} things stand in the way:", *lines]))


def _error_of(check: Callable[[], object]) -> LoresmithError | None:
    try:
        check()
    except LoresmithError as error:
        return error
    return None


def _check_teacher(context: Context) -> None:
    """Opens the teacher, and lets it say a word unless it has proved itself in this project.

    Whether the embedded model can write for the documents is told by reading them: no other
    teacher needs that, and none is opened for it.
    """
    if isinstance(context.recipe.teacher, Embedded):
        Parse().run(context)
        refuse_unsuited_teacher(context)
        return
    with teacher_of(context).open() as teacher:
        if not context.project.replies.exists():
            teacher.check()


def _check_disk(context: Context) -> None:
    free = shutil.disk_usage(context.project.folder).free
    if free < _LEAST_FREE_BYTES:
        raise StoreError(
            f"the disk under {context.project.folder} has only {free / 1e6:.0f} MB left",
            hint=f"Free at least {_LEAST_FREE_BYTES / 1e6:.0f} MB, then run again.",
        )
