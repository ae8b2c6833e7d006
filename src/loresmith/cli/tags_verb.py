"""The verb that shows, makes and changes the domain tree of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.cli.options import Folder, RecipeFile, Settings, Teacher
from loresmith.errors import Conflict

if TYPE_CHECKING:
    from loresmith.workspace.domain_tree import TreeSource

Source = Annotated[
    str, typer.Option("--from", metavar="headings|teacher", help="Where the tree comes from.")
]


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(help="Show the domain tree of a project; make one where there is none.")(tags)


def tags(
    folder: Folder,
    source: Source = "none",
    rebuild: Annotated[bool, typer.Option(help="Make another in place of what is there.")] = False,
    revise: Annotated[bool, typer.Option(help="Keep what is there and add what is new.")] = False,
    edit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Take the tree from a text: a subject a line, narrower ones set in.",
        ),
    ] = None,
    teacher: Teacher = None,
    settings: Settings = None,
    recipe: RecipeFile = None,
) -> None:
    from loresmith.cli.display import show_tree, shown_progress
    from loresmith.workspace import Workspace
    from loresmith.workspace.domain_tree import DomainTrees

    workspace = Workspace(folder, recipe=recipe, overrides=settings or (), teacher=teacher)
    trees = DomainTrees(workspace)
    if sum((rebuild, revise, edit is not None)) > 1:
        raise Conflict(
            "--rebuild, --revise and --edit are three different things", hint="Name one."
        )
    if edit is not None:
        show_tree(trees.write(_read(edit)))
        return
    with shown_progress() as on_progress:
        view = trees.make(
            source=_source(source), revise=revise, anew=rebuild, on_progress=on_progress
        )
    show_tree(view)


def _source(text: str) -> TreeSource:
    sources: dict[str, TreeSource] = {
        "none": "none",
        "headings": "headings",
        "teacher": "teacher",
    }
    if text not in sources:
        raise Conflict(f"a domain tree does not come from {text!r}", hint="--from headings|teacher")
    return sources[text]


def _read(path: Path) -> str:
    if str(path) == "-":
        return typer.get_text_stream("stdin").read()
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Conflict(f"no tree can be read from {path}: {error}") from None
