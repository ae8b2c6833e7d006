"""What an answer rests on when it states several facts: put together as one fact and one source,
so that every filter judges it as it judges a plain answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loresmith.curation.claim import Source
from loresmith.records import Chunk, Document, Fact, Span


class Ground(NamedTuple):
    """A fact and where it was written from, or several put together."""

    fact: Fact
    source: Source


def joined(grounds: Sequence[Ground], *, said: str = "") -> Ground:
    """All of `grounds` as one: its evidence is the evidence of all.

    `said` is what was said before and need not be proved again. Facts of one document keep it as
    their source; of several documents, their passages are put one below the other.
    """
    first = grounds[0]
    told = [f"{one.fact.question}\n{one.fact.answer}" for one in grounds]
    known = "\n".join([*told, said])
    if len({one.source.document.id for one in grounds}) == 1:
        spans = sorted({span for one in grounds for span in one.fact.evidence}, key=_start)
        fact = first.fact.model_copy(update={"answer": known, "evidence": tuple(spans)})
        return Ground(fact, _same_document(grounds))
    return _across(grounds, known)


def _same_document(grounds: Sequence[Ground]) -> Source:
    chunks = {one.source.chunk.id: one.source.chunk for one in grounds}
    if len(chunks) == 1:
        return grounds[0].source
    return Source(grounds[0].source.document, _one_below_the_other(list(chunks.values())))


def _across(grounds: Sequence[Ground], known: str) -> Ground:
    """A document made of the passages, their surroundings and what the facts say of them."""
    text, spans = known, []
    for one in grounds:
        source, chunk = one.source, one.source.chunk
        start = len(text) + 1
        text = f"{text}\n{chunk.text}\n{source.surroundings}"
        for span in one.fact.evidence:
            if chunk.start <= span.start and span.end <= chunk.end:
                spans.append((start + span.start - chunk.start, start + span.end - chunk.start))
            else:  # a heading far above
                quoted = source.document.text[span.start : span.end]
                spans.append((len(text) + 1, len(text) + 1 + len(quoted)))
                text = f"{text}\n{quoted}"
    first = grounds[0]
    document = Document(
        id=f"{first.source.document.id} and others",
        name=" and ".join(dict.fromkeys(one.source.document.name for one in grounds)),
        title="\n".join(dict.fromkeys(one.source.document.title for one in grounds)),
        text=text,
        language=first.source.document.language,
        media_type="text/plain",
        source_sha256="",
    )
    evidence = tuple(Span(document_id=document.id, start=s, end=e) for s, e in sorted(spans))
    fact = first.fact.model_copy(update={"answer": known, "evidence": evidence})
    chunks = [one.source.chunk for one in grounds]
    return Ground(fact, Source(document, _one_below_the_other(chunks)))


def _one_below_the_other(chunks: Sequence[Chunk]) -> Chunk:
    return chunks[0].model_copy(
        update={
            "text": "\n".join(chunk.text for chunk in chunks),
            "context": "\n".join(dict.fromkeys(chunk.context for chunk in chunks)),
        }
    )


def _start(span: Span) -> tuple[int, int]:
    return span.start, span.end
