"""Why: its stages, and the settings that one of them alone has, said in our words."""

from __future__ import annotations

from typing import Any

from loresmith.llamafactory.given import GivenSettings
from loresmith.training.stages import Dpo, Kto, Pretrain, Reward, Sft, Stage
from loresmith.training.stages.stage import Shape

_STAGES: dict[str, type[Stage]] = {
    "pt": Pretrain,
    "sft": Sft,
    "rm": Reward,
    "dpo": Dpo,
    "kto": Kto,
}
OF_STAGE: dict[str, tuple[str, ...]] = {
    "pref_beta": ("dpo", "kto"),
    "pref_ftx": ("dpo", "kto"),
    "pref_loss": ("dpo",),
    "dpo_label_smoothing": ("dpo",),
    "simpo_gamma": ("dpo",),
    "kto_chosen_weight": ("kto",),
    "kto_rejected_weight": ("kto",),
    "ref_model": ("dpo", "kto"),
    "ref_model_adapters": ("dpo", "kto"),
}
"""The stages that alone have a setting."""


def shape_of(stage: str) -> Shape:
    """The rows that a stage takes; of one that is refused, those of sft."""
    return _STAGES.get(stage, Sft).shape


def stage_data(settings: GivenSettings) -> dict[str, Any]:
    """The recipe's setting `training.stage` as plain data; nothing where it is sft."""
    own = {"pt": _pretrain, "dpo": _dpo, "kto": _kto, "rm": _reward}.get(settings["stage"])
    return {"stage": own(settings)} if own is not None else {}


def check_stage(settings: GivenSettings) -> None:
    """Adds the faults of a stage, and of settings that do not go with it."""
    stage = settings["stage"]
    if stage not in _STAGES:
        settings.fault("stage", _NO_PPO)
    if stage == "dpo" and settings["pref_loss"] == "kto_pair":
        settings.fault("pref_loss", "kto_pair is refused: use stage: kto, on rows with kto_tag")
    if stage == "kto" and settings["pref_ftx"]:
        settings.fault("pref_ftx", "does not go with stage: kto; leave it out")
    if stage in OF_STAGE["ref_model"]:
        _check_reference(settings)


def _check_reference(settings: GivenSettings) -> None:
    model, adapters = settings["ref_model"], settings["ref_model_adapters"] or ()
    if model is not None and model != settings["model_name_or_path"]:
        settings.fault("ref_model", f"is another model; {_REFERENCE}")
    if adapters and adapters != settings["adapter_name_or_path"]:
        settings.fault("ref_model_adapters", f"are other adapters; {_REFERENCE}")


_REFERENCE = "the reference is the model as the training starts: leave it out"
_NO_PPO = (
    "ppo is refused: use dpo or kto, which learn from preferences without a reward model; rm "
    "trains one"
)


def _pretrain(settings: GivenSettings) -> dict[str, Any]:
    return {"type": "pretrain", "join": settings["packing"] is not False}


def _reward(_settings: GivenSettings) -> dict[str, Any]:
    return {"type": "reward"}


def _dpo(settings: GivenSettings) -> dict[str, Any]:
    loss = settings["pref_loss"] if settings["pref_loss"] != "kto_pair" else "sigmoid"  # a fault
    found = {"type": "dpo", "loss": loss, "beta": settings["pref_beta"]}
    if settings["dpo_label_smoothing"]:
        found["label_smoothing"] = settings["dpo_label_smoothing"]
    if settings["pref_ftx"]:
        found["sft_weight"] = settings["pref_ftx"]
    if settings["pref_loss"] == "simpo":
        found["simpo_gamma"] = settings["simpo_gamma"]
    return found


def _kto(settings: GivenSettings) -> dict[str, Any]:
    return {
        "type": "kto",
        "beta": settings["pref_beta"],
        "desirable_weight": settings["kto_chosen_weight"],
        "undesirable_weight": settings["kto_rejected_weight"],
    }
