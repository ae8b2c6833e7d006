"""Evidence is found in its source and shown with what stands around it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from loresmith.records import Document, Span
from loresmith.workspace.report.passages import Passage, Sources

MakeDocument = Callable[..., Document]

_SENTENCES = "One is here. Two is here. Three is here. Four is here. Five is here. Six is here. "


def test_two_sentences_stand_before_and_after(make_document: MakeDocument) -> None:
    document = make_document(_SENTENCES)
    start = _SENTENCES.index("Four")
    passage = _only(document, (start, start + len("Four is here.")))
    assert _text(passage) == _SENTENCES[13:].strip()
    assert passage.goes_before and not passage.goes_after


def test_chinese_sentences_are_sentences_too(make_document: MakeDocument) -> None:
    text = "甲在这里。乙在这里。丙在这里。丁在这里。戊在这里。己在这里。"
    passage = _only(make_document(text), (15, 20))
    assert _text(passage) == text[5:]
    assert _marked(passage) == ["丁在这里。"]


def test_quotes_near_each_other_share_a_passage_and_far_ones_do_not(
    make_document: MakeDocument,
) -> None:
    text = _SENTENCES * 5
    document = make_document(text)
    near = _passages(document, (0, 12), (13, 25))
    far = _passages(document, (0, 12), (len(text) - 13, len(text) - 1))
    assert [_marked(p) for p in near] == [["One is here.", "Two is here."]]
    assert [_marked(p) for p in far] == [["One is here."], ["Six is here."]]


def test_overlapping_spans_are_marked_once(make_document: MakeDocument) -> None:
    passages = _passages(make_document(_SENTENCES), (0, 12), (4, 25), (4, 25))
    assert [_marked(p) for p in passages] == [["One is here. Two is here."]]


def test_a_table_is_shown_as_a_table_with_its_cells_marked(make_document: MakeDocument) -> None:
    text = "Cargo:\n\n| Cargo | 2030 |\n| --- | ---: |\n| Tim\\|ber | 412,000 |\n\nIt fell."
    row = text.index("| Tim")
    passage = _only(make_document(text), (row, row + len("| Tim\\|ber | 412,000 |")))
    table = next(block for block in passage.blocks if block.rows)
    cells = [["".join(part.text for part in cell) for cell in row] for row in table.rows]
    assert cells == [["Cargo", "2030"], ["Tim\\|ber", "412,000"]]
    assert _marked(passage) == ["Tim\\|ber", "412,000"]


def test_a_text_without_sentences_is_cut_around_the_evidence(make_document: MakeDocument) -> None:
    passage = _only(make_document("x" * 5000), (2500, 2510))
    assert len(_text(passage)) == 810
    assert passage.goes_before and passage.goes_after


def test_spans_beyond_the_text_are_passed_over_and_quotes_looked_for(
    make_document: MakeDocument,
) -> None:
    sources = Sources([make_document(_SENTENCES)])
    outside = Span(document_id="id-a.md", start=10_000, end=10_010)
    passages = sources.passages(
        evidence=[outside], quotes=["Two  is **here**.", "never said"], document="a.md"
    )
    assert [(_marked(p), p.found) for p in passages] == [
        (["Two is here."], True),
        (["never said"], False),
    ]


def test_without_evidence_there_is_no_passage() -> None:
    assert Sources([]).passages(evidence=(), quotes=(), document="") == ()


@given(
    st.text(alphabet="ab |。.\n-", max_size=120),
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 40)), max_size=4),
)
def test_every_marked_character_is_evidence_and_all_evidence_is_marked(
    text: str, places: list[tuple[int, int]]
) -> None:
    document = Document(
        id="d", name="d", title="", text=text, language="en", media_type="", source_sha256=""
    )
    spans = [
        Span(document_id="d", start=start, end=start + length)
        for start, length in places
        if start + length <= len(text)
    ]
    passages = Sources([document]).passages(evidence=spans)
    marked = "".join(piece for passage in passages for piece in _marked(passage))
    positions = {position for span in spans for position in range(span.start, span.end)}
    evidence = "".join(text[position] for position in sorted(positions))
    for letter in "ab":
        assert marked.count(letter) == evidence.count(letter)


def _passages(document: Document, *places: tuple[int, int]) -> tuple[Passage, ...]:
    spans = [Span(document_id=document.id, start=start, end=end) for start, end in places]
    return Sources([document]).passages(evidence=spans)


def _only(document: Document, place: tuple[int, int]) -> Passage:
    (passage,) = _passages(document, place)
    return passage


def _text(passage: Passage) -> str:
    return "".join(part.text for block in passage.blocks for part in block.text)


def _marked(passage: Passage) -> list[str]:
    return [
        part.text
        for block in passage.blocks
        for cell in (block.text, *(cell for row in block.rows for cell in row))
        for part in cell
        if part.marked
    ]
