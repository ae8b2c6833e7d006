"""Rows of other kinds are held against the evidence of all facts that they state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.curation import Curation
from loresmith.records import (
    Drop,
    Fact,
    Flaw,
    Review,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenTurn,
)
from small_corpus import chunk_of, document_of, fact_of

SOURCE = (
    "Calder Reach landed 61,400 tonnes of fish in 2031, against 57,200 tonnes in 2030. "
    "Its adjusted net profit rose by 73.7 % year-on-year to 8.2 million crowns in 2031. "
    "The harbour master is Ines Tavarel."
)
DOCUMENT = document_of(SOURCE)
CHUNK = chunk_of(DOCUMENT)
ZH_SOURCE = "2031年澜屿渔港卸鱼61,400吨，2030年为57,200吨。港长为岑望舟。"
ZH_DOCUMENT = document_of(ZH_SOURCE, name="纪要.txt", language="zh")
ZH_CHUNK = chunk_of(ZH_DOCUMENT)


def landed(index: int, year: int, tonnes: str) -> Fact:
    return fact_of(
        CHUNK,
        index,
        question=f"How much fish did Calder Reach land in {year}?",
        answer=f"In {year} Calder Reach landed {tonnes} tonnes of fish.",
        short_answer=f"{tonnes} tonnes",
        quotes=(SOURCE.split(". ", 1)[0] + ".",),
    )


FACTS = {
    "2031": landed(0, 2031, "61,400"),
    "2030": landed(1, 2030, "57,200"),
    "profit": fact_of(
        CHUNK,
        2,
        question="By how much did Calder Reach's adjusted net profit rise year-on-year in 2031?",
        answer="The adjusted net profit of Calder Reach rose by 73.7 % year-on-year in 2031.",
        short_answer="73.7 %",
        quotes=(SOURCE.split(". ")[1] + ".",),
    ),
    "master": fact_of(
        CHUNK,
        3,
        question="Who is the harbour master of Calder Reach?",
        answer="The harbour master of Calder Reach is Ines Tavarel.",
        short_answer="Ines Tavarel",
        quotes=("The harbour master is Ines Tavarel.",),
    ),
    "卸鱼": fact_of(
        ZH_CHUNK,
        0,
        language="zh",
        question="2031年澜屿渔港卸鱼多少？",
        answer="2031年澜屿渔港卸鱼61,400吨。",
        short_answer="61,400吨",
        quotes=("2031年澜屿渔港卸鱼61,400吨，2030年为57,200吨。",),
    ),
    "港长": fact_of(
        ZH_CHUNK,
        1,
        language="zh",
        question="澜屿渔港的港长是谁？",
        answer="澜屿渔港的港长是岑望舟。",
        short_answer="岑望舟",
        quotes=("港长为岑望舟。",),
    ),
}
CHUNKS, DOCUMENTS = [CHUNK, ZH_CHUNK], [DOCUMENT, ZH_DOCUMENT]
KEPT = Curation().curate_facts(FACTS.values(), CHUNKS, DOCUMENTS).kept


def turn(question: str, answer: str, *names: str, formula: str | None = None) -> WrittenTurn:
    ids = tuple(FACTS[name].id for name in names)
    return WrittenTurn(question=question, answer=answer, fact_ids=ids, formula=formula)


def told(name: str) -> WrittenTurn:
    return turn(FACTS[name].question, FACTS[name].answer, name)


def row(*turns: WrittenTurn, **parts: Any) -> WrittenRow:
    first = next((one for t in turns for one in t.fact_ids), "")
    chinese = first.startswith(ZH_CHUNK.id)
    values: dict[str, Any] = {
        "id": "row",
        "kind": "dialogue",
        "index": 0,
        "language": "zh" if chinese else "en",
        "fact_ids": tuple(dict.fromkeys(one for t in turns for one in t.fact_ids)),
        "chunk_ids": (ZH_CHUNK.id if chinese else CHUNK.id,),
        "content": WrittenConversation(turns=turns),
        "model": "teacher",
        "prompt_version": "1",
    }
    return WrittenRow(**(values | parts))


def drops(*rows: WrittenRow, **more: Any) -> list[Drop]:
    return list(Curation().curate_rows(rows, KEPT, CHUNKS, DOCUMENTS, **more).drops)


def reasons(*rows: WrittenRow, **more: Any) -> list[str]:
    return [drop.reason for drop in drops(*rows, **more)]


def test_what_the_tests_rest_on_is_kept() -> None:
    assert [fact.id for fact in KEPT] == [fact.id for fact in FACTS.values()]


def test_a_true_dialogue_is_kept_with_the_evidence_of_all_its_facts() -> None:
    later = turn("And the year before?", "In 2030 Calder Reach landed 57,200 tonnes.", "2030")
    judged = Curation().curate_rows([row(told("2031"), later)], KEPT, CHUNKS, DOCUMENTS)
    assert judged.drops == ()
    (kept,) = judged.kept
    assert [SOURCE[span.start : span.end][:12] for span in kept.evidence] == ["Calder Reach"]
    chinese = turn("那港长是谁？", "澜屿渔港的港长是岑望舟。", "港长")
    assert reasons(row(told("卸鱼"), chinese)) == []


def test_a_figure_without_a_source_drops_the_whole_dialogue_and_names_the_turn() -> None:
    wrong = turn("And the year before?", "In 2030 it landed 57,200 tonnes and 31 eels.", "2030")
    (found,) = drops(row(told("2031"), wrong))
    assert found.reason == "figure_not_in_evidence"
    assert found.detail.startswith("turn 2: ") and found.subject == "row"
    zh = turn("那港长是谁？", "澜屿渔港的港长是岑望舟，任职17年。", "港长")
    assert reasons(row(told("卸鱼"), zh)) == ["figure_not_in_evidence"]


def test_an_answer_states_every_fact_that_it_names() -> None:
    both = turn("And who runs it?", "Ines Tavarel is the harbour master.", "master", "2030")
    assert reasons(row(told("2031"), both)) == ["short_answer_missing"]


def test_a_qualifier_may_not_get_lost_on_the_way() -> None:
    lost = turn("And the profit?", "The net profit of Calder Reach rose by 73.7 %.", "profit")
    assert reasons(row(told("2031"), lost)) == ["qualifier_missing"]


def test_figures_that_stand_the_wrong_way_round_are_seen() -> None:
    question = "How much fish did Calder Reach land in 2031 and in 2030?"
    right = "Calder Reach landed 61,400 tonnes in 2031, against 57,200 tonnes in 2030."
    wrong = "Calder Reach landed 57,200 tonnes in 2031, against 61,400 tonnes in 2030."
    assert reasons(row(turn(question, right, "2031", "2030"))) == []
    assert reasons(row(turn(question, wrong, "2031", "2030"))) == ["facts_swapped"]


def test_a_computed_figure_follows_from_figures_of_the_evidence() -> None:
    question = "How much more fish did Calder Reach land in 2031 than in 2030?"
    answer = "4,200 tonnes more: 61,400 tonnes in 2031, against 57,200 tonnes in 2030."
    right = turn(question, answer, "2031", "2030", formula="61,400 - 57,200")
    wrong = turn(question, answer, "2031", "2030", formula="61,400 - 57,300")
    assert reasons(row(right)) == []
    assert reasons(row(wrong)) == ["formula_wrong"]
    assert reasons(row(turn(question, answer, "2031", "2030"))) == ["figure_not_in_evidence"]


def test_only_the_first_question_has_to_name_its_subject() -> None:
    vague = turn("And when did it open?", "It is Ines Tavarel.", "master")
    assert reasons(row(vague, told("2031"))) == ["subject_missing"]
    assert reasons(row(told("2031"), vague)) == []


def test_a_turn_without_a_fact_says_honestly_that_it_does_not_know() -> None:
    honest = turn("What does a berth cost?", "I do not know what a berth costs.")
    guess = turn("What does a berth cost?", "A berth costs 12 crowns.")
    assert reasons(row(told("2031"), honest)) == []
    assert reasons(row(told("2031"), guess)) == ["not_an_abstention"]


def test_a_row_of_a_fact_that_was_thrown_out_goes_with_it() -> None:
    gone = WrittenTurn(question="What?", answer="That.", fact_ids=("gone",))
    assert reasons(row(told("2031"), gone)) == ["fact_dropped"]


def test_what_a_person_said_counts() -> None:
    def said(subject: str, verdict: Any, **texts: Any) -> dict[str, Review]:
        review = Review(id="1", subject_id=subject, verdict=verdict, at="2031", **texts)
        return {subject: review}

    good, vague = row(told("2031")), row(turn("Who runs it?", "Ines Tavarel.", "master"))
    assert reasons(good, reviews=said("row", "rejected")) == ["rejected_by_reviewer"]
    assert reasons(vague) == ["subject_missing"]
    assert reasons(vague, reviews=said("row", "confirmed")) == []
    edited = said(FACTS["2031"].id, "edited", answer="In 2031 it was 61,400 tonnes.")
    assert reasons(good, reviews=edited) == ["fact_edited"]
    worse = said("row", "edited", answer="Calder Reach landed 99 tonnes.")
    assert reasons(good, reviews=worse) == ["short_answer_missing"]


def test_a_row_that_says_what_another_says_is_a_duplicate() -> None:
    one, again = row(told("2031")), row(told("2031"), id="again")
    assert reasons(one, again) == ["duplicate"]


@given(st.text(alphabet="0123456789,.", min_size=2, max_size=6), st.booleans())
def test_no_figure_gets_through_that_the_source_does_not_have(figure: str, chinese: bool) -> None:
    if chinese:
        added = turn("还有呢？", f"2031年澜屿渔港卸鱼61,400吨，另有{figure}公斤。", "卸鱼")
        first = told("港长")
    else:
        answer = f"In 2031 Calder Reach landed 61,400 tonnes of fish and {figure} kg more."
        added, first = turn("And fish?", answer, "2031"), told("master")
    from loresmith.text.figures import figures

    kept = reasons(row(first, added)) == []
    assert not kept or not any(one.unit == "kg" for one in figures(added.answer))


def pair(name: str, flaw: Flaw, rejected: str) -> WrittenRow:
    fact = FACTS[name]
    content = WrittenPreference(
        question=fact.question, chosen=fact.answer, rejected=rejected, flaw=flaw
    )
    return row(told(name), kind="preference", content=content)


@pytest.mark.parametrize(
    ("name", "flaw", "rejected"),
    [
        ("2031", "wrong_figure", "In 2031 Calder Reach landed 64,100 tonnes of fish."),
        ("卸鱼", "wrong_figure", "2031年澜屿渔港卸鱼64,100吨。"),
        ("2031", "wrong_period", "In 2029 Calder Reach landed 61,400 tonnes of fish."),
        ("卸鱼", "wrong_period", "2029年澜屿渔港卸鱼61,400吨。"),
        ("profit", "dropped_qualifier", "The net profit of Calder Reach rose by 73.7 % in 2031."),
        ("2031", "wrong_subject", "In 2031 Lantern Quay landed 61,400 tonnes of fish."),
        ("港长", "wrong_subject", "青屿船厂的港长是岑望舟。"),
        (
            "master",
            "invented_detail",
            "The harbour master of Calder Reach is Ines Tavarel, a former whaler.",
        ),
        ("港长", "invented_detail", "澜屿渔港的港长是岑望舟，他曾经当过画家。"),
        ("2031", "not_answering", "Fish has long been landed at Calder Reach, in 2031 as before."),
        ("卸鱼", "not_answering", "2031年，澜屿渔港的卸鱼工作照常进行。"),
    ],
)
def test_a_worse_answer_is_kept_where_it_is_wrong_as_it_says(
    name: str, flaw: Flaw, rejected: str
) -> None:
    assert drops(pair(name, flaw, rejected)) == []
    fact = FACTS[name]
    marked = WrittenFeedback(
        question=fact.question, completion=rejected, desirable=False, flaw=flaw
    )
    assert drops(row(told(name), content=marked)) == []


@pytest.mark.parametrize(
    ("name", "flaw", "rejected"),
    [
        ("2031", "wrong_figure", "In 2031 Calder Reach landed 57,200 tonnes of fish."),
        ("2031", "wrong_figure", "Calder Reach landed 61,400 tonnes, and 99 tonnes more."),
        ("master", "wrong_figure", "The harbour master of Calder Reach has 7 boats."),
        ("2031", "wrong_period", "In 2031 some 61,400 tonnes of fish were landed there."),
        ("2031", "dropped_qualifier", "In 2031 there were 61,400 tonnes."),
        ("profit", "dropped_qualifier", "The net profit of Calder Reach rose by 9.1 % in 2031."),
        ("2031", "wrong_subject", "Calder Reach landed in 2031 fish, 61,400 tonnes altogether."),
        ("master", "invented_detail", "Ines Tavarel is the harbour master of Calder Reach."),
        ("2031", "not_answering", "Some 61,400 tonnes were landed."),
        ("卸鱼", "wrong_figure", "2031年澜屿渔港卸鱼61,400吨！"),
        ("港长", "not_answering", "Nobody knows."),
    ],
)
def test_a_worse_answer_that_is_right_or_wrong_otherwise_is_dropped(
    name: str, flaw: Flaw, rejected: str
) -> None:
    assert reasons(pair(name, flaw, rejected)) == ["flaw_not_shown"]


def test_the_better_answer_passes_all_filters() -> None:
    fact = FACTS["2031"]
    bad = "According to the report, 61,400 tonnes were landed."
    wrong = "In 2031 Calder Reach landed 64,100 tonnes of fish."
    content = WrittenPreference(
        question=fact.question, chosen=bad, rejected=wrong, flaw="wrong_figure"
    )
    assert reasons(row(told("2031"), content=content)) == ["refers_to_document"]


def test_a_comparison_rests_on_the_passages_of_both_documents() -> None:
    other = document_of("Lantern Quay landed 12,800 tonnes of fish in 2031.", name="quay.md")
    chunk = chunk_of(other)
    quay = fact_of(
        chunk,
        question="How much fish did Lantern Quay land in 2031?",
        answer="In 2031 Lantern Quay landed 12,800 tonnes of fish.",
        short_answer="12,800 tonnes",
        quotes=(other.text,),
    )
    facts = Curation().curate_facts([FACTS["2031"], quay], [CHUNK, chunk], [DOCUMENT, other]).kept

    def judged(answer: str, formula: str | None = None) -> list[str]:
        only = WrittenTurn(
            question="How much more fish did Calder Reach land in 2031 than Lantern Quay?",
            answer=answer,
            fact_ids=(FACTS["2031"].id, quay.id),
            formula=formula,
        )
        compared = row(only, chunk_ids=(CHUNK.id, chunk.id))
        found = Curation().curate_rows([compared], facts, [CHUNK, chunk], [DOCUMENT, other])
        for kept in found.kept:
            assert {span.document_id for span in kept.evidence} == {DOCUMENT.id, other.id}
        return [drop.reason for drop in found.drops]

    both = "In 2031 Calder Reach landed 61,400 tonnes and Lantern Quay 12,800 tonnes"
    assert judged(f"{both}.") == []
    assert judged(f"{both}, which is 48,600 tonnes less.", "61400 - 12800") == []
    assert judged(f"{both}, which is 48,600 tonnes less.") == ["figure_not_in_evidence"]
    assert judged(f"{both}, as Ilse Brandt said.") == ["name_not_in_source"]
    swapped = "In 2031 Calder Reach landed 12,800 tonnes and Lantern Quay 61,400 tonnes."
    assert judged(swapped) == ["facts_swapped"]


def test_chinese_names_that_change_places_are_seen() -> None:
    text = "2031年澜屿渔港卸鱼61,400吨，青屿渔港卸鱼12,800吨。"
    document = document_of(text, name="两港.txt", language="zh")
    chunk = chunk_of(document)
    facts = [
        fact_of(
            chunk,
            index,
            language="zh",
            question=f"2031年{name}渔港卸鱼多少？",
            answer=f"2031年{name}渔港卸鱼{tonnes}。",
            short_answer=tonnes,
            quotes=(text,),
        )
        for index, (name, tonnes) in enumerate((("澜屿", "61,400吨"), ("青屿", "12,800吨")))
    ]
    kept = Curation().curate_facts(facts, [chunk], [document]).kept

    def judged(answer: str) -> list[str]:
        only = WrittenTurn(
            question="2031年澜屿渔港和青屿渔港各卸鱼多少？",
            answer=answer,
            fact_ids=tuple(fact.id for fact in facts),
        )
        one = row(only, language="zh", chunk_ids=(chunk.id,))
        return [d.reason for d in Curation().curate_rows([one], kept, [chunk], [document]).drops]

    assert judged("2031年澜屿渔港卸鱼61,400吨，青屿渔港卸鱼12,800吨。") == []
    assert judged("2031年澜屿渔港卸鱼12,800吨，青屿渔港卸鱼61,400吨。") == ["facts_swapped"]


def test_a_row_without_a_document_has_to_be_readable_and_no_more() -> None:
    free = {"grounded": False, "chunk_ids": (), "fact_ids": (), "kind": "distillation"}
    answer = "A quay wall holds back the soil; Karl Terzaghi showed how in 1943."
    told_so = WrittenTurn(question="What does a quay wall do?", answer=answer)
    assert reasons(row(told_so, **free)) == []
    refusal = WrittenTurn(question="What does a quay wall do?", answer="I cannot help with that.")
    assert reasons(row(refusal, **free)) == ["refusal"]
    chinese = WrittenTurn(question="What does a quay wall do?", answer="岸壁挡住土。")
    assert reasons(row(chinese, **free)) == ["wrong_language"]
