"""The verbs about single rows: stars, tags and notes; and other words as somebody advises."""

from __future__ import annotations

from typing import Annotated

import typer

from loresmith.cli.options import Folder
from loresmith.errors import Conflict

Row = Annotated[
    list[str] | None, typer.Option("--row", metavar="ID", help="This row; can be repeated.")
]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="WORD", help="In the place of the tags that are there; can be repeated."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Give rows stars, tags or a note.")(mark)
    app.command(help="Have a row reworded as you advise.")(reword)


def mark(
    folder: Folder,
    row: Row = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="All rows with this in question or answer.")
    ] = "",
    stars: Annotated[
        int | None, typer.Option(min=0, max=5, metavar="N", help="From 1 to 5; 0 takes them away.")
    ] = None,
    tag: Tag = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="A remark.")] = None,
) -> None:
    from loresmith.workspace import Workspace
    from loresmith.workspace.rows import RowFilter, Rows

    if bool(row) == bool(search):
        raise Conflict("it is not said which rows are meant", hint="Add --row ID or --search TEXT.")
    rows = Rows(Workspace.as_last_used(folder))
    chosen = row or RowFilter(search=search)
    done = rows.mark(chosen, stars=stars, tags=tag, note=note)
    typer.echo("1 row is marked" if done.rows == 1 else f"{done.rows} rows are marked")


def reword(
    folder: Folder,
    row: Annotated[str, typer.Argument(metavar="ID", help="The row.")],
    advice: Annotated[str, typer.Option(metavar="TEXT", help="What should be different.")],
    accept: Annotated[
        bool, typer.Option("--accept", help="Put a proposal that passes in the row's place.")
    ] = False,
) -> None:
    from loresmith.workspace import Workspace
    from loresmith.workspace.rows import Rows, propose

    workspace = Workspace.as_last_used(folder)
    proposal = propose(workspace, row, advice)
    typer.echo(f"{proposal.question}\n{proposal.answer}")
    if proposal.remark:
        typer.echo(f"({proposal.remark})")
    if proposal.objection:
        typer.echo(f"Refused: {proposal.objection}: {proposal.detail}")
        raise typer.Exit(1)
    if accept:
        Rows(workspace).edit(
            row,
            question=proposal.question,
            answer=proposal.answer,
            short_answer=proposal.short_answer or None,
            expected=proposal.version,
            note=advice,
        )
        typer.echo("It is in the row's place.")
