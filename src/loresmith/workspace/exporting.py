"""A run, an adapter or a model becomes a folder that other programs load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loresmith.component import validated
from loresmith.errors import NotFound, RecipeError
from loresmith.export import AdapterFolder, Artifact, Exporter, Merged, Source
from loresmith.llamafactory import MergeFile
from loresmith.models.adapter_folders import adapter_fault
from loresmith.models.base_models import resolve_base_model
from loresmith.models.chat_templates import template_text
from loresmith.models.loading import chat_template_of
from loresmith.settings import load_settings
from loresmith.workspace.candidates import Candidate, find_candidate
from loresmith.workspace.model_card import export_card
from loresmith.workspace.progress import Progress, ProgressListener, silent

_FORMS: dict[str, type[Exporter]] = {"merged": Merged, "adapter": AdapterFolder}


def exporter_of(form: str, **settings: Any) -> Exporter:
    """The exporter of that form; settings that are None are left at their defaults.

    Raises RecipeError for one that there is not, or that has no such setting.
    """
    if form not in _FORMS:
        raise RecipeError(f"there is no export of the form {form!r}", hint=f"Use {_known()}.")
    given = {key: value for key, value in settings.items() if value is not None}
    return validated(_FORMS[form], given, source="the export")


def export_model(
    model: Path,
    target: Path,
    *,
    exporter: Exporter | None = None,
    adapters: Sequence[Path] = (),
    base_model: str | None = None,
    chat_template: str | None = None,
    language: str = "en",
    on_progress: ProgressListener = silent,
) -> Artifact:
    """Exports the run, adapter or model at `model`, with further `adapters` applied in order.

    `chat_template` is a name or a Jinja file; None keeps what was trained. The card is written in
    `language`, `en` or `zh`. Raises NotFound, Conflict where `target` holds something else, and
    ExportError where the export would not be what it should.
    """
    candidate = find_candidate(model, base_model=base_model)
    _refuse_wrong_adapters(adapters)
    return _export(
        candidate,
        target,
        model=model,
        exporter=exporter or Merged(),
        adapters=tuple(adapters),
        chat_template=chat_template,
        language=language,
        on_progress=on_progress,
    )


def _export(
    candidate: Candidate,
    target: Path,
    *,
    model: Path,
    exporter: Exporter,
    adapters: tuple[Path, ...],
    chat_template: str | None,
    language: str,
    on_progress: ProgressListener,
) -> Artifact:
    def tell(words: str) -> None:
        on_progress(Progress("export", 0, 0, words))

    source = _source(candidate, adapters, chat_template, tell)
    card = export_card(model, source, language=language)
    done = exporter.export(source._replace(files={"README.md": card}), target, on_progress=tell)
    on_progress(Progress("export", 1, 1, ""))
    return done


def merge_by_file(file: MergeFile, *, on_progress: ProgressListener = silent) -> Artifact:
    """Does what a LLaMA Factory file with `export_dir` asks for; raises what `export_model` does.

    An adapter that was saved with its chat template keeps it: it was trained with that one.
    """
    _refuse_wrong_adapters(file.adapters)
    brings_own = any(chat_template_of(adapter) for adapter in file.adapters)
    return _export(
        Candidate(file.base_model),
        file.export_dir,
        model=Path(file.base_model),
        exporter=exporter_of(
            "merged", dtype=file.dtype, max_shard_size=file.max_shard_size, device=file.device
        ),
        adapters=file.adapters,
        chat_template=None if brings_own else file.chat_template,
        language="en",
        on_progress=on_progress,
    )


def _source(
    candidate: Candidate,
    adapters: tuple[Path, ...],
    chat_template: str | None,
    tell: Callable[[str], None],
) -> Source:
    template = template_text(chat_template or None)
    if candidate.weights is not None:
        name = candidate.base or candidate.weights.name
        return Source(candidate.weights, name, adapters, template)
    base = resolve_base_model(candidate.base, load_settings(), on_progress=tell)
    own = (candidate.adapter,) if candidate.adapter is not None else ()
    return Source(base, candidate.base, (*own, *adapters), template)


def _refuse_wrong_adapters(adapters: Sequence[Path]) -> None:
    for adapter in adapters:
        if fault := adapter_fault(adapter, base=None):
            raise NotFound(
                f"{adapter} is no adapter: {fault}", hint="Name a folder in PEFT's layout."
            )


def _known() -> str:
    return " or ".join(_FORMS)
