"""What is asked about a passage, and what of a teacher's reply is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import MalformedReply
from loresmith.generation import FactWriter
from loresmith.generation.replies import WrittenFacts
from loresmith.models.cache import ReplyCache
from loresmith.models.scripted import ScriptedModel
from loresmith.models.structured import Asker
from loresmith.records import Chunk, Document


def pair(
    question: str = "How many ship calls did Calder Reach count in 2031?", **parts: Any
) -> Any:
    return {
        "question": question,
        "answer": "Calder Reach counted 1,297 ship calls in 2031.",
        "short_answer": "1,297",
        "evidence": ["Calder Reach counted 1,297 ship calls in 2031."],
        "formula": None,
    } | parts


def faults(writer: FactWriter, passage: tuple[Chunk, Document], reply: Any) -> list[str]:
    check = writer.request(*passage).check
    assert check is not None
    return check(WrittenFacts.model_validate(reply))


def test_one_pair_is_asked_for_every_so_many_characters_and_at_least_one(
    english: tuple[Chunk, Document],
) -> None:
    chunk, document = english
    assert FactWriter(density=50).count(chunk) == len(chunk.text) // 50
    assert FactWriter(density=10_000).count(chunk) == 1
    assert FactWriter(density=1, most=7).count(chunk) == 7
    assert "Write 2 pairs" in FactWriter(density=50).request(chunk, document).messages[1].content


def test_a_reply_becomes_facts_with_stable_ids(english: tuple[Chunk, Document]) -> None:
    reply = WrittenFacts.model_validate({"pairs": [pair(), pair("Who is harbour master?")]})
    first = FactWriter().facts(*english, reply, model="teacher")
    again = FactWriter().facts(*english, reply, model="teacher")
    assert first == again
    assert [fact.index for fact in first] == [0, 1]
    assert len({fact.id for fact in first}) == 2
    assert first[0].quotes == ("Calder Reach counted 1,297 ship calls in 2031.",)
    assert first[0].formula is None
    other_model = FactWriter().facts(*english, reply, model="other")
    other_settings = FactWriter(density=100).facts(*english, reply, model="teacher")
    assert not {f.id for f in first} & {f.id for f in (*other_model, *other_settings)}


def test_the_language_is_that_of_the_passage(chinese: tuple[Chunk, Document]) -> None:
    chunk, document = chinese
    reply = WrittenFacts.model_validate({"pairs": [pair("会议由谁主持？")]})
    assert FactWriter().facts(chunk, document, reply, model="t")[0].language == "zh"
    assert "请写 1 对问答" in FactWriter().request(chunk, document).messages[1].content


def test_fewer_pairs_than_half_need_a_reason(english: tuple[Chunk, Document]) -> None:
    writer = FactWriter(density=20)  # asks for 5
    assert "5 pairs asked for, 1 given" in faults(writer, english, {"pairs": [pair()]})[0]
    assert faults(writer, english, {"pairs": [pair()], "fewer_because": "one fact only"}) == []
    assert faults(writer, english, {"pairs": [pair(), pair("b?"), pair("c?")]}) == []
    assert faults(writer, english, {"pairs": [pair(str(n)) for n in range(12)]}) == []


def test_an_empty_list_is_taken_only_with_a_reason(english: tuple[Chunk, Document]) -> None:
    assert faults(FactWriter(), english, {"pairs": []})
    assert faults(FactWriter(), english, {"pairs": [], "fewer_because": "null"})
    assert not faults(FactWriter(), english, {"pairs": [], "fewer_because": "a byline only"})


def test_half_rows_do_not_count_but_the_whole_ones_beside_them_are_kept(
    english: tuple[Chunk, Document],
) -> None:
    writer = FactWriter(density=50)  # asks for 2
    half = {"question": "What is the harbour"}
    assert "1 with a part missing" not in str(faults(writer, english, {"pairs": [pair(), half]}))
    assert "2 with a part missing" in faults(writer, english, {"pairs": [half, half]})[0]
    facts = writer.facts(
        *english, WrittenFacts.model_validate({"pairs": [pair(), half]}), model="t"
    )
    assert [bool(fact.answer) for fact in facts] == [True, False]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"evidence": "one string"}, ("one string",)),
        ({"evidence": None}, ()),
        ({"evidence": ["  spaced  ", "", " "]}, ("spaced",)),
    ],
)
def test_harmless_slips_of_form_are_forgiven(
    english: tuple[Chunk, Document], given: Any, taken: tuple[str, ...]
) -> None:
    reply = WrittenFacts.model_validate({"pairs": [pair(**given)], "note": "ignored"})
    assert FactWriter().facts(*english, reply, model="t")[0].quotes == taken


def test_a_number_is_read_as_text_and_the_word_null_as_nothing(
    english: tuple[Chunk, Document],
) -> None:
    reply = WrittenFacts.model_validate({"pairs": [pair(short_answer=1297, formula="null")]})
    fact = FactWriter().facts(*english, reply, model="t")[0]
    assert (fact.short_answer, fact.formula) == ("1297", None)


def test_a_chinese_passage_answered_in_english_is_sent_back(
    chinese: tuple[Chunk, Document],
) -> None:
    assert "Chinese" in faults(FactWriter(), chinese, {"pairs": [pair()]})[0]


def test_an_apology_is_never_taken_for_facts(
    english: tuple[Chunk, Document], tmp_path: Path
) -> None:
    model = ScriptedModel(["Sorry, I cannot produce that list."] * 3)
    with ReplyCache(tmp_path / "replies.sqlite") as cache, pytest.raises(MalformedReply):
        Asker(model, cache).ask(FactWriter().request(*english))


def test_a_short_reply_is_asked_again_with_the_fault_named(
    english: tuple[Chunk, Document], tmp_path: Path
) -> None:
    good = {"pairs": [pair(str(n)) for n in range(3)]}
    model = ScriptedModel([json.dumps({"pairs": [pair()]}), json.dumps(good)])
    with ReplyCache(tmp_path / "replies.sqlite") as cache:
        value = Asker(model, cache).ask(FactWriter(density=20).request(*english))
    assert len(value.pairs) == 3
    assert "5 pairs asked for, 1 given" in model.calls[1].messages[-1].content
