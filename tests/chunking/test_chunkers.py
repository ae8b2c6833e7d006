"""What chunkers promise that join pieces between two lengths; and what their settings may be."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chunker_family import TEXTS
from loresmith.chunking import (
    AnyChunker,
    Chunker,
    HeadingChunker,
    ManualChunker,
    RecursiveChunker,
    SentenceChunker,
)
from loresmith.documents import MarkdownParser
from loresmith.errors import DocumentError
from loresmith.records import Chunk, Document

JOINING = [HeadingChunker, SentenceChunker, RecursiveChunker, ManualChunker]


def document_of(text: str) -> Document:
    return MarkdownParser().parse_bytes(text.encode("utf-8", "replace"), name="report.md")


def chunks_of(text: str, **lengths: int) -> list[Chunk]:
    return list(HeadingChunker(**lengths).chunk(document_of(text)))


LENGTHS = st.tuples(st.integers(1, 150), st.integers(1, 150)).map(sorted)


@pytest.mark.parametrize("kind", JOINING)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS, lengths=LENGTHS)
def test_a_chunk_is_short_only_where_no_neighbour_fits_to_it(
    kind: type[Chunker], text: str, lengths: list[int]
):
    try:
        document = document_of(text)
    except DocumentError:
        return
    least, most = lengths
    chunks = list(kind(min_length=least, max_length=most).chunk(document))
    for one, other in pairwise(chunks):
        if min(len(one.text), len(other.text)) < least:
            assert other.end - one.start > most


SENTENCES = st.lists(
    st.integers(3, 20).map(lambda n: "字" * n + "。")
    | st.just("\n\n## 标题\n\n")
    | st.just("\n\n"),
    min_size=1,
    max_size=80,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(text=SENTENCES)
def test_no_chunk_is_short_where_the_sentences_leave_room(text: str):
    """With max_length >= 2 * min_length + the longest unit, only a whole short text is short."""
    try:
        document = document_of(text)
    except DocumentError:
        return
    if text.strip().endswith("## 标题"):
        return  # a heading that heads nothing may lie far from all others
    units = [line for line in document.text.replace("。", "。\n").split("\n") if line.strip()]
    room = max(map(len, units)) + 12
    chunks = list(HeadingChunker(min_length=40, max_length=2 * 40 + 4 * room).chunk(document))
    if len(chunks) > 1:
        assert min(len(chunk.text) for chunk in chunks) >= 40


def test_equal_settings_give_equal_ids_and_others_do_not():
    text = "第一句话。" * 100
    first = [chunk.id for chunk in chunks_of(text, min_length=50, max_length=100)]
    again = [chunk.id for chunk in chunks_of(text, min_length=50, max_length=100)]
    other = [chunk.id for chunk in chunks_of(text, min_length=40, max_length=100)]
    assert first == again
    assert not set(first) & set(other)


def test_a_sentence_that_is_too_long_is_cut_in_equal_parts_after_clauses():
    text = "，".join(["没有句号的分句一直往下写"] * 40)
    chunks = chunks_of(text, min_length=50, max_length=100)
    assert all(chunk.text.endswith("，") for chunk in chunks[:-1])
    assert min(len(chunk.text) for chunk in chunks) >= 50


def test_a_cluster_longer_than_the_longest_chunk_is_cut_all_the_same():
    chunks = chunks_of("e" + "\u0301" * 500, min_length=1, max_length=10)
    assert "".join(chunk.text for chunk in chunks) == "e" + "\u0301" * 500


def test_a_minimum_over_the_maximum_is_refused_with_both_numbers():
    with pytest.raises(
        ValidationError, match=r"min_length \(300\) is more than max_length \(200\)"
    ):
        HeadingChunker(min_length=300, max_length=200)


def test_all_wrong_lengths_are_named_at_once():
    with pytest.raises(ValidationError) as caught:
        HeadingChunker(min_length=-1, max_length=0)
    assert [error["loc"] for error in caught.value.errors()] == [("min_length",), ("max_length",)]


@pytest.mark.parametrize("kind", [HeadingChunker, SentenceChunker])
def test_who_sets_one_length_alone_means_the_other_to_follow(
    kind: type[HeadingChunker | SentenceChunker],
) -> None:
    shorter, longer = kind(max_length=600), kind(min_length=9000)
    assert (shorter.min_length, shorter.max_length) == (300, 600)
    assert (longer.min_length, longer.max_length) == (9000, 18_000)
    assert kind(max_length=3000).min_length == kind().min_length
    assert kind(**shorter.model_dump()) == shorter


def test_a_recipe_names_a_chunker_by_its_type():
    family: TypeAdapter[Chunker] = TypeAdapter(AnyChunker)
    assert family.validate_python({"type": "sentences"}) == SentenceChunker()
    own = HeadingChunker(max_length=5000)
    assert family.validate_python(own) is own


@pytest.mark.parametrize(
    "text", ["营收为823亿元，同比增长21%。" * 20_000, "字" * 300_000, "| a | b |\n" * 30_000]
)
@pytest.mark.timeout(60)  # a quadratic way would take many minutes
def test_long_documents_are_cut_without_loss(text: str):
    cut = "".join(chunk.text for chunk in chunks_of(text))
    assert "".join(cut.split()) == "".join(text.split())
