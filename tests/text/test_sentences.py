"""Sentence ranges: what ends a sentence in Chinese and English, and that no character is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.text.sentences import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The port grew. It paid well!  Did it?", ["The port grew.", "It paid well!", "Did it?"]),
        ("Sales were 3.5 million. Costs fell.", ["Sales were 3.5 million.", "Costs fell."]),
        ("Dr. Ames met Mr. Tam. They left.", ["Dr. Ames met Mr. Tam.", "They left."]),
        (
            "See No. 5 and Fig. 2. J. R. Hale drew it.",
            ["See No. 5 and Fig. 2.", "J. R. Hale drew it."],
        ),
        ("Paid in the U.S. Senate e.g. at noon.", ["Paid in the U.S. Senate e.g. at noon."]),
        ("Lantern Ltd. grew. The rest fell.", ["Lantern Ltd. grew.", "The rest fell."]),
        ("He left at 5 p.m. The rest stayed.", ["He left at 5 p.m.", "The rest stayed."]),
        ('"Stop." he said. "Go!" She went.', ['"Stop." he said.', '"Go!"', "She went."]),
        ("He asked (twice.) Nobody spoke.", ["He asked (twice.)", "Nobody spoke."]),
    ],
)
def test_english_sentences_end_at_stops_but_not_at_abbreviations(text: str, expected: list[str]):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "营收为823亿元。净利润增长21.0%！是吗？",
            ["营收为823亿元。", "净利润增长21.0%！", "是吗？"],
        ),
        ("他说：“好。”我走了。", ["他说：“好。”", "我走了。"]),
        ("收入增长。**利润**下降。", ["收入增长。", "**利润**下降。"]),
        ("版本为v2.1.3，价格3.50元；其余不变。", ["版本为v2.1.3，价格3.50元；其余不变。"]),
        ("第一段\n　　第二段。", ["第一段", "第二段。"]),
    ],
)
def test_chinese_sentences_keep_their_closing_marks(text: str, expected: list[str]):
    assert split(text) == expected


def test_a_wrapped_paragraph_is_read_across_its_line_ends():
    wrapped = "The harbour office was built by the people of\nthe island in 1923 and it\nstands."
    assert split(f"{wrapped} It is old.") == [wrapped, "It is old."]


def test_each_table_row_list_item_and_heading_is_its_own():
    text = (
        "# Dues\n| Quay | Due. A |\n|---|---|\n| Orrin | 5 |\n1. First\n2. Second\n- a\n- b\n\nEnd"
    )
    assert split(text) == [
        "# Dues",
        "| Quay | Due. A |",
        "|---|---|",
        "| Orrin | 5 |",
        "1. First",
        "2. Second",
        "- a",
        "- b",
        "End",
    ]


def test_an_empty_text_has_no_sentences():
    assert sentences("") == []
    assert sentences(" \n\t\u3000\n") == []


TEXTS = st.text(st.sampled_from("ab 。.!?“”\"'*|#\n\r\t　中1、（）👩\u200d-") | st.characters())


@given(TEXTS)
def test_every_visible_character_is_in_exactly_one_sentence(text: str):
    ranges = sentences(text)
    covered = [False] * len(text)
    previous = 0
    for start, end in ranges:
        assert previous <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered[start:end] = [True] * (end - start)
        previous = end
    assert all(mark or character.isspace() for mark, character in zip(covered, text, strict=True))


def test_long_texts_take_time_in_proportion():
    began = time.monotonic()
    for text in ("." * 300_000, "。”" * 100_000, "字" * 300_000, "Dr. " * 50_000):
        sentences(text)
    assert time.monotonic() - began < 5
