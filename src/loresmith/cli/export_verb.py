"""The verb that writes what was trained in the form that another program takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from loresmith.cli.options import BaseModel, Changes
from loresmith.errors import Conflict, NotFound

Adapters = Annotated[
    list[Path] | None,
    typer.Option("--adapter", help="A further adapter to merge after it; can be repeated."),
]
Dtype = Annotated[
    Literal["bfloat16", "float16", "float32"] | None,
    typer.Option(help="Number format of the weights; that of the base model by default."),
]
ShardSize = Annotated[
    float | None, typer.Option(min=0.01, help="Size of a file of weights at most, in GB.")
]
MergedOn = Annotated[Literal["cpu", "auto"] | None, typer.Option(help="Where adapters are merged.")]
Template = Annotated[
    str | None, typer.Option(help="A chat template in the place of the one trained with.")
]


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(help="Write a trained model as a folder for other programs.")(export)


def export(
    model: Annotated[
        Path,
        typer.Argument(help="A project, a run, an adapter, a model, or a LLaMA Factory file."),
    ],
    changes: Changes = None,
    output: Annotated[Path | None, typer.Option(help="The folder to write.")] = None,
    form: Annotated[
        Literal["merged", "adapter"], typer.Option(help="Whole weights, or the adapter alone.")
    ] = "merged",
    adapter: Adapters = None,
    base_model: BaseModel = None,
    dtype: Dtype = None,
    max_shard_size: ShardSize = None,
    device: MergedOn = None,
    template: Template = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of the model card.")] = "en",
) -> None:
    from loresmith.cli.display import show_export, shown_progress
    from loresmith.workspace.exporting import export_model, exporter_of
    from loresmith.workspace.settings_files import is_llamafactory_file

    settings = {"dtype": dtype, "max_shard_size": max_shard_size, "device": device}
    if is_llamafactory_file(model):
        options = (output, adapter, base_model, template, *settings.values())
        _export_by_file(model, changes or [], with_options=any(options) or form != "merged")
        return
    if changes:
        raise Conflict(f"{changes[0]!r} is understood behind a LLaMA Factory file only")
    if output is None:
        raise NotFound("an export needs a place", hint="Add --output DIR.")
    with shown_progress() as on_progress:
        done = export_model(
            model,
            output,
            exporter=exporter_of(form, **settings),
            adapters=adapter or [],
            base_model=base_model,
            chat_template=template,
            language=language,
            on_progress=on_progress,
        )
    show_export(done)


def _export_by_file(path: Path, changes: list[str], *, with_options: bool) -> None:
    from loresmith.cli.display import show_export, show_notes, shown_progress
    from loresmith.cli.file_verbs import refuse_options
    from loresmith.workspace.exporting import merge_by_file
    from loresmith.workspace.settings_files import load_merge_file

    refuse_options(with_options, "export_dir=DIR")
    file = load_merge_file(path, changes)
    show_notes(map(str, file.notes))
    with shown_progress() as on_progress:
        done = merge_by_file(file, on_progress=on_progress)
    show_export(done)
