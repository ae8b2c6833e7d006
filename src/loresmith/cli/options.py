"""The options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="The project: a folder with documents.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting: --set training.rank=32"),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", help="A recipe elsewhere than FOLDER/loresmith.yaml."),
]
Teacher = Annotated[
    str | None,
    typer.Option(metavar="PRESET:MODEL[@URL]", help="Who writes: deepseek:deepseek-chat"),
]
BaseModel = Annotated[
    str | None,
    typer.Option(help="What is fine-tuned: embedded, a folder, a hub id, or modelscope:ID."),
]
Seed = Annotated[int | None, typer.Option(help="Decides every random choice.")]
Changes = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Changes of the file's settings: learning_rate=2e-4"),
]
