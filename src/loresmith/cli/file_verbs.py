"""The verbs that work by a file of settings alone: check it, convert it, train by it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loresmith.cli.options import Changes
from loresmith.errors import Conflict

SettingsFile = Annotated[Path, typer.Argument(help="A LLaMA Factory file, YAML or JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Tell all that would fail or mislead, before anything is loaded.")(check)
    app.command(help="Tell memory by part, the batch that fits, and the time.")(estimate)
    app.command(help="Write a LLaMA Factory file as a recipe.")(convert)


def check(
    file: Annotated[Path, typer.Argument(help="A LLaMA Factory file, or a recipe.")],
    changes: Changes = None,
) -> None:
    from loresmith.cli.display import show_check
    from loresmith.workspace.settings_files import check_file, device_for

    checked = check_file(file, changes or [])
    device, trouble = device_for(checked)
    show_check(checked, device.name, trouble)
    if checked.faults or trouble:
        raise typer.Exit(2)
    raise typer.Exit(1 if checked.rows and checked.rows.drops else 0)


def estimate(
    file: Annotated[
        Path, typer.Argument(help="A LLaMA Factory file, a recipe, or a project's folder.")
    ],
    changes: Changes = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Do a few steps, and tell the time by them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    from loresmith.cli.display import show_estimate
    from loresmith.workspace.training_estimate import estimate_training

    found = estimate_training(file, changes or [], measure=measure)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        show_estimate(found)
    raise typer.Exit(0 if found.memory.fits else 1)


def convert(
    file: SettingsFile,
    changes: Changes = None,
    output: Annotated[
        Path | None, typer.Option(help="Write there, and not to the terminal.")
    ] = None,
) -> None:
    from loresmith.workspace.settings_files import convert_file

    text = convert_file(file, changes or [], output=output)
    typer.echo(f"Wrote {output}." if output else text, nl=output is not None)


def train_by_llamafactory_file(path: Path, changes: list[str], *, with_options: bool) -> None:
    """What `train` does with such a file, which takes none of its options."""
    from loresmith.cli.display import show_notes, show_training, shown_progress
    from loresmith.workspace.settings_files import check_llamafactory_file, train_checked_file

    refuse_options(with_options, "output_dir=DIR or seed=7")
    checked = check_llamafactory_file(path, changes)
    show_notes(checked.notes)
    with shown_progress() as on_progress:
        result = train_checked_file(checked, on_progress=on_progress)
    show_training(result)
    raise typer.Exit(1 if result.drops else 0)


def refuse_options(given: bool, example: str) -> None:
    """Raises Conflict where options were given with a LLaMA Factory file."""
    if given:
        raise Conflict(
            "options do not go with a LLaMA Factory file",
            hint=f"Write changes behind it, such as {example}.",
        )
