"""Row kinds: what is asked for each batch of facts, which replies are refused, and their rows."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.errors import RecipeError
from loresmith.generation.row_kinds import (
    ComparisonRows,
    DialogueRows,
    DistillationRows,
    PassageFacts,
    PreferenceRows,
    PretrainingRows,
    RowBatch,
)
from loresmith.generation.row_kinds.comparison import WrittenComparisons
from loresmith.generation.row_kinds.dialogue import WrittenDialogues
from loresmith.generation.row_kinds.distillation import WrittenAnswers, WrittenParts
from loresmith.generation.row_kinds.preference import WrittenWrongAnswers
from loresmith.recipe import Recipe
from loresmith.records import (
    Chunk,
    Document,
    WrittenConversation,
    WrittenFeedback,
    WrittenText,
)
from small_corpus import chunk_of, document_of, fact_of

Passage = tuple[Chunk, Document]


def facts_of(passage: Passage, count: int, **parts: Any) -> PassageFacts:
    chunk, document = passage
    return PassageFacts(
        chunk, document, tuple(fact_of(chunk, number, **parts) for number in range(count))
    )


@pytest.fixture
def harbour(english: Passage) -> PassageFacts:
    """Three facts of a passage."""
    chunk, document = english
    master = fact_of(
        chunk,
        1,
        question="Who is the harbour master of Calder Reach?",
        answer="The harbour master of Calder Reach is Ines Tavarel.",
        short_answer="Ines Tavarel",
        quotes=("The harbour master is Ines Tavarel.",),
    )
    market = fact_of(
        chunk,
        2,
        question="When did the fish market of Calder Reach open?",
        answer="The fish market of Calder Reach opened in May 2030.",
        short_answer="May 2030",
        quotes=("The fish market opened in May 2030.",),
    )
    return PassageFacts(chunk, document, (fact_of(chunk), master, market))


def turns_of(batch: RowBatch, *numbers: int) -> Any:
    return {
        "turns": [
            {
                "question": batch.facts[n - 1].question,
                "answer": batch.facts[n - 1].answer,
                "facts": [n],
            }
            for n in numbers
        ]
    }


def dialogue_faults(writer: DialogueRows, batch: RowBatch, *dialogues: Any) -> list[str]:
    check = writer.request(batch).check
    assert check is not None
    return check(WrittenDialogues.model_validate({"dialogues": dialogues}))


def test_a_dialogue_is_asked_for_with_its_scenario_and_roles(harbour: PassageFacts) -> None:
    writer = DialogueRows(rounds=3, scenario="At the quay.", user_role="a skipper")
    (batch,) = writer.batches([harbour])
    system, request = writer.request(batch).messages
    assert "At the quay." in system.content and "The user is a skipper." in system.content
    assert "The assistant is" not in system.content
    assert "3. Question: When did the fish market" in request.content
    assert "Write 1 conversation of 3 turns." in request.content


def test_a_chinese_passage_is_asked_about_in_chinese(chinese: Passage) -> None:
    writer = DialogueRows(rounds=2, dialogues=2, user_role="一位渔民")
    (batch,) = writer.batches([facts_of(chinese, 2, language="zh")])
    system, request = writer.request(batch).messages
    assert "用户是一位渔民。" in system.content
    assert "请写 2 段对话，每段 2 轮。" in request.content


def test_no_dialogue_is_written_about_one_fact_nor_longer_than_there_are_facts(
    english: Passage, harbour: PassageFacts
) -> None:
    writer = DialogueRows(rounds=8)
    assert writer.batches([facts_of(english, 1)]) == []
    (batch,) = writer.batches([harbour])
    assert writer.rounds_of(batch) == 3
    many = writer.model_copy(update={"facts_per_call": 2}).batches([facts_of(english, 5)])
    assert [len(one.facts) for one in many if len(one.facts) > 1] == [2, 2]


def test_faults_of_a_reply_are_named_so_that_the_teacher_can_mend_them(
    harbour: PassageFacts,
) -> None:
    writer = DialogueRows(rounds=2)
    (batch,) = writer.batches([harbour])
    assert dialogue_faults(writer, batch, turns_of(batch, 1, 2)) == []
    assert dialogue_faults(writer, batch) == ["1 dialogues asked for, 0 given"]
    assert dialogue_faults(writer, batch, turns_of(batch, 1)) == [
        "dialogue 1: 2 turns asked for, 1 given"
    ]
    wrong = turns_of(batch, 1, 2)
    wrong["turns"][0]["facts"] = [7]
    wrong["turns"][1] = {"question": "And who runs it?", "answer": "Somebody.", "facts": [2]}
    assert dialogue_faults(writer, batch, wrong) == [
        "dialogue 1, turn 1: there is no fact 7",
        "dialogue 1, turn 2: the answer must contain 'Ines Tavarel' of fact 2",
    ]


def test_the_rows_of_a_reply_name_their_facts_turn_by_turn(harbour: PassageFacts) -> None:
    writer = DialogueRows(rounds=2, system_prompt="Be brief.")
    (batch,) = writer.batches([harbour])
    reply = WrittenDialogues.model_validate({"dialogues": [turns_of(batch, 3, 1)]})
    (row,) = writer.rows(batch, reply, model="teacher")
    assert isinstance(row.content, WrittenConversation)
    assert row.content.system == "Be brief."
    assert [turn.fact_ids for turn in row.content.turns] == [
        (batch.facts[2].id,),
        (batch.facts[0].id,),
    ]
    assert row.fact_ids == (batch.facts[2].id, batch.facts[0].id)
    again = writer.rows(batch, reply, model="teacher")
    other = writer.model_copy(update={"scenario": "Elsewhere."}).rows(batch, reply, model="teacher")
    assert row == again[0] and row.id != other[0].id


def test_a_kind_that_stands_twice_is_refused() -> None:
    with pytest.raises(RecipeError, match="more than once: dialogue"):
        Recipe.from_yaml("generation: {rows: [{type: dialogue}, {type: dialogue, rounds: 4}]}")


def preference_faults(writer: PreferenceRows, batch: RowBatch, *answers: Any) -> list[str]:
    check = writer.request(batch).check
    assert check is not None
    return check(WrittenWrongAnswers.model_validate({"answers": answers}))


def test_a_wrong_answer_is_asked_for_each_fact_in_the_flaws_of_the_recipe(
    harbour: PassageFacts,
) -> None:
    writer = PreferenceRows(flaws=("wrong_figure", "not_answering"))
    (batch,) = writer.batches([harbour])
    system, request = writer.request(batch).messages
    assert "`wrong_figure`" in system.content and "`wrong_period`" not in system.content
    assert "3. Question: When did the fish market" in request.content
    good = [
        {"number": 1, "flaw": "wrong_figure", "answer": "Calder Reach counted 1,927 ship calls."},
        {"number": 2, "flaw": "not_answering", "answer": "Every harbour has a master."},
        {"number": 3, "flaw": "not_answering", "answer": "Fish is sold at a market."},
    ]
    assert preference_faults(writer, batch, *good) == []
    bad = [good[1], {**good[2], "flaw": "wrong_subject"}, {**good[1], "number": 9}]
    assert preference_faults(writer, batch, *bad) == [
        "fact 1: 1 answers asked for, 0 given",
        "fact 3: wrong_subject is none of wrong_figure, not_answering",
        "there is no fact 9",
    ]


@pytest.mark.parametrize(
    ("form", "shapes"),
    [
        ("pairs", ["preference"]),
        ("marked", ["feedback", "feedback"]),
        ("both", ["preference", "feedback", "feedback"]),
    ],
)
def test_one_reply_gives_pairs_marked_answers_or_both(
    harbour: PassageFacts, form: Any, shapes: list[str]
) -> None:
    writer = PreferenceRows(form=form)
    (batch,) = writer.batches([harbour._replace(facts=harbour.facts[:1])])
    answer = {"number": 1, "flaw": "wrong_figure", "answer": "It counted 1,927 ship calls."}
    reply = WrittenWrongAnswers.model_validate({"answers": [answer]})
    rows = writer.rows(batch, reply, model="teacher")
    assert [row.content.shape for row in rows] == shapes
    marks = [r.content.desirable for r in rows if isinstance(r.content, WrittenFeedback)]
    assert marks == [True, False][: len(marks)]
    assert len({row.id for row in rows}) == len(rows)


def test_a_text_to_pre_train_on_is_the_passage_under_its_headings(english: Passage) -> None:
    chunk, document = english
    one = PassageFacts(chunk, document, ())
    writer = PretrainingRows()
    (batch,) = writer.batches([one])
    (row,) = writer.rows(batch, None, model="")
    assert isinstance(row.content, WrittenText)
    assert row.content.text == f"Harbour Review\nHarbour\n\n{document.text}"
    (bare,) = PretrainingRows(headings=False).rows(batch, None, model="")
    assert bare.content == WrittenText(text=document.text)
    assert writer.model_copy(update={"least": 10_000}).batches([one]) == []


def test_the_header_of_a_table_stands_right_above_its_rows(chinese: Passage) -> None:
    chunk, document = chinese
    cut = chunk.model_copy(update={"context": "渔获\n| 年 | 吨 |", "text": "| 2031 | 61,400 |"})
    (row,) = PretrainingRows().rows(
        RowBatch((PassageFacts(cut, document, ()),), (), "zh"), None, model=""
    )
    assert isinstance(row.content, WrittenText)
    assert row.content.text == "澜屿渔港纪要\n渔获\n| 年 | 吨 |\n| 2031 | 61,400 |"


def yearly(name: str, year: int, tonnes: str, **parts: Any) -> PassageFacts:
    """A document of one year's report, with one fact."""
    document = document_of(f"Calder Reach landed {tonnes} in {year}.", name=name)
    chunk = chunk_of(document)
    values = {
        "question": f"How much fish did Calder Reach land in {year}?",
        "answer": f"Calder Reach landed {tonnes} of fish in {year}.",
        "short_answer": tonnes,
    }
    return PassageFacts(chunk, document, (fact_of(chunk, **(values | parts)),))


