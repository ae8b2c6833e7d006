"""Many wordings of a fact, for training and, by another prompt, for the exam."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.generation import Batch, ExamWordingWriter, TrainingWordingWriter
from loresmith.generation.replies import WrittenExam, WrittenWordings
from loresmith.records import Chunk, Document
from small_corpus import fact_of


@pytest.fixture
def batch(english: tuple[Chunk, Document]) -> Batch:
    chunk, document = english
    (only,) = TrainingWordingWriter().batches(
        chunk, document, [fact_of(chunk, 0), fact_of(chunk, 1)]
    )
    return only


def training(number: int, *, paraphrases: int = 5, answer: str = "It was 1,297.") -> Any:
    kinds = ["paraphrase"] * paraphrases + ["restatement", "reversed"]
    return {
        "number": number,
        "wordings": [
            {"kind": kind, "question": f"{kind} {number}.{i}?", "answer": answer}
            for i, kind in enumerate(kinds)
        ],
    }


def exam(number: int, *questions: str) -> Any:
    asked = questions or (f"Exam {number}?", f"Exam again {number}?")
    return {
        "number": number,
        "exam": [{"question": question} for question in asked],
        "practice": [{"question": f"Practice {number}?"}],
    }


def training_faults(batch: Batch, *pairs: Any, **settings: int) -> list[str]:
    check = TrainingWordingWriter(**settings).request(batch).check
    assert check is not None
    return check(WrittenWordings.model_validate({"pairs": pairs}))


def exam_faults(batch: Batch, *pairs: Any) -> list[str]:
    check = ExamWordingWriter().request(batch).check
    assert check is not None
    return check(WrittenExam.model_validate({"pairs": pairs}))


def test_all_facts_of_a_chunk_go_into_one_call(batch: Batch) -> None:
    request = TrainingWordingWriter().request(batch)
    user = request.messages[1].content
    assert "1. Question: How many ship calls" in user
    assert "2. Question: How many ship calls" in user
    assert "Write 5 of kind `paraphrase`, 1 of kind `restatement`, 1 of kind `reversed`." in (
        request.messages[0].content
    )


def test_many_facts_are_spread_evenly_and_only_the_first_call_asks_for_abstentions(
    english: tuple[Chunk, Document],
) -> None:
    chunk, document = english
    facts = [fact_of(chunk, index) for index in range(13)]
    writer = TrainingWordingWriter(facts_per_call=12)
    batches = writer.batches(chunk, document, facts[::-1])
    assert [[f.index for f in batch.facts] for batch in batches] == [
        list(range(6)),
        list(range(6, 13)),
    ]
    assert [batch.is_first for batch in batches] == [True, False]
    assert "Leave `unanswerable` empty" not in writer.request(batches[0]).messages[1].content
    assert "Leave `unanswerable` empty" in writer.request(batches[1]).messages[1].content
    assert writer.request(batches[0]).messages[0] == writer.request(batches[1]).messages[0]


def test_a_chunk_without_kept_facts_costs_no_call(english: tuple[Chunk, Document]) -> None:
    assert TrainingWordingWriter().batches(*english, []) == []
    assert ExamWordingWriter().batches(*english, []) == []


def test_a_full_reply_has_no_fault_and_more_than_asked_is_welcome(batch: Batch) -> None:
    assert training_faults(batch, training(1), training(2, paraphrases=9)) == []
    assert exam_faults(batch, exam(1), exam(2, "a?", "b?", "c?")) == []


@pytest.mark.parametrize(
    ("pairs", "fault"),
    [
        ([training(1)], "no wordings for pair: 2"),
        ([training(1), training(2), training(3)], "there is no pair with the number: 3"),
        ([training(1), training(2), training(1)], "more than one entry for pair: 1"),
        ([training(1), training(2, paraphrases=3)], "5 of kind paraphrase asked for, 3 given"),
        ([training(1), training(2, answer="It was 1,184.")], "must contain '1,297 ship calls'"),
        ([training(1), training(2, answer="")], "5 of kind paraphrase asked for, 0 given"),
    ],
)
def test_a_training_reply_that_is_not_what_was_asked_for_is_named(
    batch: Batch, pairs: list[Any], fault: str
) -> None:
    assert fault in "; ".join(training_faults(batch, *pairs))


@pytest.mark.parametrize(
    ("pairs", "fault"),
    [
        ([exam(2)], "no wordings for pair: 1"),
        ([exam(1), exam(2, "One?")], "pair 2: 2 under exam asked for, 1 given"),
        ([exam(1), exam(2, "Was it 1,297?", "1297 calls?")], "give '1,297 ship calls' away"),
    ],
)
def test_an_exam_reply_that_is_not_what_was_asked_for_is_named(
    batch: Batch, pairs: list[Any], fault: str
) -> None:
    assert fault in "; ".join(exam_faults(batch, *pairs))


def test_one_leaking_exam_question_of_two_is_left_to_the_curation(batch: Batch) -> None:
    assert exam_faults(batch, exam(1), exam(2, "Was it 1,297?", "How many came?")) == []


def test_training_wordings_keep_their_fact_and_their_order(batch: Batch) -> None:
    reply = WrittenWordings.model_validate(
        {
            "pairs": [training(2), training(1)],
            "unanswerable": [{"question": "Who built the quay?", "answer": "I do not know."}],
        }
    )
    made = TrainingWordingWriter().wordings(batch, reply, model="t")
    first, second = (fact.id for fact in batch.facts)
    assert [w.fact_id for w in made] == [first] * 7 + [second] * 7 + [None]
    assert [w.index for w in made[:7]] == list(range(7))
    assert {w.use for w in made} == {"training"}
    assert made[-1].kind == "abstention"
    assert len({w.id for w in made}) == 15
    assert made == TrainingWordingWriter().wordings(batch, reply, model="t")


def test_exam_wordings_expect_the_fact_s_answer_and_abstentions_expect_none(batch: Batch) -> None:
    reply = WrittenExam.model_validate(
        {"pairs": [exam(1), exam(2)], "unanswerable": [{"question": "Who owns the quay?"}]}
    )
    made = ExamWordingWriter().wordings(batch, reply, model="t")
    assert [w.use for w in made] == ["exam", "exam", "practice"] * 2 + ["exam"]
    assert made[0].short_answer == "1,297 ship calls"
    assert (made[-1].kind, made[-1].short_answer) == ("abstention", "")
    assert "not known" in made[-1].answer
    assert len({w.id for w in made}) == 7


def test_a_later_batch_takes_no_abstentions_even_if_some_are_given(batch: Batch) -> None:
    reply = WrittenExam.model_validate(
        {"pairs": [exam(1), exam(2)], "unanswerable": [{"question": "Who owns the quay?"}]}
    )
    later = batch._replace(is_first=False)
    assert len(ExamWordingWriter().wordings(later, reply, model="t")) == 6
