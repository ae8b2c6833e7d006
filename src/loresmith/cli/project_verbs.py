"""The verbs that work on a project folder: run, each of its stages, init and status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.cli.file_verbs import train_by_llamafactory_file
from loresmith.cli.options import BaseModel, Changes, Folder, RecipeFile, Seed, Settings, Teacher
from loresmith.errors import Conflict, NotFound

if TYPE_CHECKING:
    from loresmith.workspace import Workspace

_STAGES = {
    "run": "Do the whole job, from documents to an exam report.",
    "parse": "Read the documents.",
    "chunk": "Cut the documents into passages.",
    "generate": "Have the teacher write questions and answers with evidence.",
    "curate": "Check every row and throw out the bad ones, with reasons.",
    "dataset": "Freeze what was kept into a dataset and write its files.",
    "exam": "Examine the base model and the tuned one.",
    "report": "Write the report of the exam, or show it again.",
}


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`, in the order in which the work goes."""
    for verb, text in _STAGES.items():
        app.command(verb, help=text)(_stage(verb))
        if verb == "dataset":
            app.command(help="Fine-tune the base model on a project, or on a data file.")(train)
    app.command(help="Write a commented recipe into a folder.")(init)
    app.command(help="Show how far each stage is, and what is missing and why.")(status)


def _stage(verb: str) -> Callable[..., None]:
    def command(
        folder: Folder,
        teacher: Teacher = None,
        base_model: BaseModel = None,
        seed: Seed = None,
        settings: Settings = None,
        recipe: RecipeFile = None,
    ) -> None:
        from loresmith.cli.display import show_outcome, shown_progress

        with shown_progress() as on_progress:
            workspace = _open(
                folder, recipe, settings, teacher, base_model, seed, as_last_used=verb == "report"
            )
            outcome = workspace.do(verb, on_progress=on_progress)
        show_outcome(outcome)
        raise typer.Exit(0 if outcome.complete else 1)

    return command


def train(
    target: Annotated[
        Path,
        typer.Argument(help="A project, a recipe, a file of rows, or a LLaMA Factory file."),
    ],
    changes: Changes = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the result of training on a file goes.")
    ] = None,
    teacher: Teacher = None,
    base_model: BaseModel = None,
    seed: Seed = None,
    settings: Settings = None,
    recipe: RecipeFile = None,
) -> None:
    if target.suffix.lower() in (".yaml", ".yml", ".json"):
        from loresmith.workspace.settings_files import is_llamafactory_file

        if is_llamafactory_file(target):
            options = any((output, teacher, base_model, settings, recipe)) or seed is not None
            train_by_llamafactory_file(target, changes or [], with_options=options)
            return
    if changes:
        raise Conflict(
            f"{changes[0]!r} is understood behind a LLaMA Factory file only",
            hint=f"For a recipe write --set {changes[0]}",
        )
    if target.suffix.lower() in (".json", ".jsonl", ".txt", ".csv", ".parquet"):
        _train_on_file(target, output, recipe, settings, base_model, seed)
        return
    if target.suffix.lower() in (".yaml", ".yml"):
        target, recipe = target.parent, target
    if output is not None:
        raise Conflict(
            "--output is for training on a file of rows",
            hint="What a project trains is in its runs/ folder.",
        )
    _stage("train")(target, teacher, base_model, seed, settings, recipe)


def _train_on_file(
    path: Path,
    output: Path | None,
    recipe: Path | None,
    settings: list[str] | None,
    base_model: str | None,
    seed: int | None,
) -> None:
    from loresmith.cli.display import show_training, shown_progress
    from loresmith.workspace.file_training import train_on_file
    from loresmith.workspace.recipes import load_recipe

    if output is None:
        raise NotFound("training on a file needs a place for the result", hint="Add --output DIR.")
    what = load_recipe(recipe, settings or [], base_model=base_model, seed=seed)
    with shown_progress() as on_progress:
        result = train_on_file(path, output, recipe=what, on_progress=on_progress)
    show_training(result)
    raise typer.Exit(1 if result.drops else 0)


def init(
    folder: Folder,
    teacher: Teacher = None,
    base_model: BaseModel = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For documents of a trade: finance, law or medicine."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Write over an existing recipe.")] = False,
) -> None:
    from loresmith.workspace import domains
    from loresmith.workspace.recipes import write_recipe

    trade = domains.domain(domain) if domain is not None else None
    path = write_recipe(folder, teacher=teacher, base_model=base_model, trade=trade, force=force)
    for warning in trade.warnings if trade is not None else ():
        typer.echo(f"Beware: {warning}")
    typer.echo(f"Wrote {path}. Next: loresmith run {folder}")


def status(
    folder: Folder,
    teacher: Teacher = None,
    base_model: BaseModel = None,
    seed: Seed = None,
    settings: Settings = None,
    recipe: RecipeFile = None,
) -> None:
    from loresmith.cli.cost_display import spent_line
    from loresmith.cli.display import say, show_status
    from loresmith.workspace.costs import Calls

    workspace = _open(folder, recipe, settings, teacher, base_model, seed, as_last_used=True)
    complete = show_status(workspace.status())
    spent = Calls(workspace).spent()
    if spent.calls:
        say(spent_line(spent))
    raise typer.Exit(0 if complete else 1)


def _open(
    folder: Path,
    recipe: Path | None,
    settings: list[str] | None,
    teacher: str | None,
    base_model: str | None,
    seed: int | None,
    *,
    as_last_used: bool = False,
) -> Workspace:
    """The project; `as_last_used`: where nothing is said, with the recipe that it was worked by."""
    from loresmith.workspace import Workspace

    if as_last_used and not (recipe or settings or teacher or base_model or seed is not None):
        return Workspace.as_last_used(folder)
    return Workspace(
        folder,
        recipe=recipe,
        overrides=settings or (),
        teacher=teacher,
        base_model=base_model,
        seed=seed,
    )
