"""Passages measured in tokens, of a real tokenizer and of the count that needs none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chunker_family import TEXTS, raw_document
from loresmith.chunking import TokenChunker
from loresmith.errors import ModelUnavailable
from tiny_model import make_tiny_tokenizer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a byte-level tokenizer: a Chinese character is three tokens."""
    folder = tmp_path_factory.mktemp("model")
    make_tiny_tokenizer().save_pretrained(folder)
    return folder


def test_tokens_are_counted_by_the_models_own_tokenizer(model: Path):
    from transformers import AutoTokenizer

    own = AutoTokenizer.from_pretrained(model)
    chunker = TokenChunker(max_tokens=60, overlap_tokens=20, tokenizer=str(model))
    chunks = list(chunker.chunk(raw_document("营收为823亿元，同比增长21%。The dues rose. " * 30)))
    counts = [len(own(one.text, add_special_tokens=False).input_ids) for one in chunks]
    assert counts == [chunker.measure(one.text) for one in chunks]
    assert max(counts) <= 60
    assert min(counts[:-1]) > 30
    assert all(after.start < one.end for one, after in pairwise(chunks))


@settings(max_examples=80, deadline=None)
@given(text=TEXTS, most=st.integers(16, 90), overlap=st.integers(0, 8))
def test_nothing_is_lost_and_no_passage_is_too_long(
    model: Path, text: str, most: int, overlap: int
):
    chunker = TokenChunker(max_tokens=most, overlap_tokens=overlap, tokenizer=str(model))
    covered = 0
    for chunk in chunker.chunk(raw_document(text)):
        assert chunker.measure(chunk.text) <= most
        assert text[covered : chunk.start].strip() == ""
        assert chunk.end > covered
        covered = chunk.end
    assert text[covered:].strip() == ""


def test_a_count_without_a_model_is_near_what_tokenizers_need():
    chunker = TokenChunker()
    assert chunker.measure("营业收入同比增长") in (5, 6)
    assert chunker.measure("The berth due is 3.5 crowns") == 7


def test_a_model_without_a_tokenizer_is_named(tmp_path: Path):
    chunker = TokenChunker(tokenizer=str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"has no tokenizer\.json"):
        chunker.stretches(raw_document("text"))


def test_a_broken_tokenizer_is_told(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        TokenChunker(tokenizer=str(tmp_path)).stretches(raw_document("text"))


def test_an_overlap_of_more_than_half_is_refused():
    with pytest.raises(ValidationError, match="is more than half of max_tokens"):
        TokenChunker(max_tokens=100, overlap_tokens=51)
