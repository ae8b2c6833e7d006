"""Why: what a file asks for and cannot have is told before anything is loaded, all at once."""

from __future__ import annotations

import difflib

from loresmith.llamafactory.cards import check_cards, ignored_of_fsdp
from loresmith.llamafactory.given import GivenSettings, Remark
from loresmith.llamafactory.template_names import TEMPLATE_NAMES
from loresmith.llamafactory.translation import OF_METHOD
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.models.chat_templates import template_names

_STAGES = {
    "pt": "pre-training on texts",
    "rm": "training a reward model",
    "ppo": "PPO",
    "dpo": "preference training by DPO",
    "kto": "preference training by KTO",
}
_SHORT_OF_EVERYTHING = 1e-6
"""LLaMA Factory's own bound below which a share of rows is none."""


def check_settings(settings: GivenSettings) -> None:
    """Adds the faults of values that are refused, and of those that do not go together."""
    for key in settings.changed():
        if VERDICTS[key].kind == "refused":
            settings.fault(key, f"is refused: {VERDICTS[key].told}")
    _check_purpose(settings)
    _check_stage(settings)
    _check_method(settings)
    _check_precision(settings)
    _check_rows(settings)
    _check_validation(settings)
    _check_template(settings)
    check_cards(settings)
    if settings["train_on_prompt"] and settings["mask_history"]:
        settings.fault("mask_history", "does not go together with train_on_prompt")
    if settings["resume_from_checkpoint"] not in (None, "true", "false"):
        told = "names a checkpoint: leave it out, and the newest whole one of output_dir is taken"
        settings.fault("resume_from_checkpoint", told)


def ignored_settings(settings: GivenSettings) -> list[Remark]:
    """The settings that were given and change nothing, each with the reason."""
    remarks = []
    method = settings["finetuning_type"]
    wrong = {fault.key for fault in settings.faults}
    owner = {key: kind for kind, keys in OF_METHOD.items() for key in keys}
    for key in (key for key in settings.changed() if key not in wrong):
        if key == "template" and settings[key] not in template_names():
            told = f"ignored: there is none of the name {settings[key]!r} here; {_OWN_TEMPLATE}"
            remarks.append(settings.remark(key, told))
        elif VERDICTS[key].kind == "ignored":
            remarks.append(settings.remark(key, f"ignored: {VERDICTS[key].told}"))
        elif owner.get(key, method) != method and key not in _FAULTS_OF_OTHER_METHODS:
            told = f"ignored: only finetuning_type: {owner[key]} has it"
            remarks.append(settings.remark(key, told))
        elif key == "fp16":
            told = "half precision overflows: bf16 is used where the device has it, else fp32"
            remarks.append(settings.remark(key, told))
    remarks += ignored_of_fsdp(settings)
    if settings.is_changed("max_steps") and settings.was_given("num_train_epochs"):
        remarks.append(settings.remark("num_train_epochs", "ignored: max_steps wins over it"))
    return sorted(remarks)


_FAULTS_OF_OTHER_METHODS = ("adapter_name_or_path", "quantization_bit", "create_new_adapter")
"""What another finetuning_type cannot go without being told: it would be another training."""


def _check_purpose(settings: GivenSettings) -> None:
    """Whether the file is one to train by, and names what that needs."""
    wrong = {fault.key for fault in settings.faults}
    if settings["do_train"]:
        for key, told in _NEEDED.items():
            if not settings[key] and key not in wrong:
                settings.fault(key, f"is needed and was not given; {told}")
    elif not wrong & {"do_train", "export_dir"}:
        settings.fault("do_train", f"is not true{_other_purpose(settings)}")


def _other_purpose(settings: GivenSettings) -> str:
    """What to use instead of `train`, or what to add."""
    if settings["do_predict"] or settings["do_eval"]:
        return ", and only training is done: use `loresmith predict` for replies"
    if settings["dataset"]:
        return ": add `do_train: true` to train by this file"
    return (
        ", and there is no dataset: use `loresmith chat` to talk with a model, `loresmith serve` "
        "to serve it"
    )


