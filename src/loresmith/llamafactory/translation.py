"""Why: the same training as there needs their defaults, and their settings put in our words."""

from __future__ import annotations

from typing import Any

from loresmith.llamafactory.cards import on_cards
from loresmith.llamafactory.given import GivenSettings
from loresmith.llamafactory.stages import stage_data
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.models.chat_templates import template_names
from loresmith.training.watchers import WATCHERS

OF_METHOD: dict[str, tuple[str, ...]] = {
    "lora": (
        *("lora_rank", "lora_alpha", "lora_dropout", "lora_target", "loraplus_lr_ratio"),
        *("use_rslora", "use_dora", "additional_target", "adapter_name_or_path"),
        *("create_new_adapter", "quantization_bit", "quantization_method"),
    ),
    "freeze": ("freeze_trainable_layers", "freeze_trainable_modules", "freeze_extra_modules"),
    "full": (),
}
"""The settings that one finetuning_type alone has."""

_UNLIMITED_NORM = 1000.0
_ALL_CHECKPOINTS = 1000


def recipe_data(settings: GivenSettings) -> dict[str, Any]:
    """The recipe's settings that stand for `settings`, as plain data, not yet checked."""
    method = settings["finetuning_type"]
    others = {key for kind, keys in OF_METHOD.items() if kind != method for key in keys}
    training = {"type": method}
    for key, verdict in VERDICTS.items():
        if verdict.renamed and key not in others and verdict.paths[0] != "seed":
            name = verdict.paths[0].removeprefix("training.")
            value = settings[key]
            if value is not None:
                training[name] = value
    training |= _steps(settings)
    training |= _rows(settings)
    training |= _computing(settings)
    training |= stage_data(settings)
    training |= _watching(settings)
    training |= _looking_and_saving(settings)
    training |= on_cards(settings)
    training |= {"lora": _lora, "freeze": _freeze}.get(method, lambda _: {})(settings)
    data = {"seed": settings["seed"], "training": training}
    if settings["model_name_or_path"]:
        data["base_model"] = settings["model_name_or_path"]
    return data


def _steps(settings: GivenSettings) -> dict[str, Any]:
    rows = settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"]
    found: dict[str, Any] = {"batch_size": rows, **_warmup(settings)}
    if settings["max_steps"] > 0:
        found["max_steps"] = settings["max_steps"]
    if settings["max_grad_norm"] == 0:
        found["max_grad_norm"] = _UNLIMITED_NORM
    else:
        found["max_grad_norm"] = settings["max_grad_norm"]
    if settings["optim"] not in ("adamw_torch", "adamw_torch_fused"):
        found["optimizer"] = settings["optim"]
    return found


def _looking_and_saving(settings: GivenSettings) -> dict[str, Any]:
    """When it is measured and saved, and which weights are delivered."""
    patience = settings["early_stopping_steps"]
    best = settings["load_best_model_at_end"] or patience is not None
    found: dict[str, Any] = {
        "early_stopping": patience is not None,
        "best_by": "validation_loss" if best else "last",
    }
    if patience is not None:
        found["patience"] = patience
    if settings["eval_strategy"] == "steps":
        every = settings["eval_steps"] or settings["logging_steps"]
        found["eval_steps"] = in_steps(every, settings["max_steps"])
    if settings["save_strategy"] == "steps" and settings.was_given("save_steps"):
        found["save_steps"] = in_steps(settings["save_steps"], settings["max_steps"])
        found["save_total_limit"] = _ALL_CHECKPOINTS
    if settings["save_total_limit"] is not None:
        found["save_total_limit"] = settings["save_total_limit"]
    return {name: value for name, value in found.items() if value is not None}


def in_steps(every: float, max_steps: int) -> int | None:
    """A number of steps, or below 1 a share of all of them; None where these are not known."""
    if every >= 1:
        return int(every)
    return max(1, round(every * max_steps)) if max_steps > 0 else None


def _warmup(settings: GivenSettings) -> dict[str, Any]:
    """transformers takes steps below 1 for a share, and steps before a share."""
    steps, share = settings["warmup_steps"], settings["warmup_ratio"] or 0.0
    if settings["lr_scheduler_type"] == "constant":
        return {"warmup_ratio": 0.0, "warmup_steps": 0}
    if steps >= 1:
        return {"warmup_ratio": 0.0, "warmup_steps": int(steps)}
    return {"warmup_ratio": steps or share}


def _rows(settings: GivenSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings["template"] in template_names():
        found["chat_template"] = settings["template"]
    if settings["train_on_prompt"]:
        found["learn"] = "everything"
    elif settings["mask_history"]:
        found["learn"] = "last_reply"
    return found


def _computing(settings: GivenSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings["bf16"] or settings["pure_bf16"]:
        found["precision"] = "bf16"
    if not settings["enable_liger_kernel"]:
        found["fused_kernels"] = "off"
    joins = settings["stage"] == "pt"  # where packing says how texts are cut into rows
    if (settings["packing"] and not joins) or settings["neat_packing"]:
        found["packing"] = "on"
    if settings["disable_gradient_checkpointing"]:
        found["gradient_checkpointing"] = "off"
    elif settings["gradient_checkpointing"]:
        found["gradient_checkpointing"] = "on"
    return found


def _watching(settings: GivenSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    named = [*(settings["report_to"] or ()), *(["swanlab"] if settings["use_swanlab"] else [])]
    watchers = [name for name in dict.fromkeys(named) if name in WATCHERS]
    if watchers:
        found["report_to"] = watchers
    if settings["swanlab_run_name"] and not settings["run_name"]:
        found["run_name"] = settings["swanlab_run_name"]
    if settings["enable_torch_profiler"]:
        found["profile_steps"] = settings["profiler_active_steps"]
    return found


def _lora(settings: GivenSettings) -> dict[str, Any]:
    targets = settings["lora_target"]
    found: dict[str, Any] = {
        "alpha": settings["lora_alpha"] or 2 * settings["lora_rank"],
        "target_modules": "all-linear" if targets == ("all",) else list(targets),
    }
    if settings["additional_target"]:
        found["additional_modules"] = list(settings["additional_target"])
    if settings["adapter_name_or_path"]:
        found["adapters"] = list(settings["adapter_name_or_path"])
    if settings["quantization_bit"] is not None:
        found["quantization"] = settings["quantization_bit"]
    return found


def _freeze(settings: GivenSettings) -> dict[str, Any]:
    return {
        "trainable_layers": settings["freeze_trainable_layers"],
        "trainable_modules": list(settings["freeze_trainable_modules"]),
        **(
            {"extra_modules": list(settings["freeze_extra_modules"])}
            if settings["freeze_extra_modules"]
            else {}
        ),
    }
