"""A question names what makes its figure true: adjusted, year-on-year, estimated.

The first case is a trap that a tutorial of the field fell into: the source's only growth of net
profit is that of *adjusted* net profit, and the question did not say so.
"""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.curation import Curation
from small_corpus import chunk_of, document_of, fact_of

REPORT = (
    "8月20日，快手科技发布2024年第二季度业绩，总营收同比增长11.6%至约310亿元，"
    "经调整净利润同比增长73.7%达46.8亿元左右。"
    "经调整，冷库的概算为3,480万元，原概算为3,100万元。"
    "公司预计下半年收入为650亿元。直播收入由2023年同期的100亿元减少6.7%，环比增长8.1%。"
    "未经调整的净利润为39.8亿元。海澜重工2030年扣除非经常性损益后的净利润为12.4亿元。"
)
ENGLISH = (
    "In the second quarter of 2024 Kuai revenue rose 11.6 % year-on-year to 31 billion yuan, "
    "and adjusted net profit was 4.68 billion yuan. "
    "Kuai is expected to open 40 shops in 2025. Kuai non-GAAP margin was 15.1 %. "
    "The unadjusted loss of Kuai was 2 billion yuan. Kuai reported sales of 9 billion yuan."
)


def reason(question: str, answer: str, short_answer: str, quote: str) -> str:
    chinese = "。" in quote or "，" in quote or any("一" <= c <= "鿿" for c in quote)
    language = "zh" if chinese else "en"
    document = document_of(REPORT if chinese else ENGLISH, language=language)
    chunk = chunk_of(document)
    fact = fact_of(
        chunk,
        language=language,
        question=question,
        answer=answer,
        short_answer=short_answer,
        quotes=(quote,),
    )
    drops = Curation().curate_facts([fact], [chunk], [document]).drops
    return drops[0].reason if drops else ""


PROFIT = "经调整净利润同比增长73.7%达46.8亿元左右"


def test_net_profit_growth_without_adjusted_is_dropped() -> None:
    answer = "快手科技2024年第二季度经调整净利润同比增长73.7%。"
    trap = "快手科技2024年第二季度净利润同比增长多少？"
    assert reason(trap, answer, "73.7%", PROFIT) == "qualifier_missing"
    good = "快手科技2024年第二季度经调整净利润同比增长多少？"
    assert reason(good, answer, "73.7%", PROFIT) == ""


def test_profit_without_its_one_off_items_is_not_profit() -> None:
    quote = "扣除非经常性损益后的净利润为12.4亿元"
    answer = "海澜重工2030年扣除非经常性损益后的净利润为12.4亿元。"
    trap = "海澜重工2030年净利润是多少？"
    assert reason(trap, answer, "12.4亿元", quote) == "qualifier_missing"
    for profit in ("扣非净利润", "扣除非经常性损益后的净利润"):
        good = f"海澜重工2030年{profit}是多少？"
        assert reason(good, answer, "12.4亿元", quote) == ""


def test_a_growth_that_does_not_say_against_what_is_dropped() -> None:
    answer = "快手科技2024年第二季度经调整净利润同比增长73.7%。"
    vague = "快手科技2024年第二季度经调整净利润的增幅是多少？"
    assert reason(vague, answer, "73.7%", PROFIT) == "qualifier_missing"
    other = "快手科技2024年第二季度经调整净利润与上年同期相比增长多少？"
    assert reason(other, answer, "73.7%", PROFIT) == ""
    wrong = "快手科技2024年第二季度经调整净利润环比增长多少？"
    assert reason(wrong, answer, "73.7%", PROFIT) == "qualifier_missing"


