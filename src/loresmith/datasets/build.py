"""Turns kept facts and wordings into training rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from typing import Literal, NamedTuple

from loresmith.component import content_id
from loresmith.datasets.splitter import Split, Splitter
from loresmith.records import (
    Document,
    Example,
    Fact,
    ImportedRow,
    Message,
    Provenance,
    SplitName,
    Wording,
)

Answers = Literal["same", "varied"]


class FactRows(NamedTuple):
    """The rows about facts, which can be read once, and the ids of the facts that are withheld."""

    examples: Iterator[Example]
    withheld: tuple[str, ...]


def fact_rows(
    facts: Sequence[Fact],
    wordings: Sequence[Wording],
    documents: Sequence[Document],
    *,
    splitter: Splitter,
    seed: int,
    answers: Answers = "varied",
    only: Set[str] | None = None,
    edited: Set[str] = frozenset(),
    added: Set[str] = frozenset(),
) -> FactRows:
    """The pairs of `facts`, their training wordings and the abstentions.

    Practice and exam wordings never are among them. Rows of withheld and validation facts are
    there with `split` "validation". The order is document, passage, fact, wording, whatever the
    order of the arguments; facts of unknown documents are left out. With `answers="same"`,
    paraphrases are answered as the pair itself, but for those with the ids `edited`: a person
    wrote their answers.
    Facts with the ids `added` leave the split of the others as it is (see `Splitter.split`).
    With `only`, nothing enters but the facts' own pairs and the training wordings with these ids.
    """
    names = {document.id for document in documents}
    if only is not None:
        wordings = [one for one in wordings if one.use == "training" and one.id in only]
        worded = {one.fact_id for one in wordings}
        facts = [fact for fact in facts if fact.id in only or fact.id in worded]
    reachable = [fact for fact in facts if fact.document_id in names]
    split = splitter.split(reachable, seed=seed, added=added)
    examples = build_examples(
        reachable, wordings, documents, split=split, answers=answers, only=only, edited=edited
    )
    return FactRows(examples, tuple(sorted(split.withheld)))


def imported_example(row: ImportedRow) -> Example:
    """The training row that an imported row is."""
    plain = [message.model_dump() for message in row.messages]
    return Example(
        id=content_id("example", row.id, plain),
        messages=row.messages,
        language=row.language,
        provenance=_imported_from(row.source, row.tags),
    )


@lru_cache(maxsize=1024)
def _imported_from(source: str, tags: tuple[str, ...]) -> Provenance:
    """One for all rows that came from the same file with the same tags."""
    return Provenance(document=source, kind="imported", tags=tags)


def build_examples(
    facts: Sequence[Fact],
    wordings: Iterable[Wording],
    documents: Iterable[Document],
    *,
    split: Split,
    answers: Answers = "varied",
    only: Set[str] | None = None,
    edited: Set[str] = frozenset(),
) -> Iterator[Example]:
    """One user and one assistant message a row; facts of unknown documents are left out."""
    names = {document.id: document.name for document in documents}
    known = {fact.id: fact for fact in facts if fact.document_id in names}
    out_of_training = split.withheld | split.validation
    rows = [
        *(_Row.of_fact(fact) for fact in known.values() if only is None or fact.id in only),
        *(
            _Row(wording, known[wording.fact_id] if wording.fact_id else None)
            for wording in wordings
            if wording.use == "training"
            and wording.document_id in names
            and (wording.fact_id is None or wording.fact_id in known)
        ),
    ]
    if answers == "same":
        rows = [row if row.wording.id in edited else row.answered_as_its_pair() for row in rows]
    starts = _passage_starts(known.values())
    rows.sort(key=lambda row: row.place(names, starts))
    for row in rows:
        split_name: SplitName = "validation" if row.wording.fact_id in out_of_training else "train"
        yield row.example(names[row.wording.document_id], split_name)


class _Row(NamedTuple):
    """A wording with its fact; the pair itself is the fact's first wording."""

    wording: Wording
    fact: Fact | None

    @classmethod
    def of_fact(cls, fact: Fact) -> _Row:
        pair = Wording(
            id=fact.id,
            fact_id=fact.id,
            chunk_id=fact.chunk_id,
            document_id=fact.document_id,
            index=-1,
            language=fact.language,
            use="training",
            kind="pair",
            question=fact.question,
            answer=fact.answer,
            short_answer=fact.short_answer,
            model=fact.model,
            prompt_version=fact.prompt_version,
        )
        return cls(pair, fact)

    def answered_as_its_pair(self) -> _Row:
        """A paraphrase asks for the same fact, so the fact's answer fits it; others stay."""
        if self.fact is None or self.wording.kind != "paraphrase":
            return self
        answer = self.fact.answer
        return self._replace(wording=self.wording.model_copy(update={"answer": answer}))

    def place(self, names: dict[str, str], starts: dict[str, int]) -> tuple[object, ...]:
        """Document, passage, fact (abstentions after them), wording."""
        wording = self.wording
        passage = starts.get(wording.chunk_id)
        return (
            names[wording.document_id],
            passage is None,
            passage or 0,
            wording.chunk_id,
            self.fact is None,
            self.fact.index if self.fact else 0,
            wording.index,
            wording.id,
        )

    def example(self, document: str, split: SplitName) -> Example:
        wording = self.wording
        messages = (
            Message(role="user", content=wording.question),
            Message(role="assistant", content=wording.answer),
        )
        plain = [message.model_dump() for message in messages]
        return Example(
            id=content_id("example", wording.id, plain),
            messages=messages,
            language=wording.language,
            split=split,
            provenance=Provenance(
                fact_id=wording.fact_id,
                document_id=wording.document_id,
                document=document,
                evidence=self.fact.evidence if self.fact else (),
                model=wording.model,
                prompt_version=wording.prompt_version,
                kind=wording.kind,
            ),
        )


def _passage_starts(facts: Iterable[Fact]) -> dict[str, int]:
    """Where the last evidence of each passage begins, which orders the passages of a document.

    The last and not the first, since evidence may include a heading far above.
    """
    starts: dict[str, int] = {}
    for fact in facts:
        for span in fact.evidence:
            starts[fact.chunk_id] = max(starts.get(fact.chunk_id, 0), span.start)
    return starts
