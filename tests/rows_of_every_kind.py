"""Facts, wordings, written rows of every shape and imported rows, made by hand and always the same:
what a frozen version of them holds is known byte for byte.
"""

from __future__ import annotations

from typing import NamedTuple

from loresmith.records import (
    Document,
    Fact,
    ImportedRow,
    Message,
    Span,
    Wording,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenText,
    WrittenTopics,
    WrittenTurn,
)
from small_corpus import chunk_of, document_of, fact_of, wording_of


class RowsOfEveryKind(NamedTuple):
    """All that a version is frozen of."""

    documents: list[Document]
    facts: list[Fact]
    wordings: list[Wording]
    written: list[WrittenRow]
    imported: list[ImportedRow]


def rows_of_every_kind() -> RowsOfEveryKind:
    """48 facts of two documents with their wordings, and rows of other kinds about them."""
    english = "\n\n".join(f"Berth {n} took {700 + 13 * n} crates." for n in range(32))
    chinese = "\n\n".join(f"第{n}号码头卸货{300 + 11 * n}箱。" for n in range(16))
    documents = [
        document_of(english, name="b.md"),
        document_of(chinese, name="a.txt", language="zh"),
    ]
    facts: list[Fact] = []
    for document, size in zip(documents, (32, 16), strict=True):
        facts += _facts(document, size)
    wordings = [wording_of(fact, index) for fact in facts for index in range(2)]
    wordings += [wording_of(fact, use="exam", kind="direct") for fact in facts]
    wordings.append(wording_of(facts[0], fact_id=None, kind="abstention", id="abstention"))
    return RowsOfEveryKind(documents, facts, wordings, _written(facts, documents), _imported(facts))


def _facts(document: Document, size: int) -> list[Fact]:
    chunk, found, at = chunk_of(document), [], 0
    for number, line in enumerate(document.text.split("\n\n")[:size]):
        span = Span(document_id=document.id, start=at, end=at + len(line))
        at += len(line) + 2
        figure = "".join(character for character in line[3:] if character.isdigit())
        fact = fact_of(
            chunk,
            number,
            language=document.language,
            question=f"How much was unloaded at {document.name}, {number}?",
            answer=line,
            short_answer=figure,
            quotes=(line,),
            evidence=(span,),
        )
        found.append(fact)
    return found


def _written(facts: list[Fact], documents: list[Document]) -> list[WrittenRow]:
    rows: list[WrittenRow] = []
    for number in range(0, len(facts) - 3, 3):
        about = facts[number : number + 3]
        turns = tuple(
            WrittenTurn(
                question=f"And {fact.question}",
                answer=fact.answer,
                fact_ids=(fact.id,),
                formula="61 - 57" if place == 1 else None,
            )
            for place, fact in enumerate(about)
        )
        talk = WrittenConversation(system="Be brief." if number % 2 else "", turns=turns)
        rows.append(_row("dialogue", number, about, talk))
    for number, fact in enumerate(facts):
        question, wrong = f"Really: {fact.question}", f"{fact.answer} 9"
        preference = WrittenPreference(
            question=question, chosen=fact.answer, rejected=wrong, flaw="wrong_figure"
        )
        feedback = WrittenFeedback(
            question=question, completion=wrong, desirable=number % 2 == 0, flaw=None
        )
        rows.append(_row("preference", number, [fact], preference))
        rows.append(_row("feedback", number, [fact], feedback))
    for number, document in enumerate(documents):
        whole = Span(document_id=document.id, start=0, end=len(document.text))
        text = WrittenText(text=f"{document.title}\n\n{document.text}")
        rows.append(_row("text", number, [], text).model_copy(update={"evidence": (whole,)}))
    free = _row("text", 9, [], WrittenText(text="Of no document."))
    rows.append(free.model_copy(update={"grounded": False}))
    rows.append(_row("topics", 0, [], WrittenTopics(paths=(("Harbour", "Berths"),))))
    return rows


def _row(kind: str, index: int, about: list[Fact], content: object) -> WrittenRow:
    return WrittenRow.model_validate(
        {
            "id": f"{kind} {index}",
            "kind": kind,
            "index": index,
            "language": about[0].language if about else "en",
            "fact_ids": tuple(fact.id for fact in about),
            "content": content,
            "evidence": tuple(span for fact in about for span in fact.evidence),
            "model": "teacher",
            "prompt_version": "2",
        }
    )


def _imported(facts: list[Fact]) -> list[ImportedRow]:
    """New rows, one that is there twice, one that a fact says already, and all facts' questions
    answered anew, which must not bring back what is withheld."""
    said = [(f"港口问题 {n}: \u2028 why\ud83d?", f"Answer {n} 😀") for n in range(40)]
    said += [said[3], (facts[0].question, facts[0].answer)]
    said += [(fact.question, f"Somebody says {fact.short_answer}.") for fact in facts]
    return [
        ImportedRow(
            id=f"imported {number}",
            messages=(
                *([Message(role="system", content="Sei knapp.")] if number % 7 == 0 else []),
                Message(role="user", content=question),
                Message(role="assistant", content=answer),
            ),
            language="zh" if number % 3 == 0 else "en",
            source="rows.jsonl",
            number=number + 1,
            tags=("a", "b") if number % 5 == 0 else (),
        )
        for number, (question, answer) in enumerate(said)
    ]
