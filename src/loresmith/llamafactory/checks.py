"""Why: what a file asks for and cannot have is told before anything is loaded, all at once."""

from __future__ import annotations

import difflib

from loresmith.llamafactory.cards import check_cards, ignored_of_fsdp
from loresmith.llamafactory.given import GivenSettings, Remark
from loresmith.llamafactory.stages import OF_STAGE, check_stage
from loresmith.llamafactory.template_names import TEMPLATE_NAMES
from loresmith.llamafactory.translation import OF_METHOD
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.models.chat_templates import template_names
from loresmith.training.watchers import WATCHERS

_SHORT_OF_EVERYTHING = 1e-6
"""LLaMA Factory's own bound below which a share of rows is none."""


def check_settings(settings: GivenSettings) -> None:
    """Adds the faults of values that are refused, and of those that do not go together."""
    for key in settings.changed():
        if VERDICTS[key].kind == "refused":
            settings.fault(key, f"is refused: {VERDICTS[key].told}")
    _check_purpose(settings)
    check_stage(settings)
    _check_method(settings)
    _check_precision(settings)
    _check_rows(settings)
    _check_validation(settings)
    check_template(settings)
    _check_best(settings)
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
        if settings["stage"] not in OF_STAGE.get(key, (settings["stage"],)):
            stages = " and ".join(f"stage: {stage}" for stage in OF_STAGE[key])
            told = f"ignored: only {stages} {'has' if len(OF_STAGE[key]) == 1 else 'have'} it"
            remarks.append(settings.remark(key, told))
        elif key in _OF_CONVERSATIONS and settings["stage"] == "pt":
            remarks.append(settings.remark(key, "ignored: texts are learned whole, as they stand"))
        elif key == "template" and settings[key] not in template_names():
            told = f"ignored: there is none of the name {settings[key]!r} here; {_OWN_TEMPLATE}"
            remarks.append(settings.remark(key, told))
        elif VERDICTS[key].kind == "ignored":
            remarks.append(settings.remark(key, f"ignored: {VERDICTS[key].told}"))
        elif owner.get(key, method) != method and key not in _FAULTS_OF_OTHER_METHODS:
            told = f"ignored: only finetuning_type: {owner[key]} has it"
            remarks.append(settings.remark(key, told))
        elif key == "report_to" and (others := set(settings[key]) - {*WATCHERS, "none"}):
            told = f"ignored: {', '.join(sorted(others))}; there are {', '.join(WATCHERS)}"
            remarks.append(settings.remark(key, told))
        elif key in OF_OTHER_COMMANDS:
            remarks.append(
                settings.remark(key, f"ignored: only {OF_OTHER_COMMANDS[key]} follows it")
            )
        elif key == "fp16":
            told = "half precision overflows: bf16 is used where the device has it, else fp32"
            remarks.append(settings.remark(key, told))
    remarks += ignored_of_fsdp(settings)
    if settings.is_changed("max_steps") and settings.was_given("num_train_epochs"):
        remarks.append(settings.remark("num_train_epochs", "ignored: max_steps wins over it"))
    return sorted(remarks)


_OF_CONVERSATIONS = ("template", "default_system", "train_on_prompt", "mask_history")
OF_OTHER_COMMANDS = {
    **dict.fromkeys(("export_dir", "export_size", "export_device"), "`loresmith export`"),
    **dict.fromkeys(("do_predict", "predict_with_generate"), "`loresmith predict`"),
    **dict.fromkeys(
        ("do_sample", "temperature", "top_p", "top_k", "max_new_tokens", "repetition_penalty"),
        "`loresmith chat` or `predict`",
    ),
    "infer_dtype": "`loresmith export`, `chat` or `predict`",
}
"""What a training has no use for, and which command has."""

_FAULTS_OF_OTHER_METHODS = ("adapter_name_or_path", "quantization_bit", "create_new_adapter")
"""What another finetuning_type cannot go without being told: it would be another training."""


def _check_purpose(settings: GivenSettings) -> None:
    """Whether the file is one to train by, and names what that needs."""
    wrong = {fault.key for fault in settings.faults}
    if settings["do_train"]:
        for key, told in _NEEDED.items():
            if not settings[key] and key not in wrong:
                settings.fault(key, f"is needed and was not given; {told}")
    elif "do_train" not in wrong:
        settings.fault("do_train", f"is not true{_other_purpose(settings)}")


def _other_purpose(settings: GivenSettings) -> str:
    """What to use instead of `train`, or what to add."""
    if settings["export_dir"]:
        return ": to merge by this file, use `loresmith export`"
    if settings["do_predict"] or settings["do_eval"]:
        return ": to answer rows by this file, use `loresmith predict`"
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


def _check_best(settings: GivenSettings) -> None:
    """Whether what tells the best weights is measured at all."""
    metric, measured = settings["metric_for_best_model"], settings["eval_strategy"] != "no"
    if metric is not None and metric not in ("loss", "eval_loss"):
        settings.fault("metric_for_best_model", "should be loss or eval_loss: no other is measured")
    if settings["greater_is_better"]:
        settings.fault("greater_is_better", "is refused: a loss is better when it is lower")
    for key in ("load_best_model_at_end", "early_stopping_steps"):
        if settings[key] and not measured:
            settings.fault(key, "needs evaluations: give eval_strategy: steps or epoch, and rows")
    for key, strategy in (("eval_steps", "eval_strategy"), ("save_steps", "save_strategy")):
        share = settings[key] is not None and settings[key] < 1
        if share and settings[strategy] == "steps" and settings["max_steps"] <= 0:
            settings.fault(key, "is a share of all steps: give a number of them, or max_steps")


_NO_ROWS = "needs rows to measure: give val_size or eval_dataset"


_OWN_TEMPLATE = "the base model's own chat template is written"


def check_template(settings: GivenSettings) -> None:
    """Adds a fault for a name that is neither here nor in LLaMA Factory: it is mistyped."""
    name = settings["template"]
    if name is None or name in TEMPLATE_NAMES:
        return
    close = difflib.get_close_matches(name, TEMPLATE_NAMES, n=1)
    meant = f"did you mean {close[0]}? Without it" if close else "without it"
    settings.fault(
        "template",
        f"unknown; {meant} {_OWN_TEMPLATE} (given: {name!r})",
    )
