"""What no fact rests on is open, to the figure; what is no statement is not counted."""

from __future__ import annotations

from loresmith.curation.coverage import coverage_of
from loresmith.records import Fact, Span
from small_corpus import ENGLISH, chunk_of, document_of, fact_of

TABLE = """# Landings

| Year | Cod (t) | Herring (t) |
| --- | --- | --- |
| 2030 | 1,200 | 880 |
| 2031 | 1,450 | 910 |

The quay was mended. 该码头2031年卸鱼1,450吨，同比增长12.6%。
"""


def resting(text: str, quote: str, **parts: str) -> Fact:
    document = document_of(text)
    start = text.index(quote)
    evidence = (Span(document_id=document.id, start=start, end=start + len(quote)),)
    return fact_of(chunk_of(document), evidence=evidence, **parts)


def test_a_sentence_is_open_until_a_fact_rests_on_it() -> None:
    document = document_of(ENGLISH)
    chunk = chunk_of(document)
    alone = coverage_of(chunk, document, [])
    assert [one.text for one in alone.open] == [
        "Calder Reach counted 1,297 ship calls in 2031.",
        "The harbour master is Ines Tavarel.",
        "The fish market opened in May 2030.",
    ]
    fact = resting(ENGLISH, "Calder Reach counted 1,297 ship calls in 2031.")
    after = coverage_of(chunk, document, [fact])
    assert [one.text for one in after.open] == [one.text for one in alone.open[1:]]
    assert (after.statements, after.figures) == (3, 3)


def test_a_figure_that_no_question_or_answer_names_is_open_though_its_row_is_evidence() -> None:
    document = document_of(TABLE)
    cod = resting(
        TABLE,
        "| 2031 | 1,450 | 910 |",
        question="How much cod was landed in 2031?",
        answer="In 2031, 1,450 t of cod were landed.",
        short_answer="1,450 t",
    )
    found = coverage_of(chunk_of(document), document, [cod])
    by_text = {one.text: one.figures for one in found.open}
    assert by_text["| 2031 | 1,450 | 910 |"] == ("910",)
    assert by_text["| 2030 | 1,200 | 880 |"] == ("2030", "1,200", "880")
    assert by_text["The quay was mended."] == ()


def test_headings_and_a_table_s_header_are_no_statements() -> None:
    document = document_of(TABLE)
    headed = document.model_copy(update={"headings": ({"level": 1, "title": "x", "start": 0},)})
    headed = type(document).model_validate(headed.model_dump())
    found = coverage_of(chunk_of(document), headed, [])
    assert [one.text[:10] for one in found.open] == [
        "| 2030 | 1",
        "| 2031 | 1",
        "The quay w",
        "该码头2031年卸鱼",
    ]


def test_what_a_passage_repeats_is_counted_with_the_passage_before() -> None:
    document = document_of(ENGLISH)
    second = chunk_of(document, ENGLISH.index("The harbour"), index=1)
    begin = ENGLISH.index("The fish")
    assert coverage_of(second, document, []).statements == 2
    assert coverage_of(second, document, [], start=begin).statements == 1
