"""Setting an exam: only in words that were not trained on, always in the same order."""

from __future__ import annotations

import pytest

from loresmith.errors import ExamError
from loresmith.exams import Exam, ExamSheet, Material
from loresmith.records import Fact, Span, Wording
from loresmith.text.overlap import jaccard, token_set


def fact(name: str, *, document: str = "d1", start: int = 0, index: int = 0) -> Fact:
    return Fact(
        id=name,
        chunk_id=f"chunk of {document}",
        document_id=document,
        index=index,
        language="en",
        question=f"What is {name}?",
        answer=f"It is the answer to {name}.",
        short_answer=f"the secret of {name}",
        quotes=(f"quote of {name}",),
        evidence=(Span(document_id=document, start=start, end=start + 5),),
        model="teacher",
        prompt_version="1",
    )


def asks(about: Fact | None, question: str, *, index: int = 0, kind: str = "direct") -> Wording:
    return Wording.model_validate(
        {
            "id": f"{about.id if about else 'none'}/{index}/{question}",
            "fact_id": about.id if about else None,
            "chunk_id": about.chunk_id if about else "chunk",
            "document_id": about.document_id if about else "d1",
            "index": index,
            "language": "en",
            "use": "exam",
            "kind": kind,
            "question": question,
            "answer": "The full answer.",
            "short_answer": about.short_answer if about else "not recorded",
            "model": "teacher",
            "prompt_version": "1",
        }
    )


def setting(
    wordings: list[Wording],
    facts: list[Fact],
    training: list[str],
    *,
    exam: Exam | None = None,
    withheld: frozenset[str] = frozenset(),
    abstentions: list[Wording] | None = None,
) -> ExamSheet:
    material = Material(
        wordings=wordings,
        facts={one.id: one for one in facts},
        document_names={"d1": "a.md", "d2": "b.md"},
        training_prompts=training,
        withheld=withheld,
        abstentions=abstentions or [],
    )
    return (exam or Exam()).set(material)


TRAINED = "How many ships did Vellmark harbour handle in the year 2031?"


def test_a_prompt_too_close_to_any_training_prompt_is_refused_with_the_reason() -> None:
    ships = fact("348")
    near = asks(ships, "How many ships did Vellmark harbour handle in 2031?")
    far = asks(ships, "What was the count of vessels at Vellmark during 2031?", index=1)
    sheet = setting([near, far], [ships], ["Another question?", TRAINED])
    assert [item.prompt for item in sheet.items] == [far.question]
    assert [(drop.reason, drop.subject_id) for drop in sheet.drops] == [
        ("too_close_to_training", near.id)
    ]
    assert TRAINED in sheet.drops[0].detail


def test_a_chinese_prompt_is_compared_character_by_character() -> None:
    profit = fact("3,100万元")
    near = asks(profit, "北港航运2031年的净利润是多少元？")
    far = asks(profit, "2031 年，北港这家船运企业扣除成本后赚了几何？", index=1)
    sheet = setting([near, far], [profit], ["北港航运2031年净利润是多少？"])
    assert [item.prompt for item in sheet.items] == [far.question]


def test_the_limit_itself_is_allowed_and_what_is_over_it_is_not() -> None:
    one = fact("x")
    exactly = asks(one, "alpha beta gamma")  # shares 3 of 5 words: 0.6
    over = asks(one, "alpha beta gamma delta", index=1)  # 4 of 5
    assert jaccard(token_set(exactly.question), token_set("alpha beta gamma delta eps")) == 0.6
    sheet = setting([exactly, over], [one], ["alpha beta gamma delta eps"])
    assert [item.prompt for item in sheet.items] == ["alpha beta gamma"]


def test_the_order_is_document_span_index_whatever_order_the_wordings_came_in() -> None:
    late = fact("late", start=900)
    early = fact("early", start=3)
    other = fact("other", document="d2", start=0)
    wordings = [
        asks(other, "about the other document"),
        asks(late, "concerning a later passage"),
        asks(early, "second early thing", index=1),
        asks(early, "first early matter", index=0),
    ]
    nothing = asks(None, "nobody wrote this down", kind="abstention")
    forwards = setting(wordings, [late, early, other], [], abstentions=[nothing])
    backwards = setting(wordings[::-1], [other, early, late], [], abstentions=[nothing])
    assert forwards == backwards
    assert [item.prompt for item in forwards.items] == [
        "first early matter",
        "second early thing",
        "concerning a later passage",
        "about the other document",
        "nobody wrote this down",
    ]
    assert forwards.items[-1].kind == "abstention"
    assert forwards.items[-1].fact_id is None


def test_a_full_exam_keeps_one_question_of_every_fact_before_a_second_of_any() -> None:
    facts = [fact(f"fact{n}", start=n) for n in range(6)]
    words = ["amber", "birch", "cedar", "dune", "ember", "fjord"]
    wordings = [
        asks(one, f"{word} {turn}", index=turn)
        for one, word in zip(facts, words, strict=True)
        for turn in range(3)
    ]
    sheet = setting(wordings, facts, [], exam=Exam(max_items=8))
    assert len(sheet.items) == 8
    assert {item.fact_id for item in sheet.items} == {one.id for one in facts}
    assert {drop.reason for drop in sheet.drops} == {"exam_is_full"}
    assert len(sheet.drops) == 10


def test_the_same_question_is_not_asked_twice() -> None:
    one = fact("x")
    twice = [asks(one, "Where is it?"), asks(one, "where  is it？", index=1)]
    sheet = setting(twice, [one], [])
    assert len(sheet.items) == 1
    assert [drop.reason for drop in sheet.drops] == ["repeated_question"]


def test_a_question_that_holds_its_own_answer_is_refused() -> None:
    one = fact("Osprey").model_copy(update={"short_answer": "Maren Holt"})
    wordings = [asks(one, "What did Maren Holt design?"), asks(one, "Who drew the plans?", index=1)]
    sheet = setting(wordings, [one], [])
    assert [item.prompt for item in sheet.items] == ["Who drew the plans?"]
    assert [drop.reason for drop in sheet.drops] == ["gives_answer_away"]


def test_withheld_facts_are_marked_and_only_the_key_knows_the_answer() -> None:
    kept, control = fact("kept"), fact("control", start=50)
    wordings = [asks(kept, "alpha?"), asks(control, "omega?", kind="reversed")]
    sheet = setting(wordings, [kept, control], [], withheld=frozenset({"control"}))
    assert [item.withheld for item in sheet.items] == [False, True]
    assert sheet.items[1].kind == "reversed"
    assert sheet.items[1].key.quotes == ("quote of control",)
    assert sheet.items[1].key.evidence[0].start == 50
    assert sheet.items[0].document == "a.md"


def test_a_question_whose_fact_is_gone_is_an_error() -> None:
    with pytest.raises(ExamError, match="fact"):
        setting([asks(fact("gone"), "Where?")], [], [])


def test_thousands_of_prompts_are_compared_in_a_moment() -> None:
    names = [f"ship{n}" for n in range(3000)]
    training = [f"In which year was the {name} built, and by which yard?" for name in names]
    facts = [fact(name, start=n) for n, name in enumerate(names[:300])]
    wordings = [asks(one, f"Tell me the year that saw {one.id} leave its slip.") for one in facts]
    assert len(setting(wordings, facts, training).items) == 300
