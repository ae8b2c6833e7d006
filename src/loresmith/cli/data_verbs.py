"""The verbs that bring rows into a project, and a version of its dataset out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from loresmith.cli.options import Folder
from loresmith.errors import NotFound

Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="PART=COLUMN",
        help="Which column holds what, such as question=Q,answer=A; can be repeated.",
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="A field of `custom`: instruction=question"),
]
Row = Annotated[
    list[str] | None, typer.Option("--row", metavar="ID", help="Only this row; can be repeated.")
]
Form = Annotated[
    str,
    typer.Option(
        metavar="FORM",
        help="llamafactory, alpaca, sharegpt, openai, dpo, kto, text, multilingual-thinking, "
        "jsonl, csv, parquet or custom.",
    ),
]
File = Annotated[
    Literal["json", "jsonl", "csv", "parquet"] | None,
    typer.Option(
        metavar="json|jsonl|csv|parquet", help="The kind of file; without, as the form has it."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command("import", help="Take rows of a file, a folder or a zip into a project.")(take_in)
    app.command("export-dataset", help="Write a version of the dataset for other tools.")(write_out)


def take_in(
    folder: Folder,
    path: Annotated[
        Path, typer.Argument(help="JSON, JSON lines, CSV, Parquet, or a folder or zip of such.")
    ],
    map: Map = None,
) -> None:
    from loresmith.cli.display import show_import
    from loresmith.workspace import Workspace
    from loresmith.workspace.datasets import Imports, import_path

    imports = Imports(Workspace.as_last_used(folder))
    done = import_path(imports, path, map or [])
    for report in done.reports:
        show_import(report, imports.bad_rows(report.id, limit=20))
    for file in done.skipped:
        typer.echo(f"{file.name}: left out: {file.reason}")
    raise typer.Exit(1 if done.bad or not done.kept else 0)


def write_out(
    folder: Folder,
    output: Annotated[
        Path | None,
        typer.Option(
            help="A folder, or a file that ends in .json, .jsonl, .csv, .parquet or .zip."
        ),
    ] = None,
    form: Form = "llamafactory",
    file: File = None,
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Its number; without, the newest.")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "all"],
        typer.Option(metavar="train|validation|all", help="Which rows."),
    ] = "all",
    confirmed_only: Annotated[
        bool, typer.Option("--confirmed-only", help="Only rows that a person confirmed or edited.")
    ] = False,
    reasoning: Annotated[
        bool, typer.Option(help="With the chain of thought of answers that have one.")
    ] = True,
    system_prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="For rows without one; an empty text takes all away."),
    ] = None,
    field: Fields = None,
    row: Row = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only rows in it: zh")
    ] = None,
    document: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only rows of this document.")
    ] = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only rows with this in their text.")
    ] = "",
    min_stars: Annotated[
        int, typer.Option(min=0, max=5, metavar="N", help="Only rows with at least so many stars.")
    ] = 0,
    subject: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only rows about it: 'Cargo / Fish'; can be repeated."),
    ] = None,
    per_subject: Annotated[
        str | None,
        typer.Option(metavar="N|evenly", help="At most so many rows of each subject."),
    ] = None,
) -> None:
    from loresmith.workspace import Workspace
    from loresmith.workspace.datasets import Datasets, export_settings_of
    from loresmith.workspace.report.phrases import reason_phrase

    if output is None:
        raise NotFound("an export needs a place", hint="Add --output FILE or --output DIR.")
    wanted = export_settings_of(
        form,
        field or (),
        file=file,
        split=None if split == "all" else split,
        confirmed_only=confirmed_only,
        reasoning=reasoning,
        system_prompt=system_prompt,
        rows=tuple(row or ()),
        language=language,
        document=document,
        search=search,
        min_stars=min_stars,
        subjects=tuple(subject or ()),
        per_subject=per_subject,
    )
    done = Datasets(Workspace.as_last_used(folder)).write(output, wanted, number=version)
    rows = "1 row" if done.rows == 1 else f"{done.rows} rows"
    typer.echo(f"Wrote {rows} of version {done.version}: {done.path}")
    for reason, count in sorted(done.left_out.items()):
        typer.echo(f"left out, {reason_phrase(reason, 'en')}: {count}")
