"""Why: a model learns to answer from questions with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from loresmith.models.templates import ChatTemplate
from loresmith.records import Example
from loresmith.training.rows import Rows, encode_rows
from loresmith.training.stages.plain import PlainObjective
from loresmith.training.stages.stage import Encoded, Encoding, Objective, Shape, Stage
from loresmith.training.token_cache import encoded_once


class Sft(Stage):
    """Supervised fine-tuning: the replies of conversations are learned."""

    type: Literal["sft"] = "sft"
    shape: ClassVar[Shape] = "conversation"
    in_project: ClassVar[bool] = True
    shared: ClassVar[bool] = True

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        how: dict[str, Any] = {
            "max_length": encoding.max_length,
            "too_long": encoding.too_long,
            "learn": encoding.learn,
        }
        template = ChatTemplate(encoding.tokenizer)

        def encode(examples: Sequence[Example]) -> Rows:
            return encode_rows(examples, template, **how)

        if encoding.folder is None:
            return Encoded(*encode(rows))
        return Encoded(*encoded_once(rows, encoding.tokenizer, encoding.folder, encode, **how))

    def objective(self, forward: Any) -> Objective:
        return PlainObjective(forward)
