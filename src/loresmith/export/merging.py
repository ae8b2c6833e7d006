"""Why: adapters become part of the weights one after another, and each merge is measured."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from loresmith.devices import Device
from loresmith.errors import ExportError
from loresmith.export.agreement import TOLERANCE, Answers, answers_of, difference
from loresmith.export.base import Source, Tell
from loresmith.models.adapter_folders import adapter_chain, adapter_fault, adapter_id
from loresmith.models.loading import Loaded, chat_template_of, errors_of_loading


def refuse_quantized(source: Source) -> None:
    """Raises ExportError for a base model whose weights are rounded: merging would round anew."""
    config = json.loads((source.base / "config.json").read_text(encoding="utf-8"))
    if "quantization_config" in config:
        method = config["quantization_config"].get("quant_method", "few bits")
        raise ExportError(
            f"the base model {source.base_name} is quantized ({method}): merging into rounded "
            "weights loses what the adapter learned",
            hint="Merge into the full-precision model that it was made from: --base-model NAME.",
        )


def merge(
    loaded: Loaded, source: Source, *, device: Device, dtype: str, tell: Tell
) -> tuple[Loaded, Answers]:
    """The model with all adapters in its weights, and what it answered just before the last was
    merged. Raises ExportError for one that cannot be merged as it is."""
    model, tokenizer = loaded
    expected = None
    chain = all_adapters(source.adapters)
    if chain and source.chat_template is None:
        tokenizer.chat_template = chat_template_of(chain[-1]) or tokenizer.chat_template
    for number, adapter in enumerate(chain, start=1):
        tell(f"merging adapter {number} of {len(chain)}")
        adapted = _adapted(model, adapter, base=source.base, device=device)
        expected = answers_of(adapted, tokenizer, device=device)
        model = _merged(adapted, adapter)
        apart = difference(expected, answers_of(model, tokenizer, device=device))
        if not apart <= TOLERANCE[dtype]:
            raise ExportError(
                f"merged, the adapter {adapter} does not answer as beside its base: the logits "
                f"differ by {apart:.1%}",
                hint="Its kind cannot be merged here; serve base and adapter as they are.",
            )
    return Loaded(model, tokenizer), expected or answers_of(model, tokenizer, device=device)


def all_adapters(folders: tuple[Path, ...]) -> list[Path]:
    """Each after the ones that it was trained on top of; one that stands twice is merged once."""
    chain: dict[str, Path] = {}
    for folder in folders:
        for adapter in adapter_chain(folder):
            chain.setdefault(adapter_id(adapter), adapter)
    return list(chain.values())


def _adapted(model: Any, adapter: Path, *, base: Path, device: Device) -> Any:
    from peft import PeftModel

    fault = adapter_fault(adapter, base=base)
    if fault:
        raise ExportError(
            f"the adapter {adapter} cannot be merged: {fault}",
            hint="Give a folder in PEFT's layout, and the base model that it was trained on.",
        )
    with errors_of_loading(adapter), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # between transformers and peft
        adapted = PeftModel.from_pretrained(model, str(adapter), torch_device=device.torch_device)
    return adapted.eval()


def _merged(adapted: Any, adapter: Path) -> Any:
    try:
        return adapted.merge_and_unload(safe_merge=True).eval()
    except ValueError as error:
        raise ExportError(
            f"the adapter {adapter} cannot be merged: {error}",
            hint="Its weights are damaged, or the training diverged: take an earlier checkpoint.",
        ) from error
