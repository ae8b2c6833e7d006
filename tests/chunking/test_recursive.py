"""Cuts at a list of separators: the coarsest that serves, and what stays with what."""

from __future__ import annotations

from chunker_family import raw_document
from loresmith.chunking import RecursiveChunker


def texts_of(text: str, **settings: object) -> list[str]:
    chunker = RecursiveChunker.model_validate(settings)
    return [chunk.text for chunk in chunker.chunk(raw_document(text))]


def test_paragraphs_are_cut_before_sentences_are():
    paragraph = "第一句说了这些。第二句说了那些。"
    text = "\n\n".join([paragraph] * 6)
    found = texts_of(text, min_length=20, max_length=40)
    assert set(found) <= {paragraph, f"{paragraph}\n\n{paragraph}"}


def test_a_paragraph_that_is_too_long_is_cut_at_the_next_separator():
    found = texts_of("短句一。短句二！短句三？" * 10, min_length=8, max_length=13)
    assert all(text[-1] in "。！？" for text in found)


def test_separators_can_be_ones_own_and_may_open_what_follows():
    code = "import os\n\nclass A:\n    def a(self):\n        pass\n\nclass B:\n    pass\n"
    found = texts_of(code, separators=["\nclass ", "\n    def "], min_length=1, max_length=45)
    assert [text.split("\n")[0] for text in found] == ["import os", "class A:", "class B:"]


def test_without_separators_it_is_cut_between_words():
    found = texts_of("some words here " * 20, separators=[], min_length=10, max_length=30)
    assert {word for text in found for word in text.split()} == {"some", "words", "here"}