@pytest.mark.parametrize(
    ("question", "answer", "short", "quote", "expected"),
    [
        (
            "快手科技2024年第二季度经调整净利润是多少？",
            "快手科技2024年第二季度经调整净利润约46.8亿元。",
            "46.8亿元",
            PROFIT,
            "",
        ),
        (
            "快手科技2024年第二季度总营收是多少？",
            "快手科技2024年第二季度总营收约310亿元。",
            "310亿元",
            "总营收同比增长11.6%至约310亿元",
            "",
        ),
        (
            "快手科技2024年第二季度经调整总营收是多少？",
            "快手科技2024年第二季度总营收约310亿元。",
            "310亿元",
            "公司预计下半年收入为650亿元。",
            "figure_not_in_evidence",
        ),
        (
            "冷库的概算是多少？",
            "冷库的概算为3,480万元。",
            "3,480万元",
            "经调整，冷库的概算为3,480万元",
            "qualifier_missing",
        ),
        (
            "冷库的原概算是多少？",
            "冷库的原概算为3,100万元。",
            "3,100万元",
            "原概算为3,100万元",
            "",
        ),
        (
            "快手科技2024年下半年收入是多少？",
            "快手科技2024年下半年收入为650亿元。",
            "650亿元",
            "公司预计下半年收入为650亿元。",
            "qualifier_missing",
        ),
        (
            "快手科技未经调整的净利润是多少？",
            "快手科技未经调整的净利润为39.8亿元。",
            "39.8亿元",
            "未经调整的净利润为39.8亿元。",
            "",
        ),
        (
            "快手科技经调整的净利润是多少？",
            "快手科技净利润为39.8亿元。",
            "39.8亿元",
            "未经调整的净利润为39.8亿元。",
            "",
        ),
    ],
)
def test_qualifiers_bind_to_their_own_figure(
    question: str, answer: str, short: str, quote: str, expected: str
) -> None:
    assert reason(question, answer, short, quote) == expected


@pytest.mark.parametrize(
    ("question", "short", "quote", "expected"),
    [
        ("How much did Kuai revenue rise in the second quarter of 2024?", "11.6 %", 0, "missing"),
        ("How much did Kuai revenue rise year-on-year in 2024?", "11.6 %", 0, ""),
        ("How much did Kuai revenue rise in 2024 from a year earlier?", "11.6 %", 0, ""),
        ("What was Kuai revenue in the second quarter of 2024?", "31 billion yuan", 0, ""),
        ("What was the net profit of Kuai in 2024?", "4.68 billion yuan", 0, "missing"),
        ("What was the adjusted net profit of Kuai in 2024?", "4.68 billion yuan", 0, ""),
        ("How many shops does Kuai have in 2025?", "40 shops", 1, "missing"),
        ("How many shops will Kuai open in 2025?", "40 shops", 1, ""),
        ("What was the margin of Kuai?", "15.1 %", 2, "missing"),
        ("What was the non-GAAP margin of Kuai?", "15.1 %", 2, ""),
        ("What was the unadjusted loss of Kuai?", "2 billion yuan", 3, ""),
        ("What were the sales of Kuai?", "9 billion yuan", 4, ""),
        ("What were the adjusted sales of Kuai?", "9 billion yuan", 4, "not_in_evidence"),
    ],
)
def test_so_they_do_in_english(question: str, short: str, quote: int, expected: str) -> None:
    sentence = ENGLISH.split(". ")[quote]
    found = reason(question, f"For Kuai it was {short}.", short, sentence)
    assert found == (f"qualifier_{expected}" if expected else "")


def test_a_restatement_may_name_the_qualifier_in_its_answer() -> None:
    from small_corpus import wording_of

    document = document_of(REPORT, language="zh")
    chunk = chunk_of(document)
    parts: dict[str, Any] = {
        "language": "zh",
        "question": "快手科技2024年第二季度经调整净利润是多少？",
        "answer": "快手科技2024年第二季度经调整净利润约46.8亿元。",
        "short_answer": "46.8亿元",
        "quotes": (PROFIT,),
    }
    kept = Curation().curate_facts([fact_of(chunk, **parts)], [chunk], [document]).kept
    open_request = wording_of(
        kept[0], kind="restatement", question="介绍一下快手科技2024年第二季度的盈利情况。"
    )
    same_as_paraphrase = open_request.model_copy(update={"kind": "paraphrase", "id": "other"})
    curation = Curation()
    assert curation.curate_wordings([open_request], kept, [chunk], [document]).kept
    drops = curation.curate_wordings([same_as_paraphrase], kept, [chunk], [document]).drops
    assert [drop.reason for drop in drops] == ["qualifier_missing"]
