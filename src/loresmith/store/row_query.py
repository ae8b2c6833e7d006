"""Which rows are asked for, in which order, and from where on: the words of every list of rows."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator

from loresmith.errors import NotFound
from loresmith.records import Record, ReviewVerdict, WordingKind, WordingUse

RowState = Literal["kept", "dropped", "pending", "stale"]
"""`stale`: written about a text that was corrected since; not part of any dataset."""
RowKind = WordingKind | Literal["imported", "conversation", "preference", "feedback", "text"]
"""The last four are what row kinds wrote: a dialogue, a comparison and the like; a right answer and
a wrong one; one answer that is marked as right or wrong; running text."""
RowOrder = Literal[
    "position",
    "-position",
    "question",
    "-question",
    "length",
    "-length",
    "reviewed",
    "-reviewed",
    "stars",
    "-stars",
]
"""By place in the documents, by question, by length of the answer, by when it was reviewed, or by
stars; with a `-` the other way round."""
SUBJECT_MARK = " / "
"""What parts the labels of a subject from one another."""


class RowFilter(Record):
    """Which rows are meant. Within a field any of the values will do; all fields must agree."""

    document: tuple[str, ...] = ()
    """Names of documents, or of imported files."""
    use: tuple[WordingUse, ...] = ()
    """What rows are for."""
    kind: tuple[RowKind, ...] = ()
    """How a row asks for its fact: `pair` is the fact's own question."""
    state: tuple[RowState, ...] = ()
    """Whether curation kept a row; `pending` before it has run, `stale` where its text was
    corrected since."""
    verdict: tuple[ReviewVerdict, ...] = ()
    """What a reviewer said; `pending` where nobody has looked yet."""
    reason: tuple[str, ...] = ()
    """Why rows were dropped."""
    language: tuple[str, ...] = ()
    """Codes such as `zh`."""
    evidence: bool | None = None
    """Whether the evidence was found in the source."""
    subject: tuple[str, ...] = ()
    """Subjects of the domain tree, such as `Cargo / Fish`; a wider one stands for all below it."""
    stars: tuple[int, ...] = ()
    """How many stars a person gave; 0 where nobody gave any."""
    tags: tuple[str, ...] = ()
    """A person's own labels."""
    rating_below: float | None = Field(default=None, ge=0.0, le=5.5)
    """Only rows that the judge gave less."""
    note: str = Field(default="", max_length=500)
    """A part of the note."""
    passage: str | None = None
    """The id of the chunk that rows were written from."""
    fact: str | None = None
    """The id of the fact that rows ask for."""
    search: str = Field(default="", max_length=500)
    """A part of the question or the answer; case, width and space do not matter."""

    @field_validator("*", mode="after")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        """PostgreSQL takes no U+0000, which no text has on purpose."""
        if isinstance(value, str):
            return without_nul(value)
        if isinstance(value, tuple):
            return tuple(without_nul(part) if isinstance(part, str) else part for part in value)
        return value


class Cursor(NamedTuple):
    """A place between two rows of a list, and the side of it that is meant."""

    forward: bool
    value: str | int
    """What the row beside the place is sorted by."""
    position: int

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Reads what `str()` wrote. Raises NotFound for anything else."""
        try:
            forward, value, position = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            raise _no_such_place() from None
        is_place = isinstance(forward, bool) and isinstance(value, (str, int))
        if not is_place or not isinstance(position, int) or abs(position) >= 2**62:
            raise _no_such_place()
        if isinstance(value, int) and abs(value) >= 2**62:
            raise _no_such_place()
        return cls(forward, without_nul(value) if isinstance(value, str) else value, position)

    def __str__(self) -> str:
        return json.dumps([*self], ensure_ascii=False, separators=(",", ":"))


def folded(text: str) -> str:
    """`text` as it is searched: without case and width, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_nul(text: str) -> str:
    """`text` with U+FFFD for U+0000, so that every database takes it."""
    return text.replace("\x00", "\ufffd")


def _no_such_place() -> NotFound:
    return NotFound("the list has no such place", hint="Begin at its first page, without a cursor.")
