"""Why: before training, a person sees one row exactly as it is trained, with what is learned."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from loresmith.records import Record
from loresmith.training.rows import Row
from loresmith.training.sealed import write_at_once


class ShownPiece(Record):
    """Text of a row, all of it learned or none of it."""

    text: str
    learned: bool


class ShownRow(Record):
    """One row after templating, decoded from its tokens."""

    pieces: tuple[ShownPiece, ...]
    tokens: int
    learned_tokens: int

    @property
    def marked(self) -> str:
        """The text with what is learned between ⟦ and ⟧."""
        return "".join(f"⟦{one.text}⟧" if one.learned else one.text for one in self.pieces)


def shown_row(row: Row, tokenizer: Any) -> ShownRow:
    """The row as text, special tokens included."""
    pairs = zip(row.input_ids, row.labels_mask, strict=True)
    pieces = [
        ShownPiece(text=tokenizer.decode([token for token, _ in group]), learned=learned)
        for learned, group in groupby(pairs, key=lambda pair: pair[1])
    ]
    return ShownRow(
        pieces=tuple(pieces), tokens=len(row.input_ids), learned_tokens=sum(row.labels_mask)
    )


def write_shown_row(sample: ShownRow, folder: Path) -> None:
    """`sample.txt` for people, `sample.json` for programs."""
    write_at_once(folder / "sample.txt", f"{_ABOVE.format(sample=sample)}\n\n{sample.marked}\n")
    write_at_once(folder / "sample.json", sample.model_dump_json(indent=1) + "\n")


def read_shown_row(folder: Path) -> ShownRow | None:
    """What `write_shown_row` left there; None where it did not."""
    path = folder / "sample.json"
    if not path.is_file():
        return None
    return ShownRow.model_validate_json(path.read_text(encoding="utf-8"))


_ABOVE = (
    "The first row as it is trained: {sample.tokens} tokens. What is learned stands between "
    "⟦ and ⟧: {sample.learned_tokens} tokens. ⟦⟧ themselves are not trained."
)
