"""Cuts where a person says so, document by document."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from chunker_family import raw_document
from loresmith.chunking import HeadingChunker, ManualChunker
from loresmith.chunking.manual import DocumentCuts

TEXT = "前言一句。\n第一条 甲方付款。\n第二条 乙方交货。\n第一条 重申。"


def texts_of(text: str, *cuts: int | str, **settings: int) -> list[str]:
    chunker = ManualChunker(cuts=(DocumentCuts(document="report.md", at=cuts),), **settings)
    return [chunk.text for chunk in chunker.chunk(raw_document(text))]


def test_a_passage_begins_with_the_words_that_are_named():
    assert texts_of(TEXT, "第一条", "第二条", "第一条") == [
        "前言一句。",
        "第一条 甲方付款。",
        "第二条 乙方交货。",
        "第一条 重申。",
    ]


def test_positions_are_counted_from_the_beginning():
    assert texts_of(TEXT, 6) == ["前言一句。", TEXT[6:]]


def test_words_that_are_not_there_and_places_outside_cut_nothing():
    assert texts_of(TEXT, "第九条", 10_000, 0) == [TEXT]
    assert texts_of(TEXT, "第二条", 3) == texts_of(TEXT, "第二条")


def test_a_document_without_cuts_is_cut_at_headings():
    text = "这句话正好有十个字。" * 50
    cuts = (DocumentCuts(document="other.md", at=("第一条",)),)
    manual = ManualChunker(cuts=cuts, min_length=90, max_length=100)
    usual = HeadingChunker(min_length=90, max_length=100)
    document = raw_document(text)
    assert manual.stretches(document) == usual.stretches(document)


def test_a_passage_over_the_longest_is_divided_all_the_same():
    found = texts_of(
        "短。\n" + "这一句话正好有十二个字。" * 20, "这一句", min_length=10, max_length=100
    )
    assert found[0] == "短。"
    assert max(map(len, found)) <= 100


def test_a_document_named_twice_is_refused():
    with pytest.raises(ValidationError, match=r"cuts names a\.md twice"):
        ManualChunker(cuts=(DocumentCuts(document="a.md"), DocumentCuts(document="a.md")))
