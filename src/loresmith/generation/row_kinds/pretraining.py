"""Makes texts to pre-train on of the passages themselves; no model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.generation.row_kinds.base import PassageFacts, RowBatch, RowWriter
from loresmith.records import WrittenRow, WrittenText


class PretrainingRows(RowWriter):
    """The documents' own text, passage by passage under its headings, in `pretrain.json`.

    Paragraphs that bear out a fact which is kept out of training go to the validation file.
    """

    type: Literal["pretraining"] = "pretraining"
    headings: bool = Field(default=True, json_schema_extra={"common": True})
    """Whether the title of the document and the headings above stand before each passage."""
    least: int = Field(default=50, ge=1, json_schema_extra={"unit": "characters"})
    """Passages that are shorter than this are left out."""

    @property
    def needs_teacher(self) -> bool:
        return False

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        return [
            RowBatch((one._replace(facts=()),), (), one.passage.language)
            for one in passages
            if len(one.chunk.text.strip()) >= self.least
        ]

    def request(self, _batch: RowBatch) -> None:
        return None

    def rows(self, batch: RowBatch, _reply: None, *, model: str) -> list[WrittenRow]:
        (one,) = batch.passages
        text = one.chunk.text.strip()
        above = _above(one) if self.headings else ""
        return [self.row(batch, 0, WrittenText(text=f"{above}{text}"), [], model=model)]


def _above(one: PassageFacts) -> str:
    """Title and headings, one a line and none twice; a table's header stands right above it."""
    lines = [one.passage.title, *one.chunk.context.splitlines()]
    start = one.chunk.text.strip().split("\n", 1)[0].strip("# ")
    kept = [line for line in dict.fromkeys(lines) if line.strip() and line.strip("# ") != start]
    if not kept:
        return ""
    return "\n".join(kept) + ("\n" if kept[-1].lstrip().startswith("|") else "\n\n")
