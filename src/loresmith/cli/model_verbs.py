"""The verbs that use a model: chat with it, or have it answer a file of prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.cli.file_verbs import refuse_options
from loresmith.cli.options import BaseModel, Changes
from loresmith.errors import Conflict, NotFound

if TYPE_CHECKING:
    from loresmith.workspace.candidates import Which

Model = Annotated[Path, typer.Argument(help="A project, a run, an adapter or a model folder.")]

Temperature = Annotated[
    float, typer.Option(min=0.0, max=2.0, help="0 gives the likeliest reply; more varies more.")
]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")]

Scores = Annotated[
    bool, typer.Option("--scores/--no-scores", help="Score replies where lines have a reference.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Talk with a model in the terminal.")(chat)
    app.command(help="Answer each line of a JSONL file of prompts.")(predict)


def chat(
    model: Model,
    changes: Changes = None,
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
    from loresmith.workspace.conversation import Sampling
    from loresmith.workspace.kept_checkpoints import find_checkpoint, kept_checkpoints

    if _is_file_of_settings(model, changes):
        options = base or compare or base_model or system or temperature or max_tokens != 256
        _chat_by_file(model, changes or [], with_options=bool(options))
        return
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
    sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
    talk(candidate, which, system=system, sampling=sampling)


def _is_file_of_settings(model: Path, changes: list[str] | None) -> bool:
    """Whether it is a LLaMA Factory file. Raises Conflict for changes behind anything else."""
    from loresmith.workspace.settings_files import is_llamafactory_file

    found = is_llamafactory_file(model)
    if changes and not found:
        raise Conflict(f"{changes[0]!r} is understood behind a LLaMA Factory file only")
    return found


def _chat_by_file(path: Path, changes: list[str], *, with_options: bool) -> None:
    from loresmith.cli.display import show_notes
    from loresmith.cli.talk import talk
    from loresmith.workspace.settings_files import candidate_of, load_inference_file

    refuse_options(with_options, "temperature=0")
    file = load_inference_file(path, changes, purpose="chat")
    show_notes(map(str, file.notes))
    talk(candidate_of(file), ["tuned"], system=file.default_system, sampling=file.sampling)


def predict(
    model: Model,
    prompts: Annotated[
        str | None,
        typer.Argument(
            help='Lines of {"id": ..., "prompt": ...}, with "reference" to be scored; behind a '
            "LLaMA Factory file a change of it: max_new_tokens=64"
        ),
    ] = None,
    changes: Changes = None,
    output: Annotated[
        Path | None, typer.Option(help="The same lines with `reply`; resumed if there.")
    ] = None,
    base_model: BaseModel = None,
    system: Annotated[str | None, typer.Option(help="A system prompt.")] = None,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 256,
    scores: Scores = True,
) -> None:
    from loresmith.cli.display import show_prediction, shown_progress
    from loresmith.workspace.prediction import predict as predict_file
    from loresmith.workspace.settings_files import is_llamafactory_file

    if is_llamafactory_file(model):
        options = output or base_model or system or temperature or max_tokens != 256
        behind = [*([prompts] if prompts else []), *(changes or [])]
        _predict_by_file(model, behind, with_options=bool(options))
        return
    if prompts is None or output is None:
        raise NotFound("predict needs prompts and a place for the replies", hint=_PREDICT)
    if changes:
        raise Conflict(f"{changes[0]!r} is understood behind a LLaMA Factory file only")
    with shown_progress() as on_progress:
        done = predict_file(
            model,
            Path(prompts),
            output,
            base_model=base_model,
            system=system,
            temperature=temperature,
            max_tokens=max_tokens,
            scores=scores,
            on_progress=on_progress,
        )
    show_prediction(done, output)
    raise typer.Exit(1 if done.refused else 0)


_PREDICT = "Write: loresmith predict MODEL PROMPTS.jsonl --output REPLIES.jsonl"


def _predict_by_file(path: Path, changes: list[str], *, with_options: bool) -> None:
    from loresmith.cli.display import show_file_prediction, show_notes, shown_progress
    from loresmith.workspace.settings_files import load_predict_file, predict_by_file

    refuse_options(with_options, "output_dir=DIR")
    file = load_predict_file(path, changes)
    show_notes(map(str, file.inference.notes))
    with shown_progress() as on_progress:
        done = predict_by_file(file, on_progress=on_progress)
    show_file_prediction(done)
    raise typer.Exit(1 if done.drops else 0)
