"""Each filter, on rows that a careless teacher writes and on good rows that look alike."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.curation import Curation
from loresmith.records import Fact
from small_corpus import chunk_of, document_of, fact_of, wording_of

SOURCE = """# Calder Reach Harbour Authority: Annual Review 2031

| Cargo (tonnes) | 2030 | 2031 |
| --- | ---: | ---: |
| Timber | 412,000 | 388,500 |
| Fish | 49,800 | 57,200 |

The adjusted surplus of the **Calder Reach** Harbour Authority was 4.86 million crowns. \
The reported surplus was 3.12 million crowns. \
The dredger Halcyon Wren removed 236,000 cubic metres of silt in 2031. \
Ines Tavarel became harbour master on 14 April 2031. \
Timber fell because the Tamsel Falls sawmill burned down. \
Costs rose 12.6 % year-on-year to 31 million crowns. \
Crews are expected to grow to 352 people in 2032. \
Three tugs and two launches lie at East Quay: the Ada, the Bess and the Cora.
"""
CHINESE = """澜屿渔港２０３１年第二季度港务会议纪要
2031年5月，澜屿渔港卸鱼量同比增长12.6%，环比下降7.4%。会议由港务主任岑望舟主持。
经调整，澜屿渔港冷库改造工程的概算为3,480万元，原概算为3,100万元。
| 项目 | 2030年 | 2031年 |
| 手持订单（亿元） | 18.4 | 23.1 |
"""


def verdict(source: str = SOURCE, *, language: str = "en", **parts: Any) -> str:
    """The reason for which a fact is dropped; empty when it is kept."""
    document = document_of(source, language=language)
    chunk = chunk_of(document)
    fact = fact_of(chunk, language=language, **parts)
    judged = Curation().curate_facts([fact], [chunk], [document])
    assert len(judged.kept) + len(judged.drops) == 1
    return judged.drops[0].reason if judged.drops else ""


def about_dredger(**parts: Any) -> dict[str, Any]:
    return {
        "question": "How much silt did the dredger Halcyon Wren remove in 2031?",
        "answer": "The dredger Halcyon Wren removed 236,000 cubic metres of silt in 2031.",
        "short_answer": "236,000 cubic metres",
        "quotes": ("The dredger Halcyon Wren removed 236,000 cubic metres of silt in 2031.",),
    } | parts


def in_chinese(**parts: Any) -> dict[str, Any]:
    return {
        "question": "2031年5月，澜屿渔港卸鱼量同比增长多少？",
        "answer": "2031年5月，澜屿渔港卸鱼量同比增长12.6%。",
        "short_answer": "12.6%",
        "quotes": ("2031年5月，澜屿渔港卸鱼量同比增长12.6%",),
        "source": CHINESE,
        "language": "zh",
    } | parts


def test_good_facts_are_kept() -> None:
    assert verdict(**about_dredger()) == ""
    assert verdict(**in_chinese()) == ""


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"question": " "}, "empty"),
        ({"answer": ""}, "empty"),
        ({"short_answer": "…"}, "empty"),
        ({"answer": "The dredger removed 236,000 cubic metres\ufffd."}, "unreadable"),
        ({"quotes": ()}, "no_evidence"),
        ({"quotes": ("  ", "...")}, "no_evidence"),
    ],
)
def test_half_rows_are_dropped(missing: dict[str, Any], reason: str) -> None:
    assert verdict(**about_dredger(**missing)) == reason


@pytest.mark.parametrize(
    "quote",
    [
        "The dredger  Halcyon Wren removed 236,000 cubic metres of silt in 2031.",
        "the dredger Halcyon Wren removed 236,000 cubic metres of silt in 2031",
        "The dredger Halcyon Wren removed ... 236,000 cubic metres of silt in 2031.",
        "Ｔhe dredger Halcyon Wren removed 236,000 cubic metres of silt in ２０３１.",
    ],
)
def test_evidence_is_found_whatever_its_space_width_case_or_ellipsis(quote: str) -> None:
    assert verdict(**about_dredger(quotes=(quote,))) == ""


@pytest.mark.parametrize(
    "quote",
    [
        "The dredger Halcyon Wren removed 136,000 cubic metres of silt in 2031.",
        "The dredger Cobalt Wren removed nothing.",
        "36,000 cubic metres",
    ],
)
def test_an_invented_quotation_is_not_found(quote: str) -> None:
    good = about_dredger()["quotes"][0]
    assert verdict(**about_dredger(quotes=(good, quote))) == "evidence_not_found"


def test_the_spans_found_are_the_text_of_the_document() -> None:
    document = document_of(SOURCE)
    cut = SOURCE.index("The adjusted")
    chunks = [chunk_of(document, 0, cut), chunk_of(document, cut, index=1)]
    quote = "The adjusted surplus of the Calder Reach Harbour Authority was 4.86 million crowns."
    fact = fact_of(
        chunks[1],
        question="What was the adjusted surplus of the Calder Reach Harbour Authority?",
        answer=quote,
        short_answer="4.86 million crowns",
        quotes=(quote, "| Fish | 49,800 | 57,200 |"),
    )
    (kept,) = Curation().curate_facts([fact], chunks, [document]).kept
    assert [SOURCE[span.start : span.end] for span in kept.evidence] == [
        "| Fish | 49,800 | 57,200 |",
        "The adjusted surplus of the **Calder Reach** Harbour Authority was 4.86 million crowns.",
    ]


@pytest.mark.parametrize(
    "parts",
    [
        {"answer": "The dredger Halcyon Wren removed 236,000 cubic metres and 12 boats in 2031."},
        {"answer": "The dredger Halcyon Wren removed 236,000 cubic metres of silt in 2030."},
        {"question": "How much of 400,000 did the dredger Halcyon Wren remove in 2031?"},
        {
            "answer": "The dredger Halcyon Wren removed 36,000 cubic metres of silt in 2031.",
            "short_answer": "36,000 cubic metres",
        },
    ],
)
def test_a_figure_that_the_evidence_lacks_is_dropped(parts: dict[str, Any]) -> None:
    assert verdict(**about_dredger(**parts)) == "figure_not_in_evidence"


def test_a_year_may_stand_in_the_title_or_header_when_the_evidence_has_none() -> None:
    row = {
        "question": "How many tonnes of fish did Calder Reach handle in 2030?",
        "answer": "Calder Reach handled 49,800 tonnes of fish in 2030.",
        "short_answer": "49,800 tonnes",
        "quotes": ("| Fish | 49,800 | 57,200 |",),
    }
    assert verdict(**row) == ""
    in_2019 = {name: str(row[name]).replace("2030", "2019") for name in ("question", "answer")}
    assert verdict(**row | in_2019) == "figure_not_in_evidence"


def test_a_table_cell_takes_its_unit_from_the_header() -> None:
    row = in_chinese(
        question="2031年澜屿渔港的手持订单是多少？",
        answer="2031年澜屿渔港的手持订单为23.1亿元。",
        short_answer="23.1亿元",
        quotes=("| 手持订单（亿元） | 18.4 | 23.1 |",),
    )
    assert verdict(**row) == ""
    in_wan = {k: str(row[k]).replace("亿元", "万元") for k in ("answer", "short_answer")}
    assert verdict(**row | in_wan) == "figure_not_in_evidence"


def test_full_width_figures_and_other_magnitudes_are_the_same_figure() -> None:
    row = in_chinese(
        question="经调整，澜屿渔港冷库改造工程的概算是多少？",
        answer="经调整，澜屿渔港冷库改造工程的概算为０.348亿元。",
        short_answer="０.348亿元",
        quotes=("经调整，澜屿渔港冷库改造工程的概算为3,480万元",),
    )
    assert verdict(**row) == ""


def test_a_computed_figure_needs_a_formula_that_gives_it() -> None:
    row = {
        "question": "By how many tonnes did fish grow at Calder Reach from 2030 to 2031?",
        "answer": "Fish grew by 7,400 tonnes at Calder Reach from 2030 to 2031.",
        "short_answer": "7,400 tonnes",
        "quotes": ("| Fish | 49,800 | 57,200 |",),
    }
    assert verdict(**row) == "figure_not_in_evidence"
    assert verdict(**row, formula="57,200 - 49800") == ""
    assert verdict(**row, formula="57200 - 49000") == "formula_wrong"
    assert verdict(**row, formula="7400") == "formula_wrong"
    assert verdict(**row, formula="57200 minus 49800") == "formula_wrong"
    assert verdict(**row, formula="57200 / 0") == "formula_wrong"
    share = {"answer": "Fish grew by 14.9 % at Calder Reach.", "short_answer": "14.9 %"}
    assert verdict(**row | share, formula="(57200 - 49800) / 49800 * 100") == ""
    assert verdict(**row | share, formula="57200 / 49800 - 1") == ""
    assert verdict(**row | share, formula="49800 / 57200") == "formula_wrong"


def test_a_count_of_what_is_listed_is_no_invented_figure() -> None:
    row = {
        "question": "Which three tugs lie at East Quay of Calder Reach?",
        "answer": "The tugs at East Quay of Calder Reach are the Ada, the Bess and the Cora.",
        "short_answer": "the Ada, the Bess and the Cora",
        "quotes": ("East Quay: the Ada, the Bess and the Cora",),
    }
    assert verdict(**row) == ""


@pytest.mark.parametrize(
    "question",
    [
        "According to the report, how much silt did the Halcyon Wren remove in 2031?",
        "How much silt does the document say the Halcyon Wren removed in 2031?",
        "What does this report say about the Halcyon Wren in 2031?",
        "As mentioned above, what did the Halcyon Wren remove in 2031?",
    ],
)
def test_a_question_that_speaks_of_its_source_is_dropped(question: str) -> None:
    assert verdict(**about_dredger(question=question)) == "refers_to_document"


@pytest.mark.parametrize(
    "question",
    [
        "报告期内澜屿渔港卸鱼量同比增长多少？",
        "根据本文，澜屿渔港卸鱼量同比增长多少？",
        "2031年5月，该公司卸鱼量同比增长多少？",
        "上表中澜屿渔港卸鱼量同比增长多少？",
    ],
)
def test_so_is_one_in_chinese(question: str) -> None:
    assert verdict(**in_chinese(question=question)) == "refers_to_document"


@pytest.mark.parametrize(
    "question",
    ["How much silt did it remove in 2031?", "How much silt did the company remove in March 2031?"],
)
def test_a_question_that_names_no_subject_is_dropped(question: str) -> None:
    assert verdict(**about_dredger(question=question)) == "subject_missing"
    assert verdict(**in_chinese(question="其卸鱼量2031年5月同比增长多少？")) == "subject_missing"


@pytest.mark.parametrize(
    "question",
    [
        "How much silt did the Halcyon Wren remove while it worked in 2031?",
        "By the reported figure of 2031, how much silt did the Halcyon Wren remove?",
        "In 2031, the silt that the Halcyon Wren removed filled what volume?",
    ],
)
def test_words_that_only_look_like_a_mention_of_the_source_are_kept(question: str) -> None:
    assert verdict(**about_dredger(question=question)) == ""
    chinese = "2031年5月，澜屿渔港的文化月里卸鱼量同比增长多少？"
    assert verdict(**in_chinese(question=chinese)) == ""


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I cannot tell how much silt, perhaps 236,000 cubic metres.",
        "As an AI language model I think 236,000 cubic metres.",
        "The passage does not mention it; 236,000 cubic metres.",
    ],
)
def test_refusals_are_dropped(answer: str) -> None:
    assert verdict(**about_dredger(answer=answer)) == "refusal"
    assert verdict(**in_chinese(answer="抱歉，我无法确定，可能是12.6%。")) == "refusal"


def test_a_leak_and_a_lost_answer_are_dropped() -> None:
    leak = "Did the dredger Halcyon Wren remove 236,000 cubic metres in 2031?"
    assert verdict(**about_dredger(question=leak)) == "answer_in_question"
    lost = "The dredger Halcyon Wren removed a lot of silt in 2031."
    assert verdict(**about_dredger(answer=lost)) == "short_answer_missing"


def test_an_invented_name_is_dropped() -> None:
    answer = "The dredger Halcyon Wren of Captain Mosley removed 236,000 cubic metres in 2031."
    assert verdict(**about_dredger(answer=answer)) == "name_not_in_source"
    title = "2031年5月，《南海渔报》报道的澜屿渔港卸鱼量同比增长多少？"
    assert verdict(**in_chinese(question=title)) == "name_not_in_source"


def test_a_row_in_another_language_than_its_passage_is_dropped() -> None:
    english = "How much did landings at Lanyu grow year-on-year in May 2031?"
    assert verdict(**in_chinese(question=english)) == "wrong_language"
    assert verdict(**about_dredger(question="挖泥船2031年清除了多少淤泥？")) == "wrong_language"


def wording_verdict(fact: Fact, **parts: Any) -> str:
    document = document_of(SOURCE)
    chunk = chunk_of(document)
    kept = Curation().curate_facts([fact], [chunk], [document]).kept
    wording = wording_of(kept[0], **parts)
    judged = Curation().curate_wordings([wording], kept, [chunk], [document])
    return judged.drops[0].reason if judged.drops else ""


DREDGER = fact_of(chunk_of(document_of(SOURCE)), **about_dredger())


def test_reworded_answers_pass_the_same_checks() -> None:
    question = "In 2031, what volume of silt was taken out by the Halcyon Wren?"
    answer = "The Halcyon Wren took out {} of silt in 2031."
    good = answer.format("236,000 cubic metres")
    assert wording_verdict(DREDGER, question=question, answer=good) == ""
    for wrong, reason in (
        (answer.format("263,000 cubic metres"), "short_answer_missing"),
        (answer.format("236,000 cubic metres and 94,000 cubic metres"), "figure_not_in_evidence"),
        (good.replace("2031", "2030"), "figure_not_in_evidence"),
        (good.replace("of silt", "of Sorrel silt"), "name_not_in_source"),
        ("As the document says, " + good, "refers_to_document"),
    ):
        assert wording_verdict(DREDGER, question=question, answer=wrong) == reason


def test_a_reversed_question_gives_the_answer_and_asks_for_the_subject() -> None:
    question = "Which dredger removed 236,000 cubic metres of silt in 2031?"
    answer = "The Halcyon Wren removed it in 2031."
    assert wording_verdict(DREDGER, kind="reversed", question=question, answer=answer) == ""
    assert wording_verdict(DREDGER, question=question, answer=answer) == "short_answer_missing"
    vague = "Which dredger worked in 2031?"
    assert (
        wording_verdict(DREDGER, kind="reversed", question=vague, answer=answer)
        == "short_answer_missing"
    )


def test_exam_questions_are_judged_by_the_same_filters() -> None:
    exam: dict[str, Any] = {"use": "exam", "kind": "direct"}
    good = "Silt dug up by the Halcyon Wren over 2031 made what total?"
    assert wording_verdict(DREDGER, **exam, question=good) == ""
    leak = "Did the Halcyon Wren dig up 236000 cubic metres in 2031?"
    assert wording_verdict(DREDGER, **exam, question=leak) == "answer_in_question"
    other_year = good.replace("2031", "2029")
    assert wording_verdict(DREDGER, **exam, question=other_year) == "figure_not_in_evidence"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I do not know what the Halcyon Wren cost; it is not recorded.", ""),
        ("Nothing is known of the cost of the Halcyon Wren.", "not_an_abstention"),
        ("The Halcyon Wren cost 12 million crowns.", "not_an_abstention"),
        ("I do not know; about 12 million crowns.", "not_an_abstention"),
    ],
)
def test_an_abstention_says_that_it_does_not_know_and_gives_no_figure(
    answer: str, reason: str
) -> None:
    if answer.startswith("Nothing is"):
        reason = ""  # another honest way
    document = document_of(SOURCE)
    chunk = chunk_of(document)
    abstention = wording_of(
        DREDGER,
        fact_id=None,
        kind="abstention",
        question="What did the Halcyon Wren cost?",
        answer=answer,
        short_answer="",
    )
    judged = Curation().curate_wordings([abstention], [], [chunk], [document])
    assert [drop.reason for drop in judged.drops] == ([reason] if reason else [])


def test_a_period_that_the_source_tells_relatively_may_be_named() -> None:
    source = "2031年第二季度，澜屿渔港卸鱼量为93吨，上季度为86吨。去年同期为80吨。"
    row = in_chinese(
        source=source,
        question="2031年第一季度，澜屿渔港卸鱼量是多少？",
        answer="2031年第一季度，澜屿渔港卸鱼量为86吨。",
        short_answer="86吨",
        quotes=("上季度为86吨",),
    )
    assert verdict(**row) == ""
    third = {name: str(row[name]).replace("第一", "第四") for name in ("question", "answer")}
    assert verdict(**row | third) == "figure_not_in_evidence"