_NEEDED = {
    "model_name_or_path": "name a folder of weights, or an id such as Qwen/Qwen2.5-0.5B-Instruct",
    "dataset": "name one of dataset_info.json",
    "output_dir": "name a folder for the result",
}


def _check_stage(settings: GivenSettings) -> None:
    stage = settings["stage"]
    if stage != "sft":
        settings.fault("stage", f"{_STAGES[stage]} ({stage}) is not there yet: use sft")


def _check_method(settings: GivenSettings) -> None:
    method = settings["finetuning_type"]
    if method == "oft":
        settings.fault("finetuning_type", "oft is refused: use lora")
    if settings["quantization_bit"] is not None:
        if settings["quantization_bit"] not in (4, 8):
            settings.fault("quantization_bit", "should be 4 or 8")
        if method != "lora":
            settings.fault(
                "quantization_bit", f"does not go with finetuning_type: {method}; use lora"
            )
        if settings["quantization_method"] != "bnb":
            settings.fault("quantization_method", f"is refused: {_QUANTIZED}")
    if settings["adapter_name_or_path"] and method != "lora":
        told = f"does not go with finetuning_type: {method}; use lora, or leave it out"
        settings.fault("adapter_name_or_path", told)
    if settings["create_new_adapter"] and not settings["adapter_name_or_path"]:
        settings.fault("create_new_adapter", "is about adapter_name_or_path, which is not given")


_QUANTIZED = VERDICTS["quantization_method"].told


def _check_precision(settings: GivenSettings) -> None:
    if settings["bf16"] and settings["fp16"]:
        settings.fault("fp16", "does not go with bf16: true; leave one of them out")
    if settings["gradient_checkpointing"] and settings["disable_gradient_checkpointing"]:
        told = "does not go with disable_gradient_checkpointing: true; leave one of them out"
        settings.fault("gradient_checkpointing", told)


def _check_rows(settings: GivenSettings) -> None:
    names, shares = settings["dataset"] or (), settings["interleave_probs"]
    if settings["streaming"] and settings["max_steps"] <= 0:
        settings.fault("streaming", "needs max_steps; or leave it out: rows are counted then")
    if not shares:
        return
    if settings["mix_strategy"] == "concat":
        settings.fault(
            "interleave_probs", "is for mix_strategy: interleave_under or interleave_over"
        )
    if len(shares) != len(names):
        told = f"names {len(shares)} shares, and dataset names {len(names)} datasets"
        settings.fault("interleave_probs", told)


def _check_validation(settings: GivenSettings) -> None:
    size, names = settings["val_size"], settings["eval_dataset"]
    if size > _SHORT_OF_EVERYTHING and names:
        settings.fault("val_size", "does not go with eval_dataset; leave one of them out")
    if size > 1 and size != int(size):
        settings.fault("val_size", "should be a share below 1 or a whole number of rows")
    if size > _SHORT_OF_EVERYTHING or names:
        return
    if settings["eval_strategy"] != "no":
        settings.fault("eval_strategy", _NO_ROWS)
    if settings["do_train"] and settings["do_eval"]:
        settings.fault("do_eval", _NO_ROWS)


_NO_ROWS = "needs rows to measure: give val_size or eval_dataset"


_OWN_TEMPLATE = "the base model's own chat template is written"


def _check_template(settings: GivenSettings) -> None:
    name = settings["template"]
    if name is None or name in TEMPLATE_NAMES:
        return
    close = difflib.get_close_matches(name, TEMPLATE_NAMES, n=1)
    meant = f"did you mean {close[0]}? Without it" if close else "without it"
    settings.fault(
        "template",
        f"unknown; {meant} {_OWN_TEMPLATE} (given: {name!r})",
    )
