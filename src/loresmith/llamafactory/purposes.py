"""Why: a file to chat, predict or merge by needs few of the settings, and has faults of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from loresmith.llamafactory.checks import check_template
from loresmith.llamafactory.given import GivenSettings, Remark
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.llamafactory.verdicts.model import MODEL
from loresmith.models.chat_templates import template_names

Purpose = Literal["chat", "serve", "predict", "export"]
"""The commands, besides `train`, that take a file."""

_WEIGHTS = ("model_name_or_path", "adapter_name_or_path", "template", "infer_dtype")
_REPLIES = (
    *("do_sample", "temperature", "top_p", "top_k", "max_new_tokens", "repetition_penalty"),
    "default_system",
)
_USED: dict[Purpose, tuple[str, ...]] = {
    "chat": (*_WEIGHTS, *_REPLIES),
    "serve": _WEIGHTS,
    "predict": (
        *(*_WEIGHTS, *_REPLIES, "do_predict", "predict_with_generate", "dataset", "eval_dataset"),
        *("dataset_dir", "max_samples", "output_dir", "seed", "overwrite_output_dir"),
    ),
    "export": (*_WEIGHTS, "export_dir", "export_size", "export_device"),
}
"""The settings that a command follows."""
_OF_ANY_USE = ("stage", "finetuning_type", "export_legacy_format", "num_beams")
"""What changes nothing here, or is checked by itself."""
_NEEDED: dict[Purpose, dict[str, str]] = {
    "chat": {},
    "serve": {},
    "predict": {"output_dir": "name a folder for the replies"},
    "export": {"export_dir": "name a folder for the merged model"},
}


def check_purpose(settings: GivenSettings, purpose: Purpose) -> None:
    """Adds what stands in the way of this command."""
    wrong = {fault.key for fault in settings.faults}
    needed = {"model_name_or_path": "name a folder of weights, or an id", **_NEEDED[purpose]}
    for key, told in needed.items():
        if not settings[key] and key not in wrong:
            settings.fault(key, f"is needed and was not given; {told}")
    for key in settings.changed():
        if VERDICTS[key].kind == "refused" and (key in MODEL or key == "num_beams"):
            settings.fault(key, f"is refused: {VERDICTS[key].told}")
    if purpose == "predict" and not (settings["eval_dataset"] or settings["dataset"]):
        settings.fault("eval_dataset", "is needed and was not given; name one of dataset_info.json")
    if purpose == "export" and settings["quantization_bit"] is not None:
        settings.fault("quantization_bit", _MERGED_INTO_QUANTIZED)
    adapters = settings["adapter_name_or_path"] or ()
    if purpose != "export" and len(adapters) > 1:
        settings.fault("adapter_name_or_path", _ONE_ADAPTER)
    check_template(settings)


_MERGED_INTO_QUANTIZED = (
    "does not go with merging, which would round what the adapter learned: leave it out, and merge "
    "into the full-precision model"
)
_ONE_ADAPTER = "names several adapters: merge them first, with `loresmith export`"


def notes_for(settings: GivenSettings, purpose: Purpose) -> tuple[Remark, ...]:
    """The settings that were given and change nothing for this command, each with the reason."""
    wrong = {fault.key for fault in settings.faults}
    known = {*_USED[purpose], *_OF_ANY_USE}
    return tuple(sorted(_notes(settings, purpose, known, wrong)))


def _notes(
    settings: GivenSettings, purpose: Purpose, known: set[str], wrong: set[str]
) -> Iterable[Remark]:
    for key in (key for key in settings.changed() if key not in wrong):
        if key == "infer_backend":
            yield settings.remark(key, f"ignored: {_ENGINES}")
        elif key == "template" and settings[key] not in template_names():
            told = f"ignored: there is none of the name {settings[key]!r} here; the model's own is"
            yield settings.remark(key, f"{told} taken")
        elif key == "quantization_bit":
            yield settings.remark(key, "ignored: weights are held in full to answer")
        elif key not in known:
            yield settings.remark(key, f"ignored: `loresmith {purpose}` has no use for it")


_ENGINES = (
    "transformers answers here. For vLLM or SGLang write the model with `loresmith export`, and "
    "give them that folder"
)


def adapters_of(settings: GivenSettings) -> tuple[Path, ...]:
    """The adapters, in order."""
    return tuple(Path(one).expanduser() for one in settings["adapter_name_or_path"] or ())


def named_template(settings: GivenSettings) -> str | None:
    """The chat template that is named, if there is one of that name here."""
    name: str | None = settings["template"]
    return name if name in template_names() else None
