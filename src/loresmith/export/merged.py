"""Why: most programs that serve models take whole weights: base and adapters, merged."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loresmith.devices import Device, detect_device
from loresmith.errors import ExportError
from loresmith.export.agreement import TOLERANCE, Answers, answers_of, difference, other_replies
from loresmith.export.base import Exporter, Source, Tell
from loresmith.export.merging import merge, refuse_quantized
from loresmith.export.modelfile import modelfile
from loresmith.models.loading import Loaded, load_base
from loresmith.models.quiet import without_progress_bars
from loresmith.models.templates import ChatTemplate
from loresmith.models.weights import describe_folder, stored_dtype

Dtype = Literal["bfloat16", "float16", "float32"]
_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}
_SHARE_OF_MEMORY = 0.8


class Merged(Exporter):
    """Whole weights in transformers' layout: for vLLM, SGLang, transformers, Ollama.

    Adapters are merged in fp32 where memory allows it. What was written is loaded again, and has
    to answer as base and adapters do.
    """

    type: Literal["merged"] = "merged"
    dtype: Dtype | None = None
    """Number format of the weights; that of the base model when not set."""
    max_shard_size: float = Field(default=5.0, gt=0.0, le=1000.0, json_schema_extra={"unit": "GB"})
    """Size of a file of weights, at most."""
    device: Literal["cpu", "auto"] = "cpu"
    """Where adapters are merged: `cpu` needs no card's memory, `auto` takes the card if there is
    one."""

    def bytes_needed(self, source: Source) -> int:
        parameters = describe_folder(source.base, name=source.base_name).parameters or 0
        return parameters * _BYTES[self._dtype(source)]

    def write(self, source: Source, folder: Path, on_progress: Tell) -> dict[str, Any]:
        refuse_quantized(source)
        device, dtype = detect_device(self.device), self._dtype(source)
        expected, window = self._save(source, folder, device, dtype, on_progress)
        on_progress("comparing")
        again = load_base(folder, device=device, dtype=dtype)
        found = answers_of(again.model, again.tokenizer, device=device)
        apart, notes = _judged(expected, found, dtype=dtype, merged=bool(source.adapters))
        _copy_licence(source.base, folder)
        ollama = modelfile(folder, again.tokenizer, window=window)
        if ollama.text:
            (folder / "Modelfile").write_text(ollama.text, encoding="utf-8")
        else:
            notes = (*notes, f"no Modelfile for Ollama was written: {ollama.obstacle}")
        return {
            "type": self.type,
            "dtype": dtype,
            "largest_difference": apart if source.adapters else None,
            "notes": notes,
        }

    def _save(
        self, source: Source, folder: Path, device: Device, dtype: str, on_progress: Tell
    ) -> tuple[Answers, int | None]:
        """Writes weights and tokenizer; returns what they should answer, and the window."""
        import torch

        on_progress("loading")
        computed = _computed_in(source, dtype, device)
        loaded = load_base(
            source.base, device=device, dtype=computed, chat_template=source.chat_template
        )
        loaded, expected = merge(loaded, source, device=device, dtype=computed, tell=on_progress)
        on_progress("writing")
        model = loaded.model.to(getattr(torch, dtype))
        _set_stops(loaded)
        with without_progress_bars():
            model.save_pretrained(folder, max_shard_size=f"{self.max_shard_size:g}GB")
        loaded.tokenizer.save_pretrained(folder)
        window = getattr(model.config, "max_position_embeddings", None)
        return expected, window

    def _dtype(self, source: Source) -> str:
        stored = stored_dtype(source.base)
        return self.dtype or (stored if stored in _BYTES else "float32")


def _computed_in(source: Source, dtype: str, device: Device) -> str:
    """fp32, so that only the end result is rounded, unless it has no room."""
    parameters = describe_folder(source.base, name=source.base_name).parameters or 0
    fits = 4 * parameters <= _SHARE_OF_MEMORY * device.memory_bytes
    return "float32" if fits else dtype


def _set_stops(loaded: Loaded) -> None:
    """Names in the model's own settings what ends a reply, and writes the template that is used."""
    template = ChatTemplate(loaded.tokenizer)
    loaded.tokenizer.chat_template = template.text
    config = loaded.model.generation_config
    known = config.eos_token_id
    more = known if isinstance(known, list) else [] if known is None else [known]
    config.eos_token_id = sorted(template.stop_ids | set(more))
    sampled = (config.temperature, config.top_p, config.top_k)
    if not config.do_sample and sampled != (None, None, None):
        config.do_sample = True  # else transformers takes these for a mistake, and writes nothing


def _judged(
    expected: Answers, found: Answers, *, dtype: str, merged: bool
) -> tuple[float, tuple[str, ...]]:
    """How far what was written is from what it was made of. Raises ExportError where that is more
    than rounding."""
    apart = difference(expected, found)
    what = "base and adapters do" if merged else "the trained model does"
    if not apart <= TOLERANCE[dtype] or math.isnan(apart):
        raise ExportError(
            f"what was written does not answer as {what}: its logits differ by {apart:.1%}, "
            f"and {TOLERANCE[dtype]:.1%} is what {dtype} explains",
            hint="Nothing was exported. Layers that are learned in full and shared with others "
            "cannot be merged; of fp16, large values overflow: try dtype float32.",
        )
    others = other_replies(expected, found)
    if not others:
        return apart, ()
    return apart, (
        f"{len(others)} of {len(found.replies)} test prompts are not replied to as {what}, since "
        f" {dtype} rounds: export as float32 if that matters",
    )


def _copy_licence(base: Path, folder: Path) -> None:
    for path in base.iterdir():
        if path.is_file() and path.name.lower().startswith(("license", "licence", "notice")):
            shutil.copyfile(path, folder / path.name)
