"""Why: a model that has read a field's texts knows its words before it is asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from loresmith.models.templates import encode_text
from loresmith.records import Drop
from loresmith.training.rows import Row
from loresmith.training.stages.plain import PlainObjective
from loresmith.training.stages.stage import Encoded, Encoding, Objective, Shape, Stage


class Pretrain(Stage):
    """Continued pre-training: every token of plain texts is learned.

    After each text stands the tokenizer's end token. No token is lost: what is longer than
    `max_length` goes on in the next row, which begins with the last token of the one before, so
    that each is learned once. `too_long` and `learn` are not used.
    """

    type: Literal["pretrain"] = "pretrain"
    shape: ClassVar[Shape] = "text"
    shared: ClassVar[bool] = True
    templated: ClassVar[bool] = False

    join: bool = Field(default=True, json_schema_extra={"common": True})
    """Texts are put end to end and cut into rows of `max_length` tokens, as is usual; off, each
    text begins a row of its own, and sees no other."""

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        dropped: list[Drop] = []
        texts = []
        for row in rows:
            ids = encode_text(encoding.tokenizer, row.text)
            if ids:
                texts.append([*_start(encoding.tokenizer), *ids, *_end(encoding.tokenizer)])
            else:
                dropped.append(
                    Drop(
                        subject_id=row.id,
                        subject="row",
                        reason="nothing_to_learn",
                        detail="no token in it",
                        text=row.text[:200],
                    )
                )
        if self.join:
            texts = [[token for text in texts for token in text]]
        cut = [part for text in texts for part in _parts(text, encoding.max_length)]
        kept = [Row(p, [True] * len(p), f"piece {n}") for n, p in enumerate(cut, start=1)]
        return Encoded(kept, dropped, [])

    def objective(self, forward: Any) -> Objective:
        return PlainObjective(forward)


def _parts(ids: list[int], length: int) -> list[list[int]]:
    """Pieces of `length` tokens at most; each begins with the last token of the one before."""
    return [ids[start : start + length] for start in range(0, len(ids) - 1, length - 1)]


def _start(tokenizer: Any) -> list[int]:
    """The token that this tokenizer puts before a text, if it does."""
    first: list[int] = tokenizer("").input_ids[:1]
    return first if first == [tokenizer.bos_token_id] else []


def _end(tokenizer: Any) -> list[int]:
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
