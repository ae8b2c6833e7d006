"""Cuts at a list of separators: the coarsest that serves, and what stays with what."""

from __future__ import annotations

from typing import get_args

import pytest

from chunker_family import raw_document
from loresmith.chunking import RecursiveChunker
from loresmith.chunking.code_languages import (
    PLACES,
    CodeLanguage,
    language_of_name,
    separators_of,
)
from loresmith.documents import SourceCodeParser


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


CODE = {
    "python": "import os\n\nclass A:\n    def a(self):\n        pass\n\ndef b():\n    pass\n",
    "javascript": "import x from 'x';\n\nclass A { }\n\nfunction b() {\n  return 1;\n}\n",
    "go": "package a\n\ntype T struct {\n\tx int\n}\n\nfunc (t T) a() int {\n\treturn 1\n}\n",
    "c": "#include <a.h>\n\nstruct a { int x; };\n\nint main(void) {\n    return 0;\n}\n",
    "java": "package a;\n\npublic class A {\n    int x;\n\n    public int a() { return 1; }\n}\n",
    "latex": "\\title{A}\n\\section{One}\nText of one.\n\\section{Two}\nText of two.\n",
    "markdown": "Before it all.\n# One\nText of one.\n## Two\nText of two, longer.\n",
}
LAST = {
    "python": "def b():",
    "javascript": "function b() {",
    "go": "func (t T) a() int {",
    "c": "int main(void) {",
    "java": "public class A {",
    "latex": "\\section{Two}",
    "markdown": "## Two",
}


@pytest.mark.parametrize("language", CODE)
def test_code_is_cut_before_types_and_functions(language: str) -> None:
    code = CODE[language]
    found = texts_of(code, language=language, min_length=1, max_length=len(code) // 2)
    assert any(text.startswith(LAST[language]) for text in found)


def test_auto_goes_by_the_ending_of_the_name_and_else_by_the_separators() -> None:
    auto = RecursiveChunker(language="auto", separators=["@"])
    for name, language in (("src/a.PY", "python"), ("b.hpp", "c"), ("c.tsx", "typescript")):
        document = raw_document("x").model_copy(update={"name": name})
        assert auto.separators_for(document) == separators_of(language)
    assert auto.separators_for(raw_document("x").model_copy(update={"name": "a.txt"})) == ("@",)


def test_every_language_has_its_places_and_no_ending_two() -> None:
    assert set(PLACES) == set(get_args(CodeLanguage))
    endings = [ending for places in PLACES.values() for ending in places.endings]
    assert len(endings) == len(set(endings))
    for places in PLACES.values():
        assert places.separators[-1] == " "


def test_what_is_read_as_code_has_a_language() -> None:
    for ending in SourceCodeParser.suffixes:
        assert language_of_name(f"a{ending}") is not None, ending


def test_passages_without_a_language_keep_the_ids_that_they_had() -> None:
    from loresmith.component import content_id

    before = {
        name: value
        for name, value in RecursiveChunker().model_dump(mode="json").items()
        if name != "language"
    }
    assert RecursiveChunker().fingerprint() == content_id("RecursiveChunker", before)
    assert RecursiveChunker(language="go").fingerprint() != RecursiveChunker().fingerprint()
