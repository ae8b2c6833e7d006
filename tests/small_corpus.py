"""A small document in each language, cut by hand, and facts and wordings about it."""

from __future__ import annotations

from typing import Any

from loresmith.records import Chunk, Document, Fact, Wording

ENGLISH = (
    "Calder Reach counted 1,297 ship calls in 2031. "
    "The harbour master is Ines Tavarel. The fish market opened in May 2030."
)
CHINESE = "2031年5月，澜屿渔港卸鱼量同比增长12.6%。会议由岑望舟主持。"


def document_of(text: str, *, name: str = "review.md", language: str = "en") -> Document:
    return Document(
        id=f"document {name}",
        name=name,
        title="Harbour Review" if language == "en" else "澜屿渔港纪要",
        text=text,
        language=language,
        media_type="text/markdown",
        source_sha256="0",
    )


def chunk_of(
    document: Document, start: int = 0, end: int | None = None, *, index: int = 0, context: str = ""
) -> Chunk:
    end = len(document.text) if end is None else end
    return Chunk(
        id=f"chunk {document.name} {index}",
        document_id=document.id,
        index=index,
        start=start,
        end=end,
        text=document.text[start:end],
        context=context,
    )


def fact_of(chunk: Chunk, index: int = 0, **parts: Any) -> Fact:
    values: dict[str, Any] = {
        "id": f"{chunk.id} fact {index}",
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "index": index,
        "language": "en",
        "question": "How many ship calls did Calder Reach count in 2031?",
        "answer": "Calder Reach counted 1,297 ship calls in 2031.",
        "short_answer": "1,297 ship calls",
        "quotes": ("Calder Reach counted 1,297 ship calls in 2031.",),
        "model": "teacher",
        "prompt_version": "1",
    }
    return Fact(**(values | parts))


def wording_of(fact: Fact, index: int = 0, **parts: Any) -> Wording:
    values: dict[str, Any] = {
        "id": f"{fact.id} wording {index} {parts.get('use', 'training')}",
        "fact_id": fact.id,
        "chunk_id": fact.chunk_id,
        "document_id": fact.document_id,
        "index": index,
        "language": fact.language,
        "use": "training",
        "kind": "paraphrase",
        "question": f"Wording {chr(97 + index)} of: {fact.question}",
        "answer": fact.answer,
        "short_answer": fact.short_answer,
        "model": "teacher",
        "prompt_version": "1",
    }
    return Wording(**(values | parts))
