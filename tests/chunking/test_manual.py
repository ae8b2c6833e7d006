"""Cuts where a person says so, document by document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chunker_family import TEXTS, raw_document
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


def test_cuts_that_the_text_does_not_have_are_named_and_counted():
    cuts = (DocumentCuts(document="report.md", at=("第一条", "第九条", 10_000)),)
    chunker = ManualChunker(cuts=cuts)
    (remark,) = chunker.remarks(raw_document(TEXT))
    assert remark == "2 of 3 cuts are not in the text: '第九条', 10000"
    whole = ManualChunker(cuts=(DocumentCuts(document="report.md", at=("第一条",)),))
    assert whole.remarks(raw_document(TEXT)) == () == ManualChunker().remarks(raw_document(TEXT))


def test_a_cut_that_is_set_is_named_by_its_words_where_these_tell_the_place():
    document = raw_document(TEXT)
    first, second = TEXT.index("第一条"), TEXT.rindex("第一条")
    once = ManualChunker().toggled(document, second)
    assert once.cuts[0].at == ("第一条 重申。",)
    both = once.toggled(document, first)
    assert both.cuts[0].at == ("第一条 甲方付款。", "第一条 重申。")
    assert both.toggled(document, first) == once
    assert once.toggled(document, second).cuts == ()


@given(TEXTS, st.lists(st.integers(1, 300), max_size=8))
def test_what_is_set_lies_where_it_was_set_and_nothing_else_moves(text: str, places: list[int]):
    document, chunker = raw_document(text), ManualChunker()
    wanted: set[int] = set()
    for place in places:
        if place >= len(text):
            continue
        chunker = chunker.toggled(document, place)
        wanted ^= {place}
        assert [one.place for one in chunker.found(document)] == sorted(wanted)
