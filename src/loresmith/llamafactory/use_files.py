"""Why: whoever has LLaMA Factory files to chat, predict or merge by uses them as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from loresmith.llamafactory.given import GivenSettings, Remark, read_given
from loresmith.llamafactory.purposes import (
    Purpose,
    adapters_of,
    check_purpose,
    named_template,
    notes_for,
)
from loresmith.llamafactory.training_file import faults_of_file
from loresmith.models.base import Sampling


class InferenceFile(NamedTuple):
    """What to answer with, and how."""

    base_model: str
    adapter: Path | None
    chat_template: str | None
    """A name; it counts where the adapter brings none."""
    default_system: str | None
    sampling: Sampling
    dtype: str | None
    """Number format of the weights; None is what the device computes fastest in."""
    notes: tuple[Remark, ...]


class PredictFile(NamedTuple):
    """Which rows to answer, and where the replies go."""

    inference: InferenceFile
    datasets: tuple[str, ...]
    """Names in dataset_info.json."""
    dataset_dir: Path
    max_samples: int | None
    output_dir: Path
    overwrite_output_dir: bool


class MergeFile(NamedTuple):
    """What to merge, and where to."""

    base_model: str
    adapters: tuple[Path, ...]
    chat_template: str | None
    export_dir: Path
    max_shard_size: float
    """In GB."""
    device: str
    dtype: str | None
    """None is that of the base model."""
    notes: tuple[Remark, ...]


def load_inference_file(
    path: Path, changes: Iterable[str] = (), *, purpose: Purpose
) -> InferenceFile:
    """A file to chat or serve by. Raises RecipeError that names every fault with its line."""
    return _inference(_checked(path, changes, purpose), purpose)


def load_predict_file(path: Path, changes: Iterable[str] = ()) -> PredictFile:
    """A file with `do_predict`. Raises RecipeError that names every fault with its line."""
    settings = _checked(path, changes, "predict")
    return PredictFile(
        inference=_inference(settings, "predict"),
        datasets=settings["eval_dataset"] or settings["dataset"],
        dataset_dir=Path(settings["dataset_dir"]).expanduser(),
        max_samples=settings["max_samples"],
        output_dir=Path(settings["output_dir"]).expanduser(),
        overwrite_output_dir=settings["overwrite_output_dir"],
    )


def load_merge_file(path: Path, changes: Iterable[str] = ()) -> MergeFile:
    """A file with `export_dir`. Raises RecipeError that names every fault with its line."""
    settings = _checked(path, changes, "export")
    return MergeFile(
        base_model=settings["model_name_or_path"],
        adapters=adapters_of(settings),
        chat_template=named_template(settings),
        export_dir=Path(settings["export_dir"]).expanduser(),
        max_shard_size=float(settings["export_size"]),
        device=settings["export_device"],
        dtype=_dtype(settings),
        notes=notes_for(settings, "export"),
    )


def _checked(path: Path, changes: Iterable[str], purpose: Purpose) -> GivenSettings:
    settings = read_given(path, changes)
    check_purpose(settings, purpose)
    if settings.faults:
        raise faults_of_file(path, sorted(settings.faults))
    return settings


def _inference(settings: GivenSettings, purpose: Purpose) -> InferenceFile:
    adapters = adapters_of(settings)
    return InferenceFile(
        base_model=settings["model_name_or_path"],
        adapter=adapters[0] if adapters else None,
        chat_template=named_template(settings),
        default_system=settings["default_system"],
        sampling=_sampling(settings),
        dtype=_dtype(settings),
        notes=notes_for(settings, purpose),
    )


def _sampling(settings: GivenSettings) -> Sampling:
    """With LLaMA Factory's defaults: replies are drawn, by temperature 0.95 and top_p 0.7."""
    return Sampling(
        temperature=settings["temperature"] if settings["do_sample"] else 0.0,
        top_p=settings["top_p"],
        top_k=settings["top_k"] or None,
        repetition_penalty=settings["repetition_penalty"],
        max_tokens=settings["max_new_tokens"],
    )


def _dtype(settings: GivenSettings) -> str | None:
    dtype: str = settings["infer_dtype"]
    return None if dtype == "auto" else dtype
