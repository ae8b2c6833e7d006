"""The calls for rows of other kinds: which there are by now, and what becomes of each reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from loresmith.component import content_id
from loresmith.generation.row_kinds import PassageFacts, RowBatch, RowWriter
from loresmith.models import Embedded
from loresmith.models.structured import Asker, Request
from loresmith.records import StoredRecord, WrittenRow
from loresmith.workspace.context import Context
from loresmith.workspace.tasks import Made, Task, made, place_of


def passage_row_tasks(
    context: Context, passage: PassageFacts, *, further: bool = False
) -> Iterator[Task]:
    """The tasks about one passage, of which the facts are there; `further` facts of it bring none
    that is about the passage alone."""
    for writer in context.recipe.generation.rows:
        if not writer.of_corpus:
            batches = writer.batches([passage])
            wanted = [one for one in batches if one.facts or not further]
            yield from _tasks(context, writer, wanted)


def corpus_row_tasks(
    context: Context, passages: Callable[[], Sequence[PassageFacts]]
) -> Iterator[Task]:
    """The tasks about all passages together, which are asked for where there is such a kind."""
    writers = [writer for writer in context.recipe.generation.rows if writer.of_corpus]
    found = passages() if writers else ()
    for writer in writers:
        yield from _tasks(context, writer, writer.batches(found))


def kinds_beyond(context: Context) -> list[str]:
    """The row kinds of the recipe that the teacher cannot write: the embedded one asks nothing."""
    if not isinstance(context.recipe.teacher, Embedded):
        return []
    return [one.type for one in context.recipe.generation.rows if one.needs_teacher]


def _tasks(context: Context, writer: RowWriter, batches: Iterable[RowBatch]) -> Iterator[Task]:
    """A task for each batch, and for what follows from those that are done."""
    for batch in batches:
        task = _task(context, writer, batch)
        yield task
        yield from task.then(context.store.get(WrittenRow, made(context, task)))


def _task(context: Context, writer: RowWriter, batch: RowBatch) -> Task:
    teacher = context.recipe.teacher.fingerprint() if writer.needs_teacher else ""
    about = (writer.fingerprint(), writer.prompt_version(batch), batch.ids)
    request = partial(_request, writer, batch) if writer.needs_teacher else None
    return Task(
        content_id(f"rows: {writer.type}", teacher, *about),
        _subject(writer, batch),
        _write(writer, batch),
        request,
        partial(_then, context, writer),
        writer.reply_tokens(batch),
    )


def _request(writer: RowWriter, batch: RowBatch) -> Request[Any]:
    request = writer.request(batch)
    assert request is not None  # it says that it needs the teacher
    return request


def _then(context: Context, writer: RowWriter, records: Sequence[StoredRecord]) -> Iterator[Task]:
    written = [record for record in records if isinstance(record, WrittenRow)]
    return _tasks(context, writer, writer.following(written))


def _write(writer: RowWriter, batch: RowBatch) -> Callable[[Asker], Made]:
    def write(asker: Asker) -> Made:
        if not writer.needs_teacher:
            return Made(writer.rows(batch, None, model=""))
        reply = asker.ask(_request(writer, batch))
        return Made(writer.rows(batch, reply, model=asker.model.name))

    return write


def _subject(writer: RowWriter, batch: RowBatch) -> str:
    """What it is about, for a person to read."""
    if not batch.passages:
        return f"{' / '.join(batch.words)}: {writer.type}"
    places = [place_of(one.chunk, one.document) for one in batch.passages]
    return f"{' and '.join(dict.fromkeys(places))}: {writer.type}"
