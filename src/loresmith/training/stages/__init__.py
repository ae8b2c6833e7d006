"""What a training learns from: conversations, texts, preferences or marked answers.

A new stage is a file here, and its class in `AnyStage`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.training.stages.dpo import Dpo
from loresmith.training.stages.kto import Kto
from loresmith.training.stages.pretrain import Pretrain
from loresmith.training.stages.reward import Reward
from loresmith.training.stages.sft import Sft
from loresmith.training.stages.stage import ROWS_OF, Encoding, Objective, Stage, StepLoss

AnyStage = Annotated[
    Annotated[Sft | Pretrain | Dpo | Kto | Reward, Field(discriminator="type")],
    any_instance_of(Stage),
]
"""The stages that a recipe can name."""

__all__ = [
    "ROWS_OF",
    "AnyStage",
    "Dpo",
    "Encoding",
    "Kto",
    "Objective",
    "Pretrain",
    "Reward",
    "Sft",
    "Stage",
    "StepLoss",
]
