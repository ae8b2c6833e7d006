"""Figures as Chinese reports print them: tables by the million, losses in brackets, points as pct.

Each right row is one that was refused, and each wrong one that was kept, until a real report came.
"""

from __future__ import annotations

import pytest

from loresmith.curation import Curation
from small_corpus import chunk_of, document_of, fact_of

HEAD = "| 项目 | 2024年第二季度 | 2023年第二季度 |"
SALES = "| 营业收入 | 30,975 | 27,744 |"
LOSS = "| 经营利润 | (1,234) | 2,005 |"
OWNERS = "| 归属于上市公司股东的净利润 | 3,980 | 1,481 |"
CORE = "| 扣除非经常性损益的净利润 | 3,100 | 1,200 |"
TABLE = "\n".join(
    ("单位：人民币百万元", "", HEAD, "| --- | --- | --- |", SALES, LOSS, OWNERS, CORE)
)
PROSE = """甲公司２０２４年第二季度营业收入为４６．８
亿元，毛利率同比上升5.1个百分点，环比提升0.5pct。
乙公司2024年第二季度净利润为-3.2亿元。
丙公司预计2025年净利润为3.0-3.5亿元。
丁公司2024年上半年收入累计达620亿元。
戊公司2024年第二季度按不变汇率计算收入增长8%。
己公司2024年第二季度毛利率和经调整净利润率分别为55.3%和15.1%。
庚公司收入由2023年同期的143亿元增加22.1%至2024年第二季度的175亿元。
辛公司2024年第二季度平均月活跃用户6.92亿，相比一季度的6.97亿略有下降。
"""


def reason(question: str, answer: str, short: str, *quotes: str, formula: str = "") -> str:
    """The reason for which a fact is dropped; empty when it is kept."""
    document = document_of(f"{PROSE}\n{TABLE}\n", language="zh")
    chunk = chunk_of(document)
    fact = fact_of(
        chunk,
        language="zh",
        question=question,
        answer=answer,
        short_answer=short,
        quotes=quotes,
        formula=formula or None,
    )
    drops = Curation().curate_facts([fact], [chunk], [document]).drops
    return drops[0].reason if drops else ""


def of_table(measure: str, amount: str, row: str, *, year: int = 2024) -> str:
    about = f"甲公司{year}年第二季度{measure}"
    return reason(f"{about}是多少？", f"{about}为{amount}。", amount, row, HEAD)


@pytest.mark.parametrize("amount", ["30,975百万元", "人民币30,975百万元", "309.75亿元"])
def test_a_cell_counts_what_its_table_declares(amount: str) -> None:
    assert of_table("营业收入", amount, SALES) == ""


def test_the_unit_of_a_table_is_not_a_part_of_another_unit() -> None:
    assert of_table("营业收入", "30,975万元", SALES) == "figure_not_in_evidence"


def test_a_cell_in_brackets_is_a_loss() -> None:
    assert of_table("经营利润", "-1,234百万元", LOSS) == ""
    assert of_table("经营亏损", "1,234百万元", LOSS) == ""
    assert of_table("经营利润", "2,005百万元", LOSS, year=2023) == ""


def test_a_row_of_a_table_ties_its_qualifiers_to_its_cells() -> None:
    assert of_table("归属于上市公司股东的净利润", "3,980百万元", OWNERS) == ""
    assert of_table("净利润", "3,980百万元", OWNERS) == "qualifier_missing"
    assert of_table("扣非净利润", "3,100百万元", CORE) == ""
    assert of_table("净利润", "3,100百万元", CORE) == "qualifier_missing"


def test_a_cell_belongs_to_the_year_of_its_column() -> None:
    assert of_table("营业收入", "27,744百万元", SALES, year=2023) == ""
    assert of_table("营业收入", "27,744百万元", SALES, year=2024) == "figure_of_another_period"


def test_full_width_digits_and_a_broken_line_are_one_figure() -> None:
    about = "甲公司2024年第二季度营业收入"
    quote = "甲公司2024年第二季度营业收入为46.8亿元"
    assert reason(f"{about}是多少？", f"{about}为46.8亿元。", "46.8亿元", quote) == ""


@pytest.mark.parametrize(
    ("change", "points", "expected"),
    [
        ("同比上升", "5.1个百分点", ""),
        ("同比上升", "5.1%", "figure_not_in_evidence"),
        ("环比提升", "0.5个百分点", ""),
        ("环比提升", "0.5%", "figure_not_in_evidence"),
    ],
)
def test_points_are_no_percentage(change: str, points: str, expected: str) -> None:
    about = f"甲公司2024年第二季度毛利率{change}"
    quote = "毛利率同比上升5.1个百分点，环比提升0.5pct"
    assert reason(f"{about}了多少？", f"{about}{points}。", points, quote) == expected