def test_facts_of_two_years_are_compared_with_their_difference() -> None:
    one, other = (
        yearly("2030.md", 2030, "57,200 tonnes"),
        yearly("2031.md", 2031, "61,400 tonnes"),
    )
    writer = ComparisonRows()
    (batch,) = writer.batches([one, other])
    request = writer.request(batch)
    assert "Difference: 4,200 tonnes" in request.messages[1].content
    answer = (
        "4,200 tonnes more: Calder Reach landed 61,400 tonnes in 2031 and 57,200 tonnes in 2030."
    )
    reply = WrittenComparisons.model_validate(
        {"comparisons": [{"number": 1, "question": "How much more in 2031?", "answer": answer}]}
    )
    assert request.check is not None and request.check(reply) == []
    (row,) = writer.rows(batch, reply, model="teacher")
    assert isinstance(row.content, WrittenConversation)
    assert row.content.turns[0].formula == "61400 - 57200"
    assert row.chunk_ids == (one.chunk.id, other.chunk.id)
    assert request.check(WrittenComparisons(comparisons=())) == [
        "pair 1: question or answer is missing"
    ]


def test_in_chinese_a_difference_of_shares_is_in_points() -> None:
    def share(name: str, year: int, percent: str) -> PassageFacts:
        return yearly(
            name,
            year,
            percent,
            language="zh",
            question=f"{year}年澜屿渔港的冷库占用率是多少？",
            answer=f"{year}年澜屿渔港的冷库占用率为{percent}。",
        )

    writer = ComparisonRows()
    (batch,) = writer.batches([share("甲.md", 2030, "61.5%"), share("乙.md", 2031, "73.7%")])
    assert "差额：12.2个百分点" in writer.request(batch).messages[1].content


