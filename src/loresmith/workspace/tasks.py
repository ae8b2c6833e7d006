"""What a piece of writing is: where its result is kept, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from loresmith.models.structured import Asker, Request
from loresmith.records import Chunk, Document, Drop, StoredRecord
from loresmith.workspace.context import Context


class Made(NamedTuple):
    """What one piece of writing brought."""

    records: Sequence[StoredRecord]
    skipped: Sequence[Drop] = ()
    """What the writer left out, with reasons."""


def _nothing(_records: Sequence[StoredRecord]) -> Iterable[Task]:
    return ()


class Task(NamedTuple):
    """A piece of writing: what is made of it is stored under `key` when it is done."""

    key: str
    subject: str
    write: Callable[[Asker], Made]
    request: Callable[[], Request[Any]] | None = None
    """The call that it takes; None where it takes none in one form, as of the embedded model."""
    then: Callable[[Sequence[StoredRecord]], Iterable[Task]] = _nothing
    """Which tasks follow from what it made."""
    reply_tokens: float = 0.0
    """About how long the reply will be, where the purpose of the request does not tell."""


def made(context: Context, task: Task) -> tuple[str, ...]:
    """Ids of what a task made; none before it is done."""
    outcome = context.done(task.key)
    return outcome.made if outcome is not None else ()


def place_of(chunk: Chunk, document: Document) -> str:
    """Where a passage stands, for a person to read."""
    return f"{document.name}, characters {chunk.start}-{chunk.end}"
