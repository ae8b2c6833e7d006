"""Why: before training, a person sees one row exactly as it is trained, with what is learned."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from loresmith.records import Record
from loresmith.training.rows import Row
from loresmith.training.sealed import write_at_once


class SamplePiece(Record):
    """Text of a row, all of it learned or none of it."""

    text: str
    learned: bool


class Sample(Record):
    """One row after templating, decoded from its tokens."""

    pieces: tuple[SamplePiece, ...]
    tokens: int
    learned_tokens: int

    @property
    def marked(self) -> str:
        """The text with what is learned between ⟦ and ⟧."""
        return "".join(f"⟦{one.text}⟧" if one.learned else one.text for one in self.pieces)


def sample_of(row: Row, tokenizer: Any) -> Sample:
    """The row as text, special tokens included."""
    pairs = zip(row.input_ids, row.labels_mask, strict=True)
    pieces = [
        SamplePiece(text=tokenizer.decode([token for token, _ in group]), learned=learned)
        for learned, group in groupby(pairs, key=lambda pair: pair[1])
    ]
    return Sample(
        pieces=tuple(pieces), tokens=len(row.input_ids), learned_tokens=sum(row.labels_mask)
    )


def write_sample(sample: Sample, folder: Path) -> None:
    """`sample.txt` for people, `sample.json` for programs."""
    write_at_once(folder / "sample.txt", f"{_ABOVE.format(sample=sample)}\n\n{sample.marked}\n")
    write_at_once(folder / "sample.json", sample.model_dump_json(indent=1) + "\n")


def read_sample(folder: Path) -> Sample | None:
    """What `write_sample` left there; None where it did not."""
    path = folder / "sample.json"
    if not path.is_file():
        return None
    return Sample.model_validate_json(path.read_text(encoding="utf-8"))


_ABOVE = (
    "The first row as it is trained: {sample.tokens} tokens. What is learned stands between "
    "⟦ and ⟧: {sample.learned_tokens} tokens. ⟦⟧ themselves are not trained."
)
