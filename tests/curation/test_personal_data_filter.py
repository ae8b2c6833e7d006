"""Personal data by pattern: what is one, what only looks like one, and what masking leaves."""

from __future__ import annotations

import pytest

from loresmith.curation.filters import PersonalDataFilter
from optional_filters import curation_by, judged, reasons_of, stated

IDENTITY = "11010519491231002X"  # the example of the standard
CARD = "6222021234567890128"


def masked(text: str) -> str:
    return PersonalDataFilter().mask(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"身份证号为{IDENTITY}。", "身份证号为[身份证号]。"),
        ("请拨打１３８００１３８０００咨询", "请拨打[手机号]咨询"),
        ("手机+86 138-0013-8000。", "手机[手机号]。"),
        ("Write to ines.t@calder-reach.example now.", "Write to [e-mail address] now."),
        ("卡号6222 0212 3456 7890 128", "卡号[银行卡号]"),
        ("护照号码：E12345678", "护照号码：[护照号]"),
        ("Her passport is EA1234567.", "Her passport is [passport number]."),
    ],
)
def test_personal_data_is_told_by_its_pattern(text: str, expected: str):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # a wrong check digit
        "合同编号 6222021234567890123",  # Luhn fails
        "营收为13800138000元，同比增长12.6%。",
        "13,800,138,000 crowns",
        "订单号20310514093012345678",
        "零件号E12345678",
        "0000000000000000",
        "见 3.5@2031 一节",
    ],
)
def test_what_only_looks_like_it_stays(text: str):
    assert masked(text) == text


def test_a_row_with_personal_data_is_dropped_and_its_data_is_not_told_in_the_report():
    case = stated("岑望舟的手机号是13800138000，他是港务主任。", "岑望舟任什么职务？", "港务主任")
    found = judged([case[2]], [case[:2]], curation_by("personal_data"))
    (dropped,) = found.drops
    assert (dropped.reason, dropped.detail) == ("personal_data", "mobile")
    assert "13800138000" not in dropped.text and "[手机号]" in dropped.text


def test_masking_hides_it_in_question_answer_and_quotes_and_keeps_the_evidence():
    sentence = "岑望舟（手机13800138000）是港务主任。"
    case = stated(sentence, "手机13800138000的岑望舟任什么职务？", "港务主任")
    curation = curation_by("personal_data", action="mask")
    (kept,) = judged([case[2]], [case[:2]], curation).kept
    row = curation.masked(kept)
    assert "13800138000" not in row.model_dump_json()
    assert row.quotes == ("岑望舟（手机[手机号]）是港务主任。",)
    assert [sentence[one.start : one.end] for one in row.evidence] == [sentence]
    assert row.id == case[2].id


def test_a_row_that_asks_for_the_number_itself_is_dropped_even_where_it_is_masked():
    case = stated("岑望舟的手机号是13800138000。", "岑望舟的手机号是多少？", "13800138000")
    assert reasons_of([case], curation_by("personal_data", action="mask")) == ["personal_data"]


def test_only_the_kinds_that_are_asked_for_are_looked_for():
    case = stated("岑望舟的邮箱是a@b.example。", "岑望舟的邮箱是什么？", "a@b.example")
    assert reasons_of([case], curation_by("personal_data", kinds=["mobile"])) == [""]
    assert reasons_of([case], curation_by("personal_data", kinds=["email"])) == ["personal_data"]
