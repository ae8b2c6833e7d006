"""Row kinds: what is asked for each batch of facts, which replies are refused, and their rows."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.errors import RecipeError
from loresmith.generation.row_kinds import DialogueRows, PassageFacts, RowBatch
from loresmith.generation.row_kinds.dialogue import WrittenDialogues
from loresmith.recipe import Recipe
from loresmith.records import Chunk, Document, WrittenConversation
from small_corpus import fact_of

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
