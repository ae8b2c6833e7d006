"""The verb that tells what of a project's documents no row says yet."""

from __future__ import annotations

from typing import Annotated

import typer

from loresmith.cli.options import Folder

Only = Annotated[str | None, typer.Option(metavar="NAME", help="Of this document alone.")]


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(help="Show what of the documents no row says yet.")(coverage)


def coverage(
    folder: Folder,
    document: Only = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="NUMBER", help="So many open statements are listed.")
    ] = 20,
) -> None:
    from itertools import islice

    from loresmith.cli.display import show_coverage
    from loresmith.workspace import Workspace
    from loresmith.workspace.coverage_report import Coverage

    covered = Coverage(Workspace.as_last_used(folder))
    documents = [one for one in covered.documents() if document in (None, one.document)]
    show_coverage(documents, islice(covered.gaps(document), limit))