@pytest.mark.parametrize(
    "other",
    [
        yearly("b.md", 2030, "57,200 tonnes"),
        yearly("b.md", 2031, "61 days"),
        yearly("b.md", 2031, "61 tonnes", question="Who painted the lighthouse at Hask in 2031?"),
        yearly("a.md", 2031, "61,400 tonnes"),
    ],
    ids=["the same", "another measure", "another question", "the same document"],
)
def test_what_cannot_be_compared_is_not(other: PassageFacts) -> None:
    assert ComparisonRows().batches([yearly("a.md", 2030, "57,200 tonnes"), other]) == []


def profits(*stated: tuple[str, str]) -> PassageFacts:
    """A passage with a fact for each measure and its figure."""
    text = " ".join(
        f"The {measure} of Orla Mills was {short} in 2031." for measure, short in stated
    )
    document = document_of(text, name="a.md")
    chunk = chunk_of(document)
    facts = tuple(
        fact_of(
            chunk,
            id=measure,
            index=index,
            question=f"What was the {measure} of Orla Mills in 2031?",
            answer=f"The {measure} of Orla Mills was {short} in 2031.",
            short_answer=short,
        )
        for index, (measure, short) in enumerate(stated)
    )
    return PassageFacts(chunk, document, facts)


def test_figures_of_one_passage_that_can_be_confused_are_contrasted() -> None:
    passage = profits(
        ("net profit", "41 tonnes"),
        ("adjusted net profit", "47 tonnes"),
        ("net profit margin", "12%"),
    )
    assert ComparisonRows(across="passages").batches([passage]) == []
    writer = ComparisonRows(across="facts")
    (batch,) = writer.batches([passage])
    assert {fact.id for fact in batch.facts} == {"net profit", "adjusted net profit"}
    asked = writer.request(batch).messages[1].content
    assert "Difference: 6 tonnes" in asked
    answer = "47 tonnes adjusted, against 41 tonnes of net profit: 6 tonnes more."
    reply = WrittenComparisons.model_validate(
        {"comparisons": [{"number": 1, "question": "Which is higher?", "answer": answer}]}
    )
    (row,) = writer.rows(batch, reply, model="teacher")
    assert row.chunk_ids == (passage.chunk.id,)
    assert set(row.fact_ids) == {"net profit", "adjusted net profit"}


