"""Reading figures: English and Chinese, digits of either width, words, units and dates."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.text.figures import Figure, figures, same_figure


def only(text: str) -> Figure:
    found = figures(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("73.7 %", "73.7", "%"),
        ("73.7 per cent", "73.7", "%"),
        ("７３．７％", "73.7", "%"),
        ("百分之七十三点七", "73.7", "%"),
        ("百分之73.7", "73.7", "%"),
        ("三成五", "35", "%"),
        ("3个百分点", "3", "percentage point"),
        ("3 percentage points", "3", "percentage point"),
        ("50个基点", "50", "basis point"),
        ("3,100万元", "31000000", "CNY"),
        ("３，１００万元", "31000000", "CNY"),
        ("三千一百万元", "31000000", "CNY"),
        ("0.31亿元", "31000000", "CNY"),
        ("人民币3亿1000万元", "310000000", "CNY"),
        ("1.2万亿美元", "1200000000000", "USD"),
        ("3个亿", "300000000", ""),
        ("US$430m", "430000000", "USD"),
        ("£3bn", "3000000000", "GBP"),
        ("31 billion yuan", "31000000000", "CNY"),
        ("1\u00a0234\u202f567", "1234567", ""),
        ("two hundred and five", "205", ""),
        ("forty-eight", "48", ""),
        ("a million", "1000000", ""),
        ("2.5倍", "2.5", "times"),
        ("-4 °C", "-4", "°C"),
        ("12-day", "12", "day"),
        ("5m", "5", "m"),
        ("十分钟", "10", "minute"),
        ("18节", "18", "knot"),
        ("21st", "21", "ordinal"),
        ("300余艘", "300", ""),
        ("3000多万元", "30000000", "CNY"),
        ("2,031", "2031", ""),
        ("in 2031", "2031", "calendar year"),
        ("2031年", "2031", "calendar year"),
        ("1800艘", "1800", ""),
        ("31年", "31", "year"),
        ("3个月", "3", "month"),
        ("3月份", "3", "month of year"),
        ("3 April 2031", "20310403", "date"),
        ("April 3rd, 2031", "20310403", "date"),
        ("2031-04-03", "20310403", "date"),
        ("２０３１年４月３日", "20310403", "date"),
        ("二〇三一年四月三日", "20310403", "date"),
        ("April 2031", "203104", "year and month"),
        ("4月3日", "403", "month and day"),
        ("in March", "3", "month of year"),
        ("8:30 pm", "1230", "time of day"),
        ("下午8点半", "1230", "time of day"),
        ("Q2", "2", "quarter of year"),
        ("第二季度", "2", "quarter of year"),
        ("the second quarter", "2", "quarter of year"),
    ],
)
def test_a_figure_is_read_with_its_unit(text: str, value: str, unit: str) -> None:
    figure = only(text)
    assert (figure.value, figure.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    [
        "the crane HX-200",
        "B12",
        "5G",
        "version 1.2.3",
        "one of them",
        "这件事十分重要",
        "以防万一",
        "一个港口",
        "三四个人",
        "they march on",
        "I may go",
        "",
    ],
)
def test_what_is_no_figure_is_not_read_as_one(text: str) -> None:
    assert figures(text) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("3,100万", "0.31亿"),
        ("3,100万元", "31,000,000元"),
        ("1.2 km", "1,200 metres"),
        ("1.2公里", "1200米"),
        ("3 percentage points", "300 bps"),
        ("73.7", "73.7 %"),
        ("2031", "2,031"),
        ("90 minutes", "1.5 hours"),
        ("fifty", "50"),
    ],
)
def test_one_amount_in_two_forms_is_the_same(first: str, second: str) -> None:
    assert same_figure(only(first), only(second))
    assert same_figure(only(second), only(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("173.7 %", "73.7 %"),
        ("3 %", "3 percentage points"),
        ("百分之三", "3个百分点"),
        ("3,100万元", "3,100万美元"),
        ("3,100万", "3,100亿"),
        ("3 days", "3 weeks"),
        ("3 April 2031", "4 April 2031"),
        ("8:30", "510"),
        ("2031年", "31年"),
    ],
)
def test_different_amounts_are_not_the_same(first: str, second: str) -> None:
    assert not same_figure(only(first), only(second))


def test_ranges_are_two_figures_and_their_hyphen_is_no_sign() -> None:
    assert [figure.value for figure in figures("5-7, 5%-7%, 3元-5元")] == [5, 7, 5, 7, 3, 5]
    assert [figure.value for figure in figures("fell -3.1%，为-3.1%")] == [
        Decimal("-3.1"),
        Decimal("-3.1"),
    ]


def test_a_magnitude_is_in_the_value_but_not_in_what_is_written() -> None:
    assert only("3,100万元").written == 3100


def test_figures_come_in_order_and_stand_where_they_say() -> None:
    text = "２０３１年，北港净利润增长73.7％，达３，１００万元（US$4.3m），on 3 April 2031."
    found = figures(text)
    assert [figure.text for figure in found] == [
        "２０３１年",
        "73.7％",
        "３，１００万元",
        "US$4.3m",
        "3 April 2031",
    ]
    assert all(text[figure.start : figure.end] == figure.text for figure in found)


@given(
    st.text(
        alphabet="0123456789.,，％%万亿元千百十一二三月日年点-− $kmbn:/第个成分之Apr", max_size=40
    )
)
def test_no_text_breaks_the_reader(text: str) -> None:
    position = 0
    for figure in figures(text):
        assert position <= figure.start < figure.end <= len(text)
        assert text[figure.start : figure.end] == figure.text
        position = figure.end


@given(st.integers(min_value=0, max_value=10**12))
def test_a_whole_number_reads_the_same_in_every_spelling(number: int) -> None:
    wide = str(number).translate(
        {ord("0") + digit: "０１２３４５６７８９"[digit] for digit in range(10)}
    )
    assert {only(text).value for text in (f"{number} kg", f"{number:,} kg", f"{wide} kg")} == {
        number
    }
