"""The plain rules of the extractive writer: subjects named, verbs turned, faults told."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.documents import parse_document
from loresmith.generation.extractive.acceptance import fault_of
from loresmith.generation.extractive.rule_questions import rule_questions
from loresmith.generation.extractive.selection import select
from loresmith.generation.extractive.statements import Statement, statements_in
from loresmith.generation.extractive.targets import Target, targets_of
from loresmith.generation.extractive.verbs import base_form
from loresmith.generation.extractive.vocabulary import Vocabulary, vocabulary_of
from loresmith.records import Chunk, Document
from loresmith.text.overlap import jaccard, token_set


@pytest.fixture
def read(tmp_path: Path):
    """Reads Markdown as one document."""

    def from_text(text: str) -> Document:
        path = tmp_path / "note.md"
        path.write_text(text, encoding="utf-8")
        return parse_document(path, name="note.md")

    return from_text


def _statements(document: Document) -> list[Statement]:
    text = document.text
    whole = Chunk(
        id="c", document_id=document.id, index=0, start=0, end=len(text), text=text, context=""
    )
    return statements_in(whole, document)


def _only(document: Document, kind: str) -> tuple[Statement, Target, Vocabulary]:
    vocabulary = vocabulary_of(document)
    statement = next(s for s in _statements(document) if not s.fault)
    found = targets_of(statement.text, vocabulary)
    return statement, next(t for t in found if t.kind == kind), vocabulary


@pytest.mark.parametrize(
    ("past", "base"),
    [
        ("raised", "raise"),
        ("rained", "rain"),
        ("stopped", "stop"),
        ("carried", "carry"),
        ("called", "call"),
        ("opened", "open"),
        ("created", "create"),
        ("treated", "treat"),
        ("required", "require"),
        ("repaired", "repair"),
        ("bought", "buy"),
        ("withdrew", "withdraw"),
        ("hung", "hang"),
        ("changed", "change"),
        ("travelled", "travel"),
        ("employs", "employ"),
        ("hundred", None),
        ("indeed", None),
    ],
)
def test_the_base_form_of_a_verb_follows_english_spelling(past: str, base: str | None) -> None:
    assert base_form(past) == base


@pytest.mark.parametrize(
    ("sentences", "resolved"),
    [
        (
            "The tide mill at Gannet Point was built in 1764. It was sold in 1851.",
            "The tide mill at Gannet Point was sold in 1851.",
        ),
        (
            "The tide mill at Gannet Point was built in 1764. Its wheel measured six metres.",
            "The wheel of the tide mill at Gannet Point measured six metres.",
        ),
        (
            "The tide mill at Gannet Point was built in 1764. The mill was sold to Josiah Pell.",
            "The tide mill at Gannet Point was sold to Josiah Pell.",
        ),
        (
            "Margit Oyelaran lives in Haldon. She joined Tamsin Cycleworks in 2019.",
            "Margit Oyelaran joined Tamsin Cycleworks in 2019.",
        ),
        (
            "People fish in Brennick. The town received a charter from Maud Tarrant in 1322.",
            "Brennick received a charter from Maud Tarrant in 1322.",
        ),
    ],
)
def test_a_subject_that_stands_for_another_is_named(read, sentences: str, resolved: str) -> None:
    statement = _statements(read(f"# A history of Brennick\n\n{sentences}\n"))[-1]
    assert (statement.text, statement.fault) == (resolved, "")
    assert statement.quote in sentences


@pytest.mark.parametrize(
    "sentences",
    [
        "Josiah Pell bought the tide mill of Aldous Fenn in 1851. It was sold again in 1860.",
        "Ilse Varga met Tobias Wren in Corvane. She was given a watch by Anselm Rook.",
        "The railway came to Corvane in 1862. The company promised a journey of forty minutes.",
        "This was done by Tobias Wren in 1907 at Gannet Point.",
    ],
)
def test_a_subject_with_two_candidates_or_none_is_given_up(read, sentences: str) -> None:
    assert _statements(read(f"# A history\n\n{sentences}\n"))[-1].fault == "subject_unresolved"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("We dried 40 kilograms of kelp at Pellow Sound in 2027.", "first_person"),
        ("Where did the weavers of Brennick go in 1834?", "not_a_statement"),
        ("| Brennick | 3,150 people in the year of 1801 |", "not_a_statement"),
        ("The telephone number is printed on every frame of them.", "no_name_or_figure"),
        ("Sailcloth was once woven in nearly every house.", "no_name_or_figure"),
        ("This report describes the harbour of Brennick in 1801.", "speaks_of_source"),
        ("The Finch was redesigned last year by Yusuf Lindgren.", "relative_time"),
        ("The Finch weighs 11 kilograms.", "wrong_length"),
    ],
)
def test_a_sentence_that_cannot_stand_alone_is_left_out_for_a_reason(
    read, text: str, fault: str
) -> None:
    assert [s.fault for s in _statements(read(f"# Notes on Brennick\n\n{text}\n"))] == [fault]


@pytest.mark.parametrize(
    ("sentence", "kind", "question"),
    [
        (
            "The tide mill at Gannet Point was built in 1764 to grind barley.",
            "year",
            "In which year was the tide mill at Gannet Point built?",
        ),
        (
            "The railway reached Brennick on 3 June 1862.",
            "date",
            "When did the railway reach Brennick?",
        ),
        (
            "The boatyard of Sorrel & Daughters employs 212 people.",
            "amount",
            "How many people does the boatyard of Sorrel & Daughters employ?",
        ),
        (
            "The largest yard is the boatyard of Sorrel & Daughters, which employs 212 people.",
            "amount",
            "How many people does the boatyard of Sorrel & Daughters employ?",
        ),
        (
            "Crane Osprey Nine stands on Slate Wharf and has a rated load of 64 tonnes.",
            "amount",
            "What is the rated load of crane Osprey Nine?",
        ),
        (
            "After 24 hours in Skarholt, batch 2 had kept 91 percent of the iodine.",
            "share",
            "What percentage of the iodine had batch 2 kept after 24 hours in Skarholt?",
        ),
        (
            "The new cold store on Fisher Mole was built by the firm Quillon Drake.",
            "agent",
            "Who built the new cold store on Fisher Mole?",
        ),
        (
            "The driver of crane Osprey Nine at the failure was Lenka Dovry.",
            "named",
            "Who was the driver of crane Osprey Nine at the failure?",
        ),
        (
            "Ships must not enter the Corve Gap by night because the ebb uncovers Mallet Rock.",
            "reason",
            "Why must ships not enter the Corve Gap by night?",
        ),
    ],
)
def test_a_plain_statement_is_turned_into_a_question(
    read, sentence: str, kind: str, question: str
) -> None:
    statement, target, vocabulary = _only(read(f"# Notes\n\nThe crane and ships. {sentence}"), kind)
    made = rule_questions(statement.text, target, vocabulary)
    assert question in made
    assert fault_of(question, statement, target, vocabulary) == ""


def test_a_clause_that_is_not_surely_understood_gives_no_question(read) -> None:
    document = read("# Notes\n\nOrders placed in Haldon before noon will be sent on 4 May 2032.")
    statement, target, vocabulary = _only(document, "date")
    assert rule_questions(statement.text, target, vocabulary) == []


SOLD = "In 2031 Tamsin Cycleworks of Haldon sold 15,300 bicycles to Nettle & Bright."


@pytest.mark.parametrize(
    "question",
    [
        "How many bicycles did Tamsin Cycleworks sell to Nettle & Bright in 2032?",
        "How many bicycles did Tamsin Cycleworks sell to Corvane in 2031?",
        "How many bicycles did Tamsin CycleWorks sell in 2031?",
        "How many red bicycles did Tamsin Cycleworks sell in 2031?",
        "How many bicycles did Tamsin Cycleworks sell?",
        "How many bicycles did it sell in 2031?",
        "How many bicycles were sold by this company in 2031?",
        "How many bicycles does Tamsin Cycleworks sell in 2031?",
        "How many bicycles did Tamsin Cycleworks sell in 2031",
        "How many bicycles did Tamsin Cycleworks sell in 2031? Many.",
        "How many of the 15,300 bicycles did Tamsin Cycleworks sell in 2031?",
        "How many bicycles did Tamsin Cycleworks sell to Tamsin Cycleworks in 2031?",
        "Who sold bicycles to Nettle & Bright in 2031?",
        "How many bicycles did Tamsin Cycleworks sell in 2031 out of?",
        "Tamsin Cycleworks sold bicycles to Nettle & Bright in 2031?",
        "自行车卖了多少？",
        "",
    ],
)
def test_a_bad_question_is_refused(read, question: str) -> None:
    statement, target, vocabulary = _only(read(f"# Bicycles\n\n{SOLD}"), "amount")
    assert fault_of(question, statement, target, vocabulary)


def test_a_good_question_in_other_words_is_accepted(read) -> None:
    statement, target, vocabulary = _only(read(f"# Bicycles\n\n{SOLD}"), "amount")
    question = "How many bicycles did Tamsin Cycleworks sell in 2031?"
    assert fault_of(question, statement, target, vocabulary) == ""


def test_an_active_verb_is_not_asked_about_in_the_passive_nor_the_other_way_round(read) -> None:
    active = _only(read("# Notes\n\nThe railway reached Brennick on 3 June 1862."), "date")
    assert fault_of("When was the railway reached Brennick?", *active)
    passive = _only(read("# Notes\n\nThe mill at Gannet Point was built in 1764."), "year")
    assert fault_of("In which year did the mill at Gannet Point build?", *passive)


def test_questions_held_apart_share_at_most_the_allowed_words_with_those_trained() -> None:
    ranked = [
        "In which year was the tide mill at Gannet Point built to grind barley?",
        "What was the year in which the tide mill at Gannet Point was built to grind barley?",
        "When was the tide mill at Gannet Point built?",
        "In which year was the tide mill at Gannet Point built?",
    ]
    selection = select(ranked, paraphrases=3, exam=1, practice=1, max_overlap=0.6)
    assert selection.exam == ("When was the tide mill at Gannet Point built?",)
    for held in (*selection.exam, *selection.practice):
        for trained in selection.training:
            assert jaccard(token_set(held), token_set(trained)) <= 0.6


def test_with_one_question_none_is_held_apart() -> None:
    only = "When was the mill at Gannet Point built?"
    selection = select([only, only], paraphrases=3, exam=1, practice=1, max_overlap=0.6)
    assert selection == ((only,), (), ())
