"""Why: a name that fits no part of a model is told before hours of other work, not after them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.errors import TrainingError
from loresmith.models.text_only import pass_over_broken_media
from loresmith.training.probing import probed_apart

if TYPE_CHECKING:
    from loresmith.training.method import TrainingMethod


def names_not_there(method: TrainingMethod, *, base: Path) -> Iterator[TrainingError]:
    """What `method` names of the model in `base` that it has not; tried in a process of its own.

    Says nothing of a model that cannot be built from its config alone, nor of methods that are
    nobody's but the caller's.
    """
    config = base / "config.json"
    if not config.is_file() or not type(method).__module__.startswith("loresmith."):
        return
    words = (method.model_dump_json(), str(base), str(config.stat().st_mtime_ns))
    fault = probed_apart("loresmith.training.naming", "prepare_without_weights", *words)
    if fault is not None and fault.kind == "TrainingError":
        yield TrainingError(fault.message, hint=fault.hint)


def prepare_without_weights(settings: str, base: str, _changed: str) -> None:
    """Lets a method make a model ready that has all its parts, and nothing in them; `_changed` is
    when its config was, so that no answer about an earlier one is remembered."""
    import torch
    from pydantic import TypeAdapter

    pass_over_broken_media()
    from transformers import AutoConfig, AutoModelForCausalLM

    from loresmith.training import AnyTraining

    method: TrainingMethod = TypeAdapter(AnyTraining).validate_json(settings)
    config = AutoConfig.from_pretrained(base)
    with torch.device("meta"):
        method.prepare(AutoModelForCausalLM.from_config(config), base=Path(base))
