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
from loresmith.generation.extractive.acceptance import fault_of
from loresmith.generation.extractive.restatements import restatements
from loresmith.generation.extractive.rule_questions import rule_questions
from loresmith.generation.extractive.sampled_questions import (
    RankingModel,
    Wanted,
    sampled_questions,
)
from loresmith.generation.extractive.selection import Selection, select
from loresmith.generation.extractive.statements import Statement, salience, statements_in
from loresmith.generation.extractive.targets import Target, targets_of
from loresmith.generation.extractive.vocabulary import Vocabulary, vocabulary_of
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
    density: int = Field(default=240, ge=1)
    """Characters of a passage for each fact. Fewer give more facts, the less telling ones too."""
    samples: int = Field(default=4, ge=0, le=64)
    """Questions sampled for each phrase that a sentence can be asked for; 0 leaves it to rules."""
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
            f"{document.name} is not in English ({document.language}), and the embedded model "
            "writes only about English prose"
        )

    def write(self, chunk: Chunk, document: Document, model: RankingModel) -> Written:
        """Facts and wordings of `chunk`, in the order of their sentences."""
        if language_of(chunk.text) not in ("en", UNDETERMINED):
            return Written([], [], [_skipped(chunk, "not_english", chunk.text)])
        asked = self._asked(chunk, document, model)
        pages = [
            self._page(index, one, chunk, document, model.name)
            for index, one in enumerate(asked.found)
        ]
        first_of: dict[str, Wording] = {}
        for page in pages:
            for wording in page.wordings:  # "Tell me about X." can have one answer only
                first_of.setdefault(wording.question.lower(), wording)
        return Written([page.fact for page in pages], list(first_of.values()), asked.skipped)

    def _asked(self, chunk: Chunk, document: Document, model: RankingModel) -> _Asked:
        """The best sentences of `chunk` with their questions, and the others, with why not."""
        vocabulary = vocabulary_of(document)
        skipped: list[Drop] = []
        offers: list[_Offer] = []
        for statement in statements_in(chunk, document):
            made = [] if statement.fault else _offers(statement, document, vocabulary)
            offers += made
            if not made:
                reason = statement.fault or "nothing_to_ask"
                skipped.append(_skipped(chunk, reason, statement.text))
        most = max(1, len(chunk.text) // self.density)
        offers.sort(key=lambda one: (-one.worth, one.wanted.statement.start))
        tried, rest = offers[: most + _SPARE], offers[most + _SPARE :]
        skipped += [_skipped(chunk, "over_density", one.wanted.statement.text) for one in rest]
        drawn = self._drawn([one.wanted for one in tried], model)
        found: list[_Found] = []
        for one, questions in zip(tried, _accepted(tried, drawn, vocabulary), strict=True):
            reason = "over_density" if len(found) == most else "" if questions else "no_question"
            if reason:
                skipped.append(_skipped(chunk, reason, one.wanted.statement.text))
            else:
                found.append(_Found(*one.wanted, questions))
        found.sort(key=lambda one: one.statement.start)
        return _Asked(_ranked(found, model), skipped)

    def _drawn(self, wanted: Sequence[Wanted], model: RankingModel) -> list[list[str]]:
        if not self.samples or not wanted:
            return [[] for _ in wanted]
        sampling = Sampling(temperature=self.temperature, max_tokens=48, seed=self.seed)
        return sampled_questions(wanted, model, samples=self.samples, sampling=sampling)

    def _page(
        self, index: int, one: _Found, chunk: Chunk, document: Document, model: str
    ) -> _Page:
        """The records of one sentence."""
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
            answer=one.statement.text,
            short_answer=one.target.text,
            quotes=(one.statement.quote,),
            model=model,
            prompt_version=rules_version(),
        )
        opened = restatements(one.statement, one.target, vocabulary_of(document))
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


_SPARE = 2
"""Sentences tried beyond the number wanted, for those of which no question is accepted."""


class _Offer(NamedTuple):
    """A sentence, the phrase to ask it for, and the accepted questions that rules made."""

    wanted: Wanted
    questions: list[str]
    worth: float


class _Found(NamedTuple):
    """A sentence with what it is asked for and the questions that do so."""

    statement: Statement
    target: Target
    questions: list[str]


class _Asked(NamedTuple):
    found: list[_Found]
    """In the order of the document, each with its best question first."""
    skipped: list[Drop]


class _Page(NamedTuple):
    fact: Fact
    wordings: list[Wording]


class _Row(NamedTuple):
    use: WordingUse
    kind: WordingKind
    question: str


def _offers(statement: Statement, document: Document, vocabulary: Vocabulary) -> list[_Offer]:
    """At most one: the phrase for which rules make the most questions, else the first."""
    made = []
    for target in targets_of(statement.text, vocabulary):
        questions = [
            question
            for question in rule_questions(statement.text, target, vocabulary)
            if not fault_of(question, statement, target, vocabulary)
        ]
        made.append((len(questions), target, questions))
    if not made:
        return []
    count, target, questions = max(made, key=lambda one: one[0])
    worth = salience(statement, document) + (_PLAINLY_ASKED if count else 0.0)
    return [_Offer(Wanted(statement, target), questions, worth)]


_PLAINLY_ASKED = 4.0
"""What it adds to a sentence's worth that rules make a question of it: it surely has one."""


def _accepted(
    offers: Sequence[_Offer], drawn: Sequence[Sequence[str]], vocabulary: Vocabulary
) -> list[list[str]]:
    """For each offer the questions of the rules and those sampled ones that ask the same."""
    return [
        list(
            dict.fromkeys(
                (*one.questions, *(q for q in sampled if not fault_of(q, *one.wanted, vocabulary)))
            )
        )
        for one, sampled in zip(offers, drawn, strict=True)
    ]


def _ranked(found: Sequence[_Found], model: RankingModel) -> list[_Found]:
    """With those questions first that make the sentence the likeliest reply."""
    asked = [(one, question) for one in found for question in one.questions]
    scores = iter(
        model.score_all(
            [([Message(role="user", content=q)], one.statement.text) for one, q in asked]
        )
    )
    ranked = []
    for one in found:
        by_score = sorted((-next(scores), question) for question in one.questions)
        ranked.append(one._replace(questions=[question for _, question in by_score]))
    return ranked


def _rows(selection: Selection) -> list[_Row]:
    return [
        *(_Row("training", "paraphrase", question) for question in selection.training[1:]),
        *(_Row("practice", "direct", question) for question in selection.practice),
        *(_Row("exam", "direct", question) for question in selection.exam),
    ]


def _skipped(chunk: Chunk, reason: str, text: str) -> Drop:
    shown = " ".join(text.split())
    return Drop(
        subject_id=chunk.id, subject="row", reason=reason, detail="", text=shown[:_SHOWN]
    )


_SHOWN = 200
