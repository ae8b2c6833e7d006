"""What every member of the family promises, for any text and any settings: nothing is lost."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunker_family import FAMILY, chunkers, documents, raw_document, visible
from loresmith.chunking import Chunker
from loresmith.chunking.partition import Stretch
from loresmith.records import Chunk, Document

every_member = pytest.mark.parametrize("member", FAMILY, ids=lambda one: one.__name__)


@every_member
@settings(max_examples=120, deadline=None)
@given(data=st.data(), document=documents())
def test_every_visible_character_is_in_a_chunk_and_in_order(
    member: type[Chunker], data: st.DataObject, document: Document
):
    chunker = data.draw(chunkers(member))
    chunks = list(chunker.chunk(document))
    left_out = chunker.left_out(document)
    covered = 0
    for index, chunk in enumerate(chunks):
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        assert chunk.index == index
        assert between(document, covered, chunk.start, left_out) == ""
        covered = chunk.end
    assert between(document, covered, len(document.text), left_out) == ""
    for one, after in pairwise(chunks):
        assert one.start < after.start
        assert one.end < after.end
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def between(document: Document, start: int, end: int, left_out: Sequence[Stretch]) -> str:
    """The visible text from `start` to `end` that is not meant to be left out."""
    text = list(document.text)
    for one in left_out:
        text[one.start : one.end] = " " * (one.end - one.start)
    return visible("".join(text[start:end]))


@every_member
@settings(max_examples=120, deadline=None)
@given(data=st.data(), document=documents())
def test_no_chunk_is_longer_than_its_settings_allow(
    member: type[Chunker], data: st.DataObject, document: Document
):
    chunker = data.draw(chunkers(member))
    assert all(chunker.measure(one.text) <= chunker.longest for one in chunker.chunk(document))


@every_member
@settings(max_examples=40, deadline=None)
@given(data=st.data(), document=documents())
def test_equal_settings_cut_equally(member: type[Chunker], data: st.DataObject, document: Document):
    chunker = data.draw(chunkers(member))
    again = type(chunker).model_validate(chunker.model_dump(mode="json"))
    assert list(again.chunk(document)) == list(chunker.chunk(document))


@every_member
@pytest.mark.parametrize("cluster", ["👩‍👩‍👧‍👦", "🇨🇳", "e\u0301\u0323", "👍🏽", "各\ufe00", "1️⃣"])
def test_what_is_seen_as_one_character_is_not_cut(member: type[Chunker], cluster: str):
    cluster = unicodedata.normalize("NFD", cluster)
    for chunk in member().chunk(raw_document(cluster * 3000)):
        assert len(chunk.text) % len(cluster) == 0
        assert chunk.text.startswith(cluster)


LONG = {
    "sentences": "营收为823亿元，同比增长21%。",
    "unpunctuated": "没有标点的文字",
    "one character": "字",
    "words": "unpunctuated words without an end ",
    "rows": "| a | b |\n",
    "lines": "一行\n",
    "headings": "## 标题\n\n",
    "separators": "---\n\n",
    "space": " \n　",
}


class CountingText(str):
    """A text that counts how many of its characters are copied out of it."""

    copied = 0

    def __getitem__(self, key: Any) -> str:
        found = super().__getitem__(key)
        CountingText.copied += len(found)
        return found


@every_member
@pytest.mark.parametrize("kind", LONG)
@pytest.mark.timeout(60)  # what a quadratic search would exceed, whose work is not seen
def test_ten_times_the_text_is_ten_times_the_work(member: type[Chunker], kind: str):
    short, long = (work_of(member(), LONG[kind], length) for length in (20_000, 200_000))
    assert long <= 13 * short + 200_000


def work_of(chunker: Chunker, unit: str, length: int) -> int:
    """Characters copied out of the text and functions called while it is cut without loss."""
    text = (unit * (length // len(unit) + 1))[:length]
    document = raw_document("").model_copy(update={"text": CountingText(text)})
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    CountingText.copied = 0
    sys.setprofile(count)
    try:
        chunks = list(chunker.chunk(document))
    finally:
        sys.setprofile(None)
    lost = sum(len(visible(text[one.start : one.end])) for one in chunker.left_out(document))
    assert len(visible("".join(own_parts(chunks)))) == len(visible(text)) - lost
    return CountingText.copied + calls


def own_parts(chunks: list[Chunk]) -> Iterator[str]:
    """Of each chunk what the one before does not hold."""
    done = 0
    for chunk in chunks:
        yield chunk.text[max(0, done - chunk.start) :]
        done = chunk.end
