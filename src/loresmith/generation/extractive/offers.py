"""Why: rules tell which sentences are worth asking about before the small model is troubled."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.generation.extractive.acceptance import fault_of
from loresmith.generation.extractive.rule_questions import rule_questions
from loresmith.generation.extractive.sampled_questions import Wanted
from loresmith.generation.extractive.statements import Statement, salience
from loresmith.generation.extractive.targets import targets_of
from loresmith.generation.extractive.vocabulary import vocabulary_of
from loresmith.records import Document


class Offer(NamedTuple):
    """A sentence, the phrase to ask it for, and the questions that do so."""

    wanted: Wanted
    questions: tuple[str, ...]
    """Those of the rules that were accepted, later also sampled ones."""
    worth: float
    """The greater, the sooner the sentence becomes a fact."""

    @property
    def text(self) -> str:
        return self.wanted.statement.text

    @property
    def place(self) -> int:
        """Where the sentence begins in the document."""
        return self.wanted.statement.start


def offer_of(statement: Statement, document: Document) -> Offer | None:
    """Asks `statement` for the phrase of which rules make most questions, else for the first;
    None where there is no phrase to ask for."""
    vocabulary = vocabulary_of(document)
    best: Offer | None = None
    for target in targets_of(statement.text, vocabulary):
        made = rule_questions(statement.text, target, vocabulary)
        good = tuple(q for q in made if not fault_of(q, statement, target, vocabulary))
        worth = salience(statement, document) + (_PLAINLY_ASKED if good else 0.0)
        if best is None or len(good) > len(best.questions):
            best = Offer(Wanted(statement, target), good, worth)
    return best


def with_sampled(offer: Offer, sampled: list[str], document: Document) -> Offer:
    """`offer` with those of the `sampled` questions that can be accepted."""
    vocabulary = vocabulary_of(document)
    good = (q for q in sampled if not fault_of(q, *offer.wanted, vocabulary))
    return offer._replace(questions=tuple(dict.fromkeys((*offer.questions, *good))))


_PLAINLY_ASKED = 4.0
"""What it adds to a sentence's worth that rules make a question of it: it surely has one."""
