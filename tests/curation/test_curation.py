"""The run through all filters: order, duplicates and twins, reachability, reasons."""

from __future__ import annotations

import random
from typing import Any

from loresmith.curation import Claim, Curation, Filter
from loresmith.curation.filters.evidence import EvidenceFilter
from loresmith.records import Fact, Verdict
from small_corpus import chunk_of, document_of, fact_of, wording_of

SOURCE = (
    "The berth due at Lantern Quay was 412 crowns in 2030. "
    "The berth due at Lantern Quay was 438 crowns in 2031. "
    "The yard at Hask has 3 tugs and 3 barges. "
    "Calder Reach counted 1,297 ship calls in 2031."
)
DOCUMENT = document_of(SOURCE)
CHUNK = chunk_of(DOCUMENT)


def due(index: int, year: int, **parts: Any) -> Fact:
    amount = {2030: 412, 2031: 438}[year]
    values = {
        "question": f"What was the berth due at Lantern Quay in {year}?",
        "answer": f"In {year} the berth due at Lantern Quay was {amount} crowns.",
        "short_answer": f"{amount} crowns",
        "quotes": (f"The berth due at Lantern Quay was {amount} crowns in {year}.",),
    }
    return fact_of(CHUNK, index, **(values | parts))


def boats(index: int, kind: str) -> Fact:
    return fact_of(
        CHUNK,
        index,
        question=f"How many {kind} does the yard at Hask have?",
        answer=f"The yard at Hask has 3 {kind}.",
        short_answer="3",
        quotes=("The yard at Hask has 3 tugs and 3 barges.",),
    )


def reasons(*facts: Fact) -> list[tuple[int, str]]:
    drops = Curation().curate_facts(facts, [CHUNK], [DOCUMENT]).drops
    by_id = {fact.id: fact.index for fact in facts}
    return [(by_id[drop.subject_id], drop.reason) for drop in drops]


def test_twins_that_differ_in_a_year_or_a_word_of_the_source_are_both_kept() -> None:
    assert reasons(due(0, 2030), due(1, 2031), boats(2, "tugs"), boats(3, "barges")) == []


def test_the_same_question_is_a_duplicate_whatever_its_case_and_punctuation() -> None:
    again = due(1, 2030, question="what was the berth due at LANTERN quay, in 2030")
    assert reasons(due(0, 2030), again) == [(1, "duplicate")]


def test_almost_the_same_question_about_the_same_sentence_is_a_near_duplicate() -> None:
    again = due(1, 2030, question="What was the berth due at Lantern Quay during 2030?")
    assert reasons(due(0, 2030), again) == [(1, "near_duplicate")]


def test_the_same_question_with_another_answer_is_a_conflict() -> None:
    other = due(1, 2031, question="What was the berth due at Lantern Quay?")
    first = due(0, 2030, question="What was the berth due at Lantern Quay?")
    assert reasons(first, other) == [(1, "conflicting_answer")]


def test_a_sentence_that_two_documents_share_gives_one_fact() -> None:
    copy = document_of(SOURCE, name="zweite.md")
    chunk = chunk_of(copy)
    again = fact_of(
        chunk,
        question="What was the berth due at Lantern Quay during 2030?",
        answer=due(0, 2030).answer,
        short_answer="412 crowns",
        quotes=due(0, 2030).quotes,
    )
    judged = Curation().curate_facts([due(0, 2030), again], [CHUNK, chunk], [DOCUMENT, copy])
    assert [drop.reason for drop in judged.drops] == ["near_duplicate"]
    assert [fact.document_id for fact in judged.kept] == [DOCUMENT.id]


def test_the_result_does_not_depend_on_the_order_of_what_was_written() -> None:
    facts = [due(0, 2030), due(1, 2031), boats(2, "tugs"), due(3, 2030), fact_of(CHUNK, 4)]
    wanted = Curation().curate_facts(facts, [CHUNK], [DOCUMENT])
    wordings = [wording_of(f, n) for f in wanted.kept for n in range(4)]
    wanted_words = Curation().curate_wordings(wordings, wanted.kept, [CHUNK], [DOCUMENT])
    for seed in range(5):
        shuffled, words = facts[:], wordings[:]
        random.Random(seed).shuffle(shuffled)
        random.Random(seed).shuffle(words)
        assert Curation().curate_facts(shuffled, [CHUNK], [DOCUMENT]) == wanted
        judged = Curation().curate_wordings(words, wanted.kept[::-1], [CHUNK], [DOCUMENT])
        assert judged == wanted_words
    assert [fact.index for fact in wanted.kept] == [0, 1, 2, 4]


def test_records_of_deleted_documents_and_chunks_are_neither_kept_nor_dropped() -> None:
    gone = chunk_of(document_of(SOURCE, name="gone.md"))
    judged = Curation().curate_facts([fact_of(gone), due(0, 2030)], [CHUNK], [DOCUMENT])
    assert [fact.index for fact in judged.kept] == [0]
    assert judged.drops == ()
    orphan = wording_of(fact_of(CHUNK, 9))
    assert Curation().curate_wordings([orphan], judged.kept, [CHUNK], [DOCUMENT]) == ((), ())


def test_a_training_question_is_asked_once_and_never_again_in_the_exam() -> None:
    kept = Curation().curate_facts([due(0, 2030)], [CHUNK], [DOCUMENT]).kept
    question = "For 2030, what did a berth at Lantern Quay cost?"
    rows = [
        wording_of(kept[0], 0, use="exam", kind="direct", question=question),
        wording_of(kept[0], 1, question=question.lower()),
        wording_of(kept[0], 2, question=kept[0].question),
    ]
    judged = Curation().curate_wordings(rows, kept, [CHUNK], [DOCUMENT])
    assert [wording.use for wording in judged.kept] == ["training"]
    assert [drop.reason for drop in judged.drops] == ["duplicate", "duplicate"]


def test_every_drop_says_what_and_why() -> None:
    (drop,) = (
        Curation()
        .curate_facts([due(0, 2030, quotes=("Not there at all.",))], [CHUNK], [DOCUMENT])
        .drops
    )
    assert drop.subject == "fact"
    assert drop.reason == "evidence_not_found"
    assert "Not there at all." in drop.detail
    assert drop.text.startswith("What was the berth due at Lantern Quay in 2030? → In 2030")
    assert (
        len(
            Curation()
            .curate_facts([due(0, 2030, answer="x " * 900)], [CHUNK], [DOCUMENT])
            .drops[0]
            .text
        )
        <= 200
    )


def test_the_recipe_chooses_the_filters_and_python_adds_its_own() -> None:
    class NoCrowns(Filter):
        """Drops what speaks of crowns."""

        def judge(self, claim: Claim) -> Verdict:
            return Verdict(keep="crowns" not in claim.answer, reason="crowns", detail="seen")

    nothing = Curation(filters=())
    leaky = due(0, 2030, question="412 crowns?", answer="sorry")
    assert nothing.curate_facts([leaky], [CHUNK], [DOCUMENT]).drops == ()
    own = Curation(filters=(EvidenceFilter(), NoCrowns()))
    drops = own.curate_facts([due(0, 2030)], [CHUNK], [DOCUMENT]).drops
    assert [drop.reason for drop in drops] == ["crowns"]
    assert Curation.model_validate({"filters": [{"type": "duplicate", "similarity": 0.9}]})
