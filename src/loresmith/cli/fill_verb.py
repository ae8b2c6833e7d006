"""The verb that has the teacher asked again, for what no row says."""

from __future__ import annotations

from typing import Annotated

import typer

from loresmith.cli.options import Folder, RecipeFile, Settings, Teacher

Only = Annotated[str | None, typer.Option(metavar="NAME", help="Of this document alone.")]


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(help="Ask the teacher again, for what no row says yet.")(fill)


def fill(
    folder: Folder,
    document: Only = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what the teacher once said is not there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would ask, and what it takes.")
    ] = False,
    teacher: Teacher = None,
    settings: Settings = None,
    recipe: RecipeFile = None,
) -> None:
    from loresmith.cli.display import show_outcome, shown_progress
    from loresmith.cli.fill_display import show_fill_plan, show_filled
    from loresmith.workspace import Workspace
    from loresmith.workspace.filling import Filling
    from loresmith.workspace.scope import FillOrder

    said = teacher or settings or recipe
    workspace = (
        Workspace(folder, recipe=recipe, overrides=settings or (), teacher=teacher)
        if said
        else Workspace.as_last_used(folder)
    )
    filling, order = Filling(workspace), FillOrder(again=again, document=document)
    if dry_run:
        show_fill_plan(filling.plan(order))
        return
    with shown_progress() as on_progress:
        outcome = filling.run(order, on_progress=on_progress)
    show_outcome(outcome)
    show_filled(filling.so_far())
    raise typer.Exit(0 if outcome.complete else 1)
