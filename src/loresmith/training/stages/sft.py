"""Why: a model learns to answer from questions with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from loresmith.models.templates import ChatTemplate
from loresmith.training.rows import encode_rows
from loresmith.training.stages.plain import PlainObjective
from loresmith.training.stages.stage import Encoded, Encoding, Objective, Shape, Stage


class Sft(Stage):
    """Supervised fine-tuning: the replies of conversations are learned."""

    type: Literal["sft"] = "sft"
    shape: ClassVar[Shape] = "conversation"
    in_project: ClassVar[bool] = True

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        encoded = encode_rows(
            rows,
            ChatTemplate(encoding.tokenizer),
            max_length=encoding.max_length,
            too_long=encoding.too_long,
            learn=encoding.learn,
        )
        return Encoded(*encoded)

    def objective(self, forward: Any) -> Objective:
        return PlainObjective(forward)
