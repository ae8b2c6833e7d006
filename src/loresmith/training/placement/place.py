"""Why: settings say how a model lies on its processes; here they become the one that does it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from typing import Any

from loresmith.devices import Device
from loresmith.errors import NotFound, TrainingError
from loresmith.training.method import Precision, TrainingMethod
from loresmith.training.placement.copies import Copies
from loresmith.training.placement.deepspeed_config import read_deepspeed
from loresmith.training.ranks import Ranks, world_size


def place(
    model: Any, method: TrainingMethod, ranks: Ranks, *, device: Device, precision: Precision
) -> Copies:
    """Puts `model` on the processes as `method` says, with its optimizer."""
    ranks.copy_from_first(p for p in model.parameters() if p.requires_grad)
    if method.deepspeed is not None:
        from loresmith.training.placement.deepspeed import DeepSpeedCopies

        return DeepSpeedCopies(model, method, ranks, bf16=precision == "bf16")
    if method.fsdp != "off" and ranks.world_size > 1:
        from loresmith.training.placement.fsdp import FullyShardedCopies

        return FullyShardedCopies(model, method, ranks, device)
    return Copies(model, method, ranks)


def keeps_whole(method: TrainingMethod, ranks: Ranks) -> bool:
    """Whether each process has all weights: only then can one of them answer questions alone."""
    return method.deepspeed is None and (method.fsdp == "off" or ranks.world_size == 1)


def placement_notes(method: TrainingMethod) -> list[str]:
    """What a user should know of how the weights lie."""
    if method.deepspeed is None:
        return []
    settings = read_deepspeed(method.deepspeed)
    notes = [f"DeepSpeed's ZeRO stage {settings.stage}, by {settings.source}"]
    if settings.stage == 3 and settings.offloads_weights:
        notes.append(
            "ZeRO-3 with offload_param keeps weights in main memory: torch's complaint about "
            "tensors on two devices then means too old a DeepSpeed for this model; zero3 without "
            "offload, or fsdp with fsdp_offload, does without it"
        )
    return notes


def placement_obstacles(method: TrainingMethod) -> Iterator[TrainingError]:
    """Why the model cannot lie on this machine's processes as `method` says, if so."""
    chosen = [name for name in ("fsdp", "deepspeed") if getattr(method, name) not in (None, "off")]
    if len(chosen) == 2:
        yield TrainingError(
            "training.fsdp and training.deepspeed do not go together",
            hint="Both cut the model into shards: leave one of them out.",
        )
    several = bool(chosen) or (method.processes or world_size()) > 1
    if several and not method.stage.shared:
        yield TrainingError(
            f"training.stage {method.stage.type} is trained by one process",
            hint="Leave fsdp and deepspeed out, set training.processes to 1, and start it without "
            "torchrun.",
        )
    if chosen and method.stage.shared and not method.stage.sharded:
        yield TrainingError(
            f"training.stage {method.stage.type} cannot be learned by a model in shards",
            hint="Leave fsdp and deepspeed out: several processes share its rows with a whole "
            "model each.",
        )
    if chosen and getattr(method, "quantization", None) is not None:
        yield TrainingError(
            f"training.{chosen[0]} does not go with training.quantization",
            hint="Leave one of them out: a quantized base model lies on each card as a whole.",
        )
    if method.fsdp != "off" and importlib.util.find_spec("torch") is not None:
        yield from _fsdp_obstacles()
    if method.deepspeed is not None:
        yield from _deepspeed_obstacles(method.deepspeed)


def _fsdp_obstacles() -> Iterator[TrainingError]:
    """FSDP2 is public from torch 2.6 on."""
    version = importlib.metadata.version("torch")
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < (2, 6):
        yield TrainingError(
            f"training.fsdp needs torch 2.6 or later, and this is {version}",
            hint="Update torch, or set training.fsdp to off.",
        )


def _deepspeed_obstacles(named: str) -> Iterator[TrainingError]:
    """One of them only: who has no card need not install what needs one."""
    try:
        read_deepspeed(named)
    except (TrainingError, NotFound) as error:
        yield TrainingError(error.message, hint=error.hint)
    if os.environ.get("DS_ACCELERATOR") != "cpu" and not _has_card():
        yield TrainingError(
            "training.deepspeed needs a card that torch can use, and this machine has none",
            hint="Run it where there is one, or leave deepspeed out: the same rows are learned "
            "with the same result, as far as the model fits.",
        )
    elif importlib.util.find_spec("deepspeed") is None:
        yield TrainingError(
            "training.deepspeed needs the package deepspeed, which is not installed",
            hint="pip install deepspeed. Or take training.fsdp, which needs torch alone.",
        )


def _has_card() -> bool:
    from loresmith.devices import detect_device

    return detect_device().kind != "cpu"
