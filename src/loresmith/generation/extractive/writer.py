"""Writes without a strong teacher: a fact is a sentence of the source with its subject named.

A model of 135M parameters cannot be trusted with an answer. So answers are taken over, and only
questions are made, by rule and by sampling; what a question says must stand in the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.generation.extractive.offers import Offer, offer_of, with_sampled
from loresmith.generation.extractive.restatements import restatements
from loresmith.generation.extractive.sampled_questions import RankingModel, sampled_questions
from loresmith.generation.extractive.selection import Selection, select
from loresmith.generation.extractive.statements import statements_in
from loresmith.generation.extractive.vocabulary import vocabulary_of
from loresmith.models.base import Sampling
from loresmith.records import (
    Chunk,
    Document,
    Drop,
    Fact,
    Message,
    Wording,
    WordingKind,
    WordingUse,
)
from loresmith.text.language import UNDETERMINED, language_of


class Written(NamedTuple):
    """What one chunk brought."""

    facts: list[Fact]
    wordings: list[Wording]
    skipped: list[Drop]
    """Sentences that were not used, each with the reason."""


class ExtractiveWriter(Component):
    """Turns English prose into facts and wordings with a model that need only ask questions.

    The answer of a fact is a sentence of the document, its evidence that sentence as it stands.
    Questions are made by rule and sampled from the model; kept are those that ask for the short
    answer, name something, and say nothing that the sentence or a heading does not say. They are
    ranked by how likely the model finds the sentence as a reply.
    """

    type: Literal["extractive"] = "extractive"
    density: int = Field(
        default=240, ge=1, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Characters of a passage for each fact. Fewer give more facts, the less telling ones too."""
    samples: int = Field(default=4, ge=0, le=64)
    """Questions sampled for a sentence of which rules make few; 0 leaves it to the rules."""
    enough: int = Field(default=2, ge=0)
    """Questions made by rule from which on none are sampled for a sentence."""
    temperature: float = Field(default=0.6, ge=0.0, le=2.0)
    """0 is the likeliest question, sampled once in effect; higher values vary more."""
    seed: int = Field(default=0, ge=0)
    """Equal seeds give equal questions, on one machine with one model."""
    paraphrases: int = Field(default=5, ge=0, le=50)
    """Most other questions to train on for each fact."""
    exam: int = Field(default=1, ge=0, le=20)
    """Most exam questions for each fact."""
    practice: int = Field(default=1, ge=0, le=20)
    """Most practice questions for each fact, sat during the training."""
    max_overlap: float = Field(default=0.6, gt=0.0, lt=1.0)
    """An exam or practice question shares at most this (token-set Jaccard) with those trained."""

    def supports(self, document: Document) -> str | None:
        """Why nothing can be written about `document`; None where it is English."""
        if document.language in ("en", UNDETERMINED):
            return None
        return (
            f"it is not in English ({document.language}), and only English prose can be written "
            "about without a stronger model"
        )

    def write(self, chunk: Chunk, document: Document, model: RankingModel) -> Written:
        """Facts and wordings of `chunk`, in the order of their sentences."""
        if language_of(chunk.text) not in ("en", UNDETERMINED):
            return Written([], [], [_skipped(chunk, "not_english", chunk.text)])
        usable, skipped = _offers(chunk, document)
        most = max(1, len(chunk.text) // self.density)
        tried = self._with_sampled(usable[: most + _SPARE], document, model)
        asked = [one for one in tried if one.questions]
        chosen = sorted(asked[:most], key=lambda one: one.place)
        skipped += [_skipped(chunk, "no_question", one.text) for one in tried if not one.questions]
        beyond = (*asked[most:], *usable[most + _SPARE :])
        skipped += [_skipped(chunk, "over_density", one.text) for one in beyond]
        pages = [
            self._page(index, one, chunk, document, model.name)
            for index, one in enumerate(_ranked(chosen, model))
        ]
        first_of: dict[str, Wording] = {}
        for wording in (one for page in pages for one in page.wordings):
            kept = first_of.setdefault(wording.question.lower(), wording)
            if kept is not wording:  # "Tell me about X." can have one answer only
                skipped.append(_skipped(chunk, "conflicting_answer", wording.question))
        return Written([page.fact for page in pages], list(first_of.values()), skipped)

    def _with_sampled(
        self, offers: Sequence[Offer], document: Document, model: RankingModel
    ) -> list[Offer]:
        """Adds sampled questions to the offers of which rules did not make enough."""
        lacking = [one for one in offers if self.samples and len(one.questions) < self.enough]
        if not lacking:
            return list(offers)
        drawn = sampled_questions(
            [one.wanted for one in lacking],
            model,
            samples=self.samples,
            sampling=Sampling(temperature=self.temperature, max_tokens=_LONGEST, seed=self.seed),
        )
        sampled = {one.place: questions for one, questions in zip(lacking, drawn, strict=True)}
        return [with_sampled(one, sampled.get(one.place, []), document) for one in offers]

    def _page(self, index: int, one: Offer, chunk: Chunk, document: Document, model: str) -> _Page:
        """The records of one sentence."""
        statement, target = one.wanted
        selection = select(
            one.questions,
            paraphrases=self.paraphrases,
            exam=self.exam,
            practice=self.practice,
            max_overlap=self.max_overlap,
        )
        made_by = (rules_version(), self.fingerprint(), model)
        fact = Fact(
            id=content_id("fact", chunk.id, *made_by, index),
            chunk_id=chunk.id,
            document_id=document.id,
            index=index,
            language="en",
            question=selection.training[0],
            answer=statement.text,
            short_answer=target.text,
            quotes=(statement.quote,),
            model=model,
            prompt_version=rules_version(),
        )
        opened = restatements(statement, target, vocabulary_of(document))
        rows = [*_rows(selection), *(_Row("training", "restatement", text) for text in opened)]
        return _Page(fact, [self._wording(fact, number, row) for number, row in enumerate(rows)])

    def _wording(self, fact: Fact, index: int, row: _Row) -> Wording:
        return Wording(
            id=content_id(row.use, fact.id, self.fingerprint(), index),
            fact_id=fact.id,
            chunk_id=fact.chunk_id,
            document_id=fact.document_id,
            index=index,
            language=fact.language,
            use=row.use,
            kind=row.kind,
            question=row.question,
            answer=fact.answer,
            short_answer=fact.short_answer,
            model=fact.model,
            prompt_version=fact.prompt_version,
        )


@cache
def rules_version() -> str:
    """A hash over this package's text, rules and examples alike: what it makes depends on it."""
    files = sorted(
        (file.name, file.read_text(encoding="utf-8"))
        for file in resources.files(__package__).iterdir()
        if file.name.endswith(".py")
    )
    return content_id("extractive", files)


_LONGEST = 40
"""Tokens of a sampled question; what runs on is none."""
_SPARE = 2
"""Sentences tried beyond the number wanted, for those of which no question is accepted."""


class _Page(NamedTuple):
    fact: Fact
    wordings: list[Wording]


class _Row(NamedTuple):
    use: WordingUse
    kind: WordingKind
    question: str


class _Offers(NamedTuple):
    usable: list[Offer]
    """Those worth most first."""
    skipped: list[Drop]


def _offers(chunk: Chunk, document: Document) -> _Offers:
    """The sentences of `chunk` that can be asked for something, and the others with why not."""
    usable: list[Offer] = []
    skipped: list[Drop] = []
    for statement in statements_in(chunk, document):
        offer = None if statement.fault else offer_of(statement, document)
        if offer is None:
            reason = statement.fault or "nothing_to_ask"
            skipped.append(_skipped(chunk, reason, statement.text))
        else:
            usable.append(offer)
    return _Offers(sorted(usable, key=lambda one: (-one.worth, one.place)), skipped)


def _ranked(offers: Sequence[Offer], model: RankingModel) -> list[Offer]:
    """With those questions first that make the sentence the likeliest reply."""
    asked = [(one, question) for one in offers for question in one.questions]
    scores = iter(
        model.score_all([([Message(role="user", content=q)], one.text) for one, q in asked])
    )
    ranked = []
    for one in offers:
        by_score = sorted((-next(scores), question) for question in one.questions)
        ranked.append(one._replace(questions=tuple(question for _, question in by_score)))
    return ranked


def _rows(selection: Selection) -> list[_Row]:
    return [
        *(_Row("training", "paraphrase", question) for question in selection.training[1:]),
        *(_Row("practice", "direct", question) for question in selection.practice),
        *(_Row("exam", "direct", question) for question in selection.exam),
    ]


def _skipped(chunk: Chunk, reason: str, text: str) -> Drop:
    shown = " ".join(text.split())
    return Drop(subject_id=chunk.id, subject="row", reason=reason, detail="", text=shown[:_SHOWN])


_SHOWN = 200
