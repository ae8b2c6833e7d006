"""Builds an invented project of any size for `scale.py`, by insertion: no teacher is asked.

Files are written, and cut by the real chunker. Documents, passages, facts, wordings, calls and jobs
are put into the stores as the steps would leave them, so that every list and the later steps find
them. No filter is on and facts have no quotations: what checking costs is not measured here.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, insert, select

from loresmith import Workspace
from loresmith.component import content_id
from loresmith.database import transaction
from loresmith.jobs.tables import jobs
from loresmith.models.cache import ReplyCache
from loresmith.records import Chunk, Document, Fact, Outcome, StoredRecord, Wording
from loresmith.workspace.context import Context
from loresmith.workspace.rows.projection import list_rows
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.parse import Source, sources
from loresmith.workspace.writing import opening_task

PartT = TypeVar("PartT")

PLACES = ("Calder Reach", "Lantern Quay", "澜屿渔港", "Hask Yard", "云杉码头", "Sorrel Point")
CHUNKS_A_DOCUMENT, WORDINGS_A_FACT = 4, 4
_RECIPE = (
    "teacher: {type: openai, model: nobody}\n"
    "generation: {tolerated_failures: 1.0}\n"
    "curation: {filters: []}\n"
    "chunking: {min_length: 200, max_length: 500}\n"
)
_AT_ONCE = 200
"""Passages that are written about in one transaction."""


def build(folder: Path, documents: int, *, calls: int, jobs_done: int) -> None:
    """A project with so many documents, four passages in each and five rows about each."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    (folder / "loresmith.yaml").write_text(_RECIPE, encoding="utf-8")
    for number in range(documents):
        path = folder / "documents" / f"{number // 100:03d}" / f"report-{number:05d}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_text(number), encoding="utf-8")
    with Workspace(folder).opened() as context:
        _read_documents(context)
        _write_rows(context)
        _note_jobs(context, jobs_done)
        list_rows(context)
    _note_calls(folder / ".loresmith" / "replies.sqlite", calls)


def _text(number: int) -> str:
    place = PLACES[number % len(PLACES)]
    sections = (
        f"## Berth {part}\n\n"
        + " ".join(
            f"In {1900 + (number + part + line) % 131} berth {part} of {place} took "
            f"{1000 + 13 * number + 7 * line:,} crates, {line}.{number % 10} % more than before."
            for line in range(6)
        )
        for part in range(CHUNKS_A_DOCUMENT)
    )
    return f"# Report {number} of {place}\n\n" + "\n\n".join(sections) + "\n"


def _read_documents(context: Context) -> None:
    """Documents with their passages, as reading and cutting them leaves them."""
    for some in _parts(sources(context)):
        made: list[StoredRecord] = []
        for source in some:
            document = _document(source)
            cut = list(context.recipe.chunking.chunk(document))
            made += [document, *cut, _outcome(source.key, "parse", source.name, [document])]
            key = content_id("chunk", document.id, context.recipe.chunking.fingerprint())
            made.append(_outcome(key, "chunk", source.name, cut))
            latest = content_id("latest cut", document.name)
            made.append(_outcome(latest, "latest cut", source.name, cut))
        context.store.add(made)
    context.memory.clear()


def _document(source: Source) -> Document:
    text = source.path.read_text(encoding="utf-8")
    return Document(
        id=content_id("invented document", source.name, source.sha256),
        name=source.name,
        title=text.partition("\n")[0].removeprefix("# "),
        text=text,
        language="en",
        media_type="text/markdown",
        source_sha256=source.sha256,
    )


def _write_rows(context: Context) -> None:
    """A fact of each passage with four wordings, and the word that it is so."""
    for some in _parts(passages(context)):
        made: list[StoredRecord] = []
        for chunk, document in some:
            fact = _fact(chunk, document)
            written = [fact, *(_wording(fact, number) for number in range(WORDINGS_A_FACT))]
            opening = opening_task(context, chunk, document)
            made += [*written, _outcome(opening.key, "generate", opening.subject, written)]
        context.store.add(made)
    context.memory.clear()


def _parts(whole: Sequence[PartT]) -> Iterator[Sequence[PartT]]:
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]


def _outcome(key: str, step: str, subject: str, made: Sequence[StoredRecord]) -> Outcome:
    ids = tuple(record.id for record in made)
    return Outcome(id=key, step=step, subject=subject, made=ids)


def _fact(chunk: Chunk, document: Document) -> Fact:
    sentence = next(line for line in chunk.text.splitlines() if line.startswith("In "))
    said = sentence.split(". ")[0]
    return Fact(
        id=content_id("invented fact", chunk.id),
        chunk_id=chunk.id,
        document_id=document.id,
        index=0,
        language="en",
        question=f"What does {document.title} say of this: {said[:40]}?",
        answer=f"{said}.",
        short_answer=said.split(" took ")[1].split(" crates")[0],
        quotes=(),
        model="nobody",
        prompt_version="1",
    )


def _wording(fact: Fact, number: int) -> Wording:
    is_exam = number == 0
    return Wording(
        id=content_id("invented wording", fact.id, number),
        fact_id=fact.id,
        chunk_id=fact.chunk_id,
        document_id=fact.document_id,
        index=number,
        language=fact.language,
        use="exam" if is_exam else "training",
        kind="direct" if is_exam else "paraphrase",
        question=f"Wording {number} of: {fact.question}",
        answer=fact.answer,
        short_answer=fact.short_answer,
        model="nobody",
        prompt_version="1",
    )


def _note_jobs(context: Context, count: int) -> None:
    """Jobs that are over, as the queue leaves them."""
    now = time.time()
    payload = '{"recipe": ' + context.recipe.model_dump_json() + "}"
    with transaction(context.engine) as connection:
        known = connection.scalar(select(func.count()).select_from(jobs)) or 0
        for number in range(known, count):
            values = {
                "id": content_id("invented job", number),
                "project_id": context.project_id,
                "kind": "generate",
                "background": True,
                "payload": payload,
                "state": "done",
                "attempt": 1,
                "worker": "",
                "lease_until": 0.0,
                "cancel_requested": False,
                "progress": "{}",
                "error": "",
                "created_at": now - count + number,
                "finished_at": now - count + number,
            }
            connection.execute(insert(jobs), [values])


def _note_calls(path: Path, count: int) -> None:
    """Calls that were answered, a hundred a job, one in fifty with a fault."""
    with ReplyCache(path):
        pass  # the file is there, at today's schema
    rows = (
        (
            f"key {number}",
            number % 50 > 0,
            "nobody",
            "facts",
            time.time() - count + number,
            '{"text": "An invented reply."}',
            "[]" if number % 50 else '["no JSON"]',
            content_id("invented job", number // 100),
            "https://example.org/v1",
            1.5,
            1,
            900,
            0,
            250,
            "[]",
        )
        for number in range(count)
    )
    columns = (
        "key, valid, model, purpose, asked_at, reply, faults, job, endpoint, seconds, calls,"
        " prompt_tokens, cached_prompt_tokens, completion_tokens, prompt"
    )
    with sqlite3.connect(path) as connection:
        connection.executemany(
            f"INSERT INTO replies ({columns}) VALUES ({', '.join('?' * 15)})", rows
        )
    connection.close()