def test_two_ways_to_state_one_figure_are_no_contrast() -> None:
    same = profits(("net profit", "41 tonnes"), ("profit net of tax", "41 tonnes"))
    assert ComparisonRows(across="facts").batches([same]) == []


def test_pairs_are_the_same_whatever_else_there_is_and_never_more_than_wanted() -> None:
    years = [yearly(f"{year}.md", year, f"{year + 3}00 tonnes") for year in range(2020, 2030)]
    few = ComparisonRows(most=5, pairs_per_call=2).batches(years)
    assert sum(len(batch.passages) // 2 for batch in few) == 5
    assert few == ComparisonRows(most=5, pairs_per_call=2).batches(years)
    every = ComparisonRows().batches(years)
    assert sum(len(batch.passages) // 2 for batch in every) == 45
    assert {tuple(b.ids) for b in ComparisonRows().batches(years[:4])} <= {
        tuple(b.ids) for b in every
    }


@pytest.mark.parametrize(("topic", "language"), [("Harbour building", "en"), ("港口工程", "zh")])
def test_a_topic_is_divided_and_then_asked_about_part_by_part(topic: str, language: str) -> None:
    writer = DistillationRows(topic=topic, branches=1, leaves=2, questions=2)
    (first,) = writer.batches([])
    assert writer.request(first).messages[1].content.endswith(topic)
    tree = WrittenParts.model_validate({"topics": [{"name": "A", "parts": ["B", "C", "B"]}]})
    rows = writer.rows(first, tree, model="teacher")
    parts = writer.following(rows)
    assert [part.words for part in parts] == [(topic, "A", "B"), (topic, "A", "C")]
    assert f"{topic} / A / B" in writer.request(parts[0]).messages[1].content
    pairs = {"pairs": [{"question": "What?", "answer": "That."}]}
    reply = WrittenAnswers.model_validate(pairs)
    (row,) = writer.rows(parts[0], reply, model="teacher")
    assert not row.grounded and row.language == language and row.chunk_ids == ()
    check = writer.request(parts[0]).check
    assert check is not None
    assert check(reply) == ["2 questions with answers asked for, 1 given"]
    assert writer.following([row]) == []
    assert DistillationRows().batches([]) == []


def test_a_comparison_stays_what_it_is_when_more_are_asked_for() -> None:
    few, many = ComparisonRows(most=1), ComparisonRows(most=50, alike=0.4)
    assert few.fingerprint() == many.fingerprint()
    assert few.fingerprint() != ComparisonRows(temperature=0.1).fingerprint()
