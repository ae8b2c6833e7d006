"""The guided first run: of a project made from the example, what comes next, until it was ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from loresmith.errors import LoresmithError, StoreError
from loresmith.recipe import Recipe
from loresmith.records import Record, Review
from loresmith.workspace.project import Project
from loresmith.workspace.projects.cards import figures_of
from loresmith.workspace.runs.listing import state_of
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.workspace.projects.registry import KnownProject

GuideStep = Literal["write", "review", "train", "exam", "chat"]
GUIDE_STEPS: tuple[GuideStep, ...] = get_args(GuideStep)


class Guide(Record):
    """How far a guided project is."""

    current: GuideStep
    """What is to be done next; everything before it is done or was passed over."""
    done: tuple[GuideStep, ...] = ()
    """What is done, in order: what was passed over is not."""
    working: bool = False
    """Whether a job is at work or waits: what is next may come with it."""
    failed_job: str = ""
    """The id of the latest job, where it failed and none is at work or waits since."""


def begin_guide(folder: Path) -> None:
    """Makes the project in `folder` a guided one. Raises OSError."""
    marker = _marker(folder)
    marker.parent.mkdir(exist_ok=True)
    marker.touch()


def end_guide(known: KnownProject) -> None:
    """The project is not guided any more."""
    try:
        _marker(Path(known.folder)).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the guide cannot be put away: {error.strerror}") from error


def guide_of(known: KnownProject) -> Guide | None:
    """Where a guided project stands; None for any other, and for one that cannot be opened."""
    if not _marker(Path(known.folder)).exists():
        return None
    figures = figures_of(known)
    if figures.trouble:
        return None
    try:
        reviewed, failed = _told(known)
    except LoresmithError:
        return None
    done = {
        "write": figures.rows > 0 or reviewed,
        "review": reviewed,
        "train": _has_trained(Path(known.folder)),
        "exam": figures.best_score is not None,
        "chat": False,
    }
    passed = done | {"review": reviewed or figures.runs > 0}
    current = next((step for step in GUIDE_STEPS[:-1] if not passed[step]), GUIDE_STEPS[-1])
    return Guide(
        current=current,
        done=tuple(step for step in GUIDE_STEPS if done[step]),
        working=figures.working,
        failed_job="" if figures.working else failed,
    )


def _has_trained(folder: Path) -> bool:
    """Whether a training has come to its end."""
    runs = Project.at(folder).runs.glob("*/run.json")
    return any(state_of(run.parent) in ("trained", "examined") for run in runs)


def _told(known: KnownProject) -> tuple[bool, str]:
    """Whether a person has reviewed anything, and the latest job where it failed."""
    from loresmith.jobs.queue import Queue

    with Workspace(known.folder, recipe=Recipe()).opened() as context:
        latest = Queue(context.engine, project_id=context.project_id).jobs(latest=1)
        failed = latest[0].id if latest and latest[0].state == "failed" else ""
        return any(True for _ in context.store.all(Review)), failed


def _marker(folder: Path) -> Path:
    return Project(folder).state / "guided"
