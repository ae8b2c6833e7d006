"""Finds the model that a path stands for: a project, a run, an adapter, or whole weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loresmith.errors import NotFound
from loresmith.models.base import ChatModel
from loresmith.settings import load_settings

Which = Literal["base", "tuned"]


@dataclass(frozen=True)
class Candidate:
    """A base model and what fine-tuning made of it; `open` loads either."""

    base: str
    """`embedded`, a folder, a hub id or `modelscope:ID`."""
    adapter: Path | None = None
    weights: Path | None = None
    """Whole tuned weights, where no adapter was trained."""
    chat_template: str | None = None
    """In Jinja, for the base, and for an adapter that brings none: what was tuned has its own.
    None takes what the tuned one is asked by, so that both can be compared; where nothing was
    tuned, the model's own."""

    def open(self, which: Which, *, on_progress: Callable[[str], None] | None = None) -> ChatModel:
        """The model, to be entered with `with`; `tuned` of a bare model is the model itself.

        `on_progress` hears in words of a download.
        """
        from loresmith.models.base_models import resolve_base_model
        from loresmith.models.loading import chat_template_of
        from loresmith.models.local import LocalModel

        if which == "tuned" and self.weights is not None:
            return LocalModel(self.weights, name=self.weights.name)
        if not self.base:
            raise NotFound(
                f"{self.weights} does not say its base model", hint="Add --base-model NAME."
            )
        folder = resolve_base_model(self.base, load_settings(), on_progress=on_progress)
        if which == "tuned" and self.adapter is not None:
            name = f"{self.base}+{self.adapter.parent.name}"
            return LocalModel(folder, self.adapter, name=name, chat_template=self.chat_template)
        tuned = self.adapter or self.weights
        template = self.chat_template or (chat_template_of(tuned) if tuned is not None else None)
        return LocalModel(folder, name=self.base, chat_template=template)


def find_candidate(path: Path, *, base_model: str | None = None) -> Candidate:
    """What `path` stands for; `base_model` overrides what is noted there. Raises NotFound."""
    path = path.expanduser()
    if not path.exists():
        raise NotFound(
            f"{path} does not exist", hint="Name a project, a run, an adapter or a model."
        )
    if (path / "adapter_config.json").is_file():
        return Candidate(base_model or _noted_base(path), adapter=path)
    if (path / "adapter").is_dir():
        return find_candidate(path / "adapter", base_model=base_model)
    if (path / "model").is_dir():
        return Candidate(base_model or base_of_run(path), weights=path / "model")
    if (path / "config.json").is_file():
        return Candidate(base_model or str(path))
    finished = [run for run in (path / "runs").glob("*") if is_trained(run)]
    if not finished:
        raise NotFound(
            f"{path} holds no trained model",
            hint="`loresmith run` trains one; or name an adapter's or a model's folder.",
        )
    newest = max(finished, key=lambda run: run.stat().st_mtime)
    return find_candidate(newest, base_model=base_model)


def is_trained(run: Path) -> bool:
    """Whether a run's folder holds finished weights."""
    return (run / "adapter" / "adapter_config.json").is_file() or (
        run / "model" / "config.json"
    ).is_file()


def _noted_base(adapter: Path) -> str:
    """The base model's name as the run noted it, else the path in PEFT's own file."""
    noted = base_of_run(adapter.parent)
    if noted:
        return noted
    base = _member(adapter / "adapter_config.json", "base_model_name_or_path")
    if not base:
        raise NotFound(f"{adapter} does not say its base model", hint="Add --base-model NAME.")
    return base


def base_of_run(run: Path) -> str:
    """The base model's name as the run noted it; empty where it did not."""
    note = run / "run.json"
    return _member(note, "base_model") if note.is_file() else ""


def _member(note: Path, name: str) -> str:
    """What a JSON file says under `name`; empty where it says nothing."""
    try:
        return str(json.loads(note.read_text(encoding="utf-8")).get(name) or "")
    except (OSError, ValueError, AttributeError) as error:
        raise NotFound(f"{note} is damaged: {error}", hint="Add --base-model NAME.") from error
