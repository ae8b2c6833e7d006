"""Passages of one length that overlap: where they end, begin, and what they repeat."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pydantic import ValidationError

from chunker_family import raw_document
from loresmith.chunking import FixedLengthChunker
from loresmith.records import Chunk

SENTENCE = "这一句话正好有二十个字，不多也不少的。"


def chunks_of(text: str, **settings: int) -> list[Chunk]:
    return list(FixedLengthChunker(**settings).chunk(raw_document(text)))


def test_a_passage_repeats_the_last_sentences_of_the_one_before():
    chunks = chunks_of(SENTENCE * 50, length=200, overlap=50)
    assert len(chunks) > 5
    for one, after in pairwise(chunks):
        shared = one.end - after.start
        assert 25 <= shared <= 50
        assert shared % len(SENTENCE) == 0
        assert one.text.endswith("。")


def test_without_overlap_each_passage_begins_where_the_last_ends():
    chunks = chunks_of(SENTENCE * 50, length=200, overlap=0)
    assert "".join(chunk.text for chunk in chunks) == SENTENCE * 50


def test_words_are_kept_whole_where_nothing_ends_a_sentence():
    chunks = chunks_of("unpunctuated words without an end " * 40, length=100, overlap=20)
    words = {word for chunk in chunks for word in chunk.text.split()}
    assert words == {"unpunctuated", "words", "without", "an", "end"}


def test_only_the_last_passage_is_much_shorter():
    chunks = chunks_of("字" * 5_000, length=1500, overlap=200)
    assert [len(chunk.text) for chunk in chunks] == [1500, 1500, 1500, 1100]


def test_no_passage_repeats_and_adds_nothing():
    chunks = chunks_of("x" * 100 + " " * 500 + "y" * 100, length=100, overlap=50)
    assert [chunk.text for chunk in chunks] == ["x" * 100, "y" * 100]


def test_an_overlap_of_more_than_half_is_refused_with_both_numbers():
    with pytest.raises(ValidationError, match=r"\(60\) is more than half of length \(100\)"):
        FixedLengthChunker(length=100, overlap=60)