def test_a_loss_does_not_become_a_profit() -> None:
    quote, short = "乙公司2024年第二季度净利润为-3.2亿元", "3.2亿元"
    loss, profit = "乙公司2024年第二季度净亏损", "乙公司2024年第二季度净利润"
    assert reason(f"{loss}是多少？", f"{loss}为{short}。", short, quote) == ""
    found = reason(f"{profit}是多少？", f"{profit}为{short}。", short, quote)
    assert found == "figure_not_in_evidence"


def test_both_ends_of_a_short_range_have_its_unit() -> None:
    about, short = "丙公司预计2025年净利润", "3.0亿元至3.5亿元"
    quote = "丙公司预计2025年净利润为3.0-3.5亿元"
    assert reason(f"{about}是多少？", f"{about}为{short}。", short, quote) == ""


@pytest.mark.parametrize(
    ("asked", "plain", "short", "quote"),
    [
        ("丁公司2024年上半年累计收入", "丁公司2024年收入", "620亿元", "收入累计达620亿元"),
        (
            "戊公司2024年第二季度按不变汇率计算的收入增幅",
            "戊公司2024年第二季度收入增幅",
            "8%",
            "按不变汇率计算收入增长8%",
        ),
        (
            "己公司2024年第二季度经调整净利润率",
            "己公司2024年第二季度净利润率",
            "15.1%",
            "毛利率和经调整净利润率分别为55.3%和15.1%",
        ),
        (
            "庚公司2024年第二季度收入较2023年同期的增幅",
            "庚公司2024年第二季度收入的增幅",
            "22.1%",
            "由2023年同期的143亿元增加22.1%至2024年第二季度的175亿元",
        ),
        (
            "辛公司2024年第二季度平均月活跃用户",
            "辛公司2024年第二季度活跃用户",
            "6.92亿",
            "平均月活跃用户6.92亿",
        ),
    ],
    ids=["cumulative", "constant currency", "respectively", "same period", "average"],
)
def test_a_question_names_what_makes_its_figure_true(
    asked: str, plain: str, short: str, quote: str
) -> None:
    assert reason(f"{asked}是多少？", f"{asked}为{short}。", short, quote) == ""
    assert reason(f"{plain}是多少？", f"{plain}为{short}。", short, quote) == "qualifier_missing"


def test_respectively_ties_a_qualifier_to_its_own_figure_alone() -> None:
    about, quote = "己公司2024年第二季度毛利率", "毛利率和经调整净利润率分别为55.3%和15.1%"
    assert reason(f"{about}是多少？", f"{about}为55.3%。", "55.3%", quote) == ""


@pytest.mark.parametrize(
    ("year", "short", "expected"),
    [
        (2024, "175亿元", ""),
        (2023, "143亿元", ""),
        (2023, "175亿元", "figure_of_another_period"),
        (2024, "143亿元", "figure_of_another_period"),
        (2022, "143亿元", "figure_not_in_evidence"),
        (2025, "175亿元", "figure_not_in_evidence"),
    ],
)
def test_a_figure_belongs_to_the_year_before_it(year: int, short: str, expected: str) -> None:
    about = f"庚公司{year}年第二季度收入"
    quote = "庚公司收入由2023年同期的143亿元增加22.1%至2024年第二季度的175亿元"
    assert reason(f"{about}是多少？", f"{about}为{short}。", short, quote) == expected


def test_a_question_may_point_to_the_year_before() -> None:
    question = "庚公司2024年第二季度收入增长之前，上年同期的收入是多少？"
    quote = "庚公司收入由2023年同期的143亿元增加22.1%至2024年第二季度的175亿元"
    assert reason(question, "庚公司上年同期的收入为143亿元。", "143亿元", quote) == ""


@pytest.mark.parametrize(
    ("short", "expected"),
    [("500万", ""), ("0.05亿", ""), ("0.05万", "formula_wrong"), ("500亿", "formula_wrong")],
)
def test_a_difference_is_in_the_unit_of_what_it_is_taken_from(short: str, expected: str) -> None:
    about = "辛公司2024年第二季度平均月活跃用户比一季度减少"
    quote = "辛公司2024年第二季度平均月活跃用户6.92亿，相比一季度的6.97亿略有下降"
    question, answer = f"{about}了多少？", f"{about}{short}。"
    assert reason(question, answer, short, quote, formula="6.97 - 6.92") == expected


def test_a_formula_excuses_no_other_figure() -> None:
    about = "辛公司2025年第二季度平均月活跃用户比一季度减少"
    quote = "辛公司2024年第二季度平均月活跃用户6.92亿，相比一季度的6.97亿略有下降"
    found = reason(f"{about}了多少？", f"{about}500万。", "500万", quote, formula="6.97 - 6.92")
    assert found
