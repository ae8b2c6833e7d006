"""Makes training rows of rows of other kinds, so that nothing that is kept out of training comes
back through them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.records import (
    Document,
    Drop,
    Example,
    Fact,
    FeedbackExample,
    Message,
    OtherExample,
    PreferenceExample,
    Provenance,
    Span,
    SplitName,
    TextExample,
    TrainingRow,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenText,
    WrittenTopics,
)


def rows_of(
    written: Iterable[WrittenRow], apart: Apart, documents: Iterable[Document]
) -> Iterator[TrainingRow | Drop]:
    """The training rows that rows of other kinds are, in their order, and what is left out.

    A conversation is trained on up to the turn before the first that states a fact which is kept
    out of training; one about such facts alone is validated on. What is left of less than two
    turns is left out (`withheld`). A text that holds the evidence of such a fact is validated on.
    """
    texts = {document.id: document for document in documents}
    names = {document.id: document.name for document in texts.values()}
    for row in written:
        split = apart.split_of(row)
        content = row.content
        if isinstance(content, WrittenConversation):
            shown = content if split else apart.trainable(content)
            yield (
                _left_out(row)
                if shown is None
                else _conversation(row, shown, split or "train", names)
            )
        elif isinstance(content, WrittenTopics):
            continue  # no row to train on
        elif isinstance(content, WrittenText):
            for part in apart.parts(row, content, texts):
                yield _other(row, part.content, part.split, names)
        else:
            yield _other(row, content, split or "validation", names)


class Apart(NamedTuple):
    """What is kept out of training: facts, and the places of their evidence."""

    facts: frozenset[str]
    evidence: Mapping[str, Sequence[Span]]
    """By document."""

    @classmethod
    def of(cls, ids: frozenset[str], facts: Iterable[Fact]) -> Apart:
        """The facts with these ids are kept apart."""
        places: dict[str, list[Span]] = {}
        for fact in facts:
            if fact.id in ids:
                for span in fact.evidence:
                    places.setdefault(span.document_id, []).append(span)
        return cls(ids, places)

    def split_of(self, row: WrittenRow) -> SplitName | None:
        """Where a row belongs; None where a part of it must not be trained on."""
        held = [fact in self.facts for fact in row.fact_ids]
        if not any(held):
            return "train"
        return "validation" if all(held) else None

    def trainable(self, content: WrittenConversation) -> WrittenConversation | None:
        """The turns before the first that states such a fact, if they still are a conversation."""
        turns = content.turns
        about = (any(fact in self.facts for fact in turn.fact_ids) for turn in turns)
        first = next((number for number, held in enumerate(about) if held), len(turns))
        return content.model_copy(update={"turns": turns[:first]}) if first > 1 else None

    def parts(
        self, row: WrittenRow, content: WrittenText, documents: Mapping[str, Document]
    ) -> list[_Part]:
        """A passage's text, in two where some of its paragraphs bear out what is kept apart."""
        if not row.evidence:
            return [_Part(content, "train")]
        span = row.evidence[0]
        text = documents[span.document_id].text[span.start : span.end]
        above = content.text.removesuffix(text.strip())
        held: list[str] = []
        free: list[str] = []
        for block in _BLOCK.finditer(text):
            where = Span(
                document_id=span.document_id,
                start=span.start + block.start(),
                end=span.start + block.end(),
            )
            (held if self._holds(where) else free).append(block[0])
        if not held:
            return [_Part(content, "train")]
        split: tuple[tuple[list[str], SplitName], ...] = ((free, "train"), (held, "validation"))
        return [
            _Part(content.model_copy(update={"text": above + "\n\n".join(blocks)}), name)
            for blocks, name in split
            if blocks
        ]

    def _holds(self, place: Span) -> bool:
        return any(
            span.start < place.end and place.start < span.end
            for span in self.evidence.get(place.document_id, ())
        )


class _Part(NamedTuple):
    content: WrittenText
    split: SplitName


_BLOCK = re.compile(r"\S(?:.|\n(?!\s*\n))*\S|\S")
"""A paragraph or a table: lines with no blank line between."""


def _conversation(
    row: WrittenRow, content: WrittenConversation, split: SplitName, names: Mapping[str, str]
) -> Example:
    messages = [Message(role="system", content=content.system)] if content.system else []
    for turn in content.turns:
        messages.append(Message(role="user", content=turn.question))
        messages.append(Message(role="assistant", content=turn.answer))
    plain = [message.model_dump() for message in messages]
    formulas = [turn.formula for turn in content.turns if turn.formula]
    stated = tuple(dict.fromkeys(fact for turn in content.turns for fact in turn.fact_ids))
    provenance = _provenance(row, names, formula="; ".join(formulas))
    return Example(
        id=content_id("example", row.id, plain),
        messages=tuple(messages),
        language=row.language,
        split=split,
        provenance=provenance.model_copy(update={"fact_ids": stated}),
    )


def _other(
    row: WrittenRow,
    content: WrittenPreference | WrittenFeedback | WrittenText,
    split: SplitName,
    names: Mapping[str, str],
) -> OtherExample:
    about = {"language": row.language, "split": split}
    row_id = content_id("row of a dataset", row.id, content.model_dump(mode="json"))
    if isinstance(content, WrittenText):
        where = _provenance(row, names)
        return TextExample(id=row_id, text=content.text, provenance=where, **about)
    prompt = (Message(role="user", content=content.question),)
    where = _provenance(row, names, flaw=content.flaw or "")
    if isinstance(content, WrittenPreference):
        return PreferenceExample(
            id=row_id,
            prompt=prompt,
            chosen=content.chosen,
            rejected=content.rejected,
            provenance=where,
            **about,
        )
    return FeedbackExample(
        id=row_id,
        prompt=prompt,
        completion=content.completion,
        desirable=content.desirable,
        provenance=where,
        **about,
    )


def _provenance(
    row: WrittenRow, names: Mapping[str, str], *, formula: str = "", flaw: str = ""
) -> Provenance:
    """A row of several documents names the first; its evidence names all."""
    document = row.evidence[0].document_id if row.evidence else None
    return Provenance(
        document_id=document,
        document=names.get(document) if document else None,
        evidence=row.evidence,
        model=row.model or None,
        prompt_version=row.prompt_version or None,
        kind=row.kind,
        fact_ids=row.fact_ids,
        formula=formula,
        flaw=flaw,
        grounded=row.grounded,
    )


def _left_out(row: WrittenRow) -> Drop:
    return Drop(
        subject_id=row.id,
        subject="row",
        reason="withheld",
        detail="it states a fact that is kept out of training",
        text=" ".join(row.said.split())[:200],
    )
