"""A project's figures for the list of projects: looked up again only when something has changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from loresmith.component import content_id
from loresmith.errors import DocumentError, LoresmithError, NotFound, RecipeError
from loresmith.recipe import Recipe
from loresmith.records import Record, StepLog
from loresmith.workspace.context import Context
from loresmith.workspace.project import Project
from loresmith.workspace.recipes import load_recipe
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.workspace.projects.registry import KnownProject


class ProjectCard(Record):
    """A project and how far it is."""

    id: str
    name: str
    created_at: str
    """ISO 8601, UTC."""
    documents: int = 0
    """Files that are read."""
    rows: int = 0
    """Questions with answers: of today as far as they are listed, else all that are stored."""
    runs: int = 0
    """Trainings, finished or not."""
    best_score: float | None = None
    """The best of its trained models at its exam, 0 to 1; null before there is one."""
    base_score: float | None = None
    """What the base model had scored at that exam."""
    tokens: int = 0
    """Tokens that its teachers were asked with and answered with."""
    working: bool = False
    """Whether a job is at work or waits."""
    keeps_files: bool = False
    """True for a folder that was added from elsewhere: deleting takes it off the list only."""
    trouble: str = ""
    """Why it cannot be worked with: a folder that is gone, a recipe with faults."""

    @property
    def next_step(self) -> Literal["documents", "questions", "train", "exam", "chat"]:
        """What is to be done next, from documents to a model that one can talk to."""
        if self.documents == 0:
            return "documents"
        if self.rows == 0:
            return "questions"
        if self.runs == 0:
            return "train"
        return "exam" if self.best_score is None else "chat"


class Figures(NamedTuple):
    """What a project holds."""

    documents: int = 0
    rows: int = 0
    runs: int = 0
    best_score: float | None = None
    base_score: float | None = None
    tokens: int = 0
    working: bool = False
    trouble: str = ""


def card_of(known: KnownProject, *, deletable: Callable[[KnownProject], bool]) -> ProjectCard:
    """The card of a project; one that cannot be opened says why."""
    return ProjectCard(
        id=known.id,
        name=known.name,
        created_at=known.created_at,
        keeps_files=not deletable(known),
        **figures_of(known)._asdict(),
    )


def figures_of(known: KnownProject) -> Figures:
    """The figures of a project, from memory while its files and its database are as they were."""
    try:
        project = Project.at(Path(known.folder))
        recipe, trouble = _recipe_of(project)
        documents = _documents(project, recipe)
        runs = sorted(project.runs.glob("*/run.json"))
        best = max((_scores_of(run.parent / "report.json") for run in runs), default=_NO_SCORES)
        stored = _stored(project)
    except NotFound:
        return Figures(trouble="its folder is not there any more")
    except LoresmithError as error:
        return Figures(trouble=_without_folder(error.message, known))
    return Figures(
        documents=documents,
        rows=stored.rows,
        runs=len(runs),
        best_score=best.after if best.after >= 0 else None,
        base_score=best.before if best.after >= 0 else None,
        tokens=stored.tokens,
        working=stored.working,
        trouble=_without_folder(trouble, known),
    )


def _without_folder(message: str, known: KnownProject) -> str:
    """Where projects are on the server is nobody's business who sees the list."""
    return message.replace(f"{known.folder}/", "").replace(known.folder, known.name)


class _Scores(NamedTuple):
    """Of one exam; -1 where there is none."""

    after: float
    before: float


class _Stored(NamedTuple):
    """What the database tells."""

    rows: int
    tokens: int
    working: bool


_NO_SCORES = _Scores(-1.0, -1.0)
_known_scores: dict[Path, tuple[Any, _Scores]] = {}
_known_stored: dict[Path, tuple[str | None, _Stored]] = {}
_lock = threading.Lock()


def _recipe_of(project: Project) -> tuple[Recipe, str]:
    try:
        return load_recipe(project.recipe if project.recipe.exists() else None), ""
    except RecipeError as error:
        return Recipe(), error.message


def _documents(project: Project, recipe: Recipe) -> int:
    try:
        return len(recipe.documents.listing(project.folder).found)
    except DocumentError:
        return 0


def _scores_of(report: Path) -> _Scores:
    """The exam of one run, read once for each version of its report."""
    state = _stat(report)
    if state is None:
        return _NO_SCORES
    with _lock:
        known = _known_scores.get(report)
    if known is not None and known[0] == state:
        return known[1]
    try:
        exam = json.loads(report.read_bytes())["exam"]
        scores = _Scores(float(exam["after"]["accuracy"]), float(exam["before"]["accuracy"]))
    except (OSError, ValueError, KeyError, TypeError):  # being written, or of another version
        return _NO_SCORES
    with _lock:
        _known_scores[report] = state, scores
    return scores


def _stored(project: Project) -> _Stored:
    if not project.state.exists():
        return _Stored(0, 0, False)
    with Workspace(project.folder, recipe=Recipe()).opened() as context:
        state = _state_of(context)
        with _lock:
            known = _known_stored.get(project.folder)
        if known is not None and state is not None and known[0] == state:
            return known[1]
        stored = _Stored(_rows(context), _tokens(context), _working(context))
    with _lock:
        _known_stored[project.folder] = state, stored
    return stored


def _state_of(context: Context) -> str | None:
    """Changes with every write to the project's SQLite files; None for a database elsewhere."""
    if context.engine.dialect.name != "sqlite":
        return None
    database = context.project.database
    return content_id([_stat(path) for path in (database, Path(f"{database}-wal"))])


def _rows(context: Context) -> int:
    """Today's rows that are not dropped, by their index; before there is one, all that are kept."""
    from sqlalchemy import func, select

    from loresmith.store.row_index import RowIndex
    from loresmith.store.row_tables import ROWS
    from loresmith.workspace.rows.stamp import written_rows

    index = RowIndex(context.engine, project_id=context.project_id)
    with index.reading() as connection:
        if index.state(connection) is None:
            return written_rows(context)
        mine = (ROWS.c.project_id == context.project_id) & (ROWS.c.state.in_(("kept", "pending")))
        return int(connection.scalar(select(func.count()).where(mine)) or 0)


def _tokens(context: Context) -> int:
    usages = [log.usage for log in context.store.all(StepLog)]
    return sum(usage.prompt_tokens + usage.completion_tokens for usage in usages)


def _working(context: Context) -> bool:
    from loresmith.jobs.queue import Queue

    return Queue(context.engine, project_id=context.project_id).is_busy()


def _stat(path: Path) -> list[int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return [seen.st_mtime_ns, seen.st_size, seen.st_ino]
