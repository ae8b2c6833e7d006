"""The verbs that use a model: chat with it, or have it answer a file of prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.cli.options import BaseModel

if TYPE_CHECKING:
    from loresmith.workspace.candidates import Which

Model = Annotated[Path, typer.Argument(help="A project, a run, an adapter or a model folder.")]

Temperature = Annotated[
    float, typer.Option(min=0.0, max=2.0, help="0 gives the likeliest reply; more varies more.")
]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Talk with a model in the terminal.")(chat)
    app.command(help="Answer each line of a JSONL file of prompts.")(predict)


def chat(
    model: Model,
    base: Annotated[bool, typer.Option(help="Talk with the model as it was before.")] = False,
    compare: Annotated[
        bool, typer.Option(help="Show the base and the tuned side by side.")
    ] = False,
    checkpoint: Annotated[
        int | None, typer.Option(min=1, help="Talk with it as it was after so many steps.")
    ] = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="List the steps that are kept, and end.")
    ] = False,
    base_model: BaseModel = None,
    system: Annotated[str | None, typer.Option(help="A system prompt.")] = None,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 256,
) -> None:
    from loresmith.cli.talk import talk
    from loresmith.workspace.candidates import Candidate, find_candidate
    from loresmith.workspace.kept_checkpoints import find_checkpoint, kept_checkpoints

    if checkpoints:
        for kept in kept_checkpoints(model):
            typer.echo(f"{kept.step}  {kept.folder}")
        return
    candidate: Candidate
    if checkpoint is not None:
        candidate = find_checkpoint(model, checkpoint, base_model=base_model)
    else:
        candidate = find_candidate(model, base_model=base_model)
    which: list[Which] = ["base"] if base else ["base", "tuned"] if compare else ["tuned"]
    talk(candidate, which, system=system, temperature=temperature, max_tokens=max_tokens)


def predict(
    model: Model,
    prompts: Annotated[Path, typer.Argument(help='Lines of {"id": ..., "prompt": ...}')],
    output: Annotated[Path, typer.Option(help="The same lines with `reply`; resumed if there.")],
    base_model: BaseModel = None,
    system: Annotated[str | None, typer.Option(help="A system prompt.")] = None,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 256,
) -> None:
    from loresmith.cli.display import show_prediction, shown_progress
    from loresmith.workspace.prediction import predict as predict_file

    with shown_progress() as on_progress:
        done = predict_file(
            model,
            prompts,
            output,
            base_model=base_model,
            system=system,
            temperature=temperature,
            max_tokens=max_tokens,
            on_progress=on_progress,
        )
    show_prediction(done, output)
    raise typer.Exit(1 if done.refused else 0)
