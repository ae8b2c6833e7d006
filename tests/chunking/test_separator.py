"""Cuts at one separator: where it counts, and what becomes of it."""

from __future__ import annotations

import pytest

from chunker_family import raw_document
from loresmith.chunking import SeparatorChunker

TEXT = "甲。\n---\n乙。\n\n---\n\n丙。"


def texts_of(text: str, **settings: object) -> list[str]:
    chunker = SeparatorChunker.model_validate(settings)
    return [chunk.text for chunk in chunker.chunk(raw_document(text))]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("no", ["甲。", "乙。", "丙。"]),
        ("before", ["甲。\n---", "乙。\n\n---", "丙。"]),
        ("after", ["甲。", "---\n乙。", "---\n\n丙。"]),
    ],
)
def test_the_separator_is_left_out_or_kept_on_either_side(keep: str, expected: list[str]):
    assert texts_of(TEXT, keep=keep) == expected


def test_a_tables_line_of_dashes_is_no_separator():
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert texts_of(f"{table}\r\n---\r\n完。") == [table, "完。"]


def test_a_separator_within_a_line_counts_where_it_is_asked_for():
    assert texts_of("甲##乙##丙", separator="##", on_its_own_line=False) == ["甲", "乙", "丙"]


def test_only_separators_are_left_out():
    document = raw_document(TEXT)
    left_out = SeparatorChunker().left_out(document)
    assert [TEXT[one.start : one.end] for one in left_out] == ["---", "---"]
    assert SeparatorChunker(keep="after").left_out(document) == ()


def test_what_is_too_long_is_divided_at_sentences_and_stays_on_its_side():
    long = "这一句话正好有十二个字。" * 30
    found = texts_of(f"短。\n---\n{long}", max_length=100)
    assert found[0] == "短。"
    assert "".join(found[1:]) == long
    assert all(50 <= len(text) <= 100 and text.endswith("。") for text in found[1:])
