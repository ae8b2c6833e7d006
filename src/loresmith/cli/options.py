"""The options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Folder = Annotated[Path, typer.Argument(help="The project: a folder with documents.")]
Settings = Annotated[
    Optional[list[str]],
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting: --set training.rank=32"),
]
RecipeFile = Annotated[
    Optional[Path],
    typer.Option("--recipe", help="A recipe elsewhere than FOLDER/loresmith.yaml."),
]
Teacher = Annotated[
    Optional[str],
    typer.Option(metavar="PRESET:MODEL[@URL]", help="Who writes: deepseek:deepseek-chat"),
]
BaseModel = Annotated[
    Optional[str],
    typer.Option(help="What is fine-tuned: embedded, a folder, a hub id, or modelscope:ID."),
]
Seed = Annotated[Optional[int], typer.Option(help="Decides every random choice.")]
