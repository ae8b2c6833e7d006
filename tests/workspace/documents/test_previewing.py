"""What is shown of documents is what is worked with: texts, passages, and other ways to cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import DocumentError, NotFound, RecipeError
from loresmith.workspace.background import Background
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.recipes import load_recipe

ENGLISH = document_key("annual-review.md")
CHINESE = document_key("渔港纪要.txt")
SMALLER: dict[str, Any] = {"chunking.min_length": 200, "chunking.max_length": 500}


def test_documents_are_listed_as_they_are_before_and_after_reading(documents: Documents) -> None:
    assert [line.state for line in documents.all().documents] == ["new", "new"]
    documents.outline(CHINESE)
    lines = {line.name: line for line in documents.all().documents}
    assert lines["annual-review.md"].state == "new"
    read = lines["渔港纪要.txt"]
    assert (read.state, read.language) == ("parsed", "zh")
    assert read.chunks > 0
    assert read.characters == len(documents.whole_text(CHINESE))


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(
    documents: Documents, folder: Path
) -> None:
    (folder / "documents" / "scan.pdf").write_bytes(b"%PDF-1.7\nnothing")
    (folder / "documents" / "table.numbers").write_bytes(b"PK")
    with pytest.raises(DocumentError, match="not a whole PDF"):
        documents.outline(document_key("scan.pdf"))
    listing = documents.all()
    (scan,) = [line for line in listing.documents if line.name == "scan.pdf"]
    assert scan.state == "failed"
    assert "not a whole PDF" in scan.failure
    assert [one.name for one in listing.ignored] == ["table.numbers"]


@pytest.mark.parametrize("length", [1, 700, 60_000])
def test_the_parts_of_a_text_make_up_the_whole(documents: Documents, length: int) -> None:
    whole, start, parts = documents.whole_text(ENGLISH)[:3000], 0, ""
    while start < len(whole):
        page = documents.text(ENGLISH, start=start, length=length)
        assert page.end > page.start == start
        parts += "".join(piece.text for piece in page.pieces)
        start = page.end if length > 1 else start + len(whole)
    assert parts.startswith(whole if length > 1 else whole[:1])


def test_every_piece_lies_in_its_passage(documents: Documents) -> None:
    page = documents.text(CHINESE)
    outline = documents.outline(CHINESE)
    marked = [piece for piece in page.pieces if piece.passage is not None]
    assert [piece.passage.id for piece in marked if piece.passage] == [
        passage.id for passage in outline.passages
    ]
    for piece in marked:
        assert piece.passage is not None
        assert len(piece.text) == piece.passage.end - piece.passage.start


def test_a_part_that_begins_beyond_the_end_is_empty(documents: Documents) -> None:
    page = documents.text(ENGLISH, start=10**9)
    assert (page.pieces, page.start) == ((), page.total)


def test_a_large_document_is_told_in_parts(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_text("北港的灯塔高三十七米。" * 100_000, encoding="utf-8")
    documents = Documents(Workspace(tmp_path))
    page = documents.text(document_key("large.txt"), start=500_000, length=10_000)
    assert page.total == 1_100_000
    assert sum(len(piece.text) for piece in page.pieces) <= 20_000


def test_unknown_documents_are_not_found(documents: Documents) -> None:
    for key in ("", "../../etc/passwd", "annual-review.md", "0" * 24):
        with pytest.raises(NotFound):
            documents.outline(key)


def test_other_settings_are_previewed_without_storing_anything(
    documents: Documents, folder: Path
) -> None:
    before = len(documents.outline(ENGLISH).passages)
    preview = documents.preview_chunking(SMALLER)
    assert preview.before.count == before
    assert preview.after.count > before
    assert preview.after.longest <= 500
    assert sum(preview.after.bins) == preview.after.count
    assert preview.gone + preview.kept == preview.before.count
    assert preview.new + preview.kept == preview.after.count
    assert len(documents.outline(ENGLISH).passages) == before
    assert not (folder / "loresmith.yaml").exists()


def test_the_same_settings_change_nothing(documents: Documents) -> None:
    documents.outline(ENGLISH)
    preview = documents.preview_chunking({})
    assert (preview.gone, preview.new, preview.changes) == (0, 0, ())
    assert preview.before == preview.after


def test_applied_settings_bring_what_was_previewed(documents: Documents, folder: Path) -> None:
    documents.outline(ENGLISH)
    foreseen = documents.preview_chunking(SMALLER).after.count
    job_id = documents.apply_chunking(SMALLER)
    assert Background(Workspace(folder)).job(job_id).verb == "chunk"
    assert load_recipe(folder / "loresmith.yaml").chunking.max_length == 500
    assert len(Documents(Workspace(folder)).outline(ENGLISH).passages) == foreseen


@pytest.mark.parametrize(
    "changes",
    [
        {"chunking.max_length": 0},
        {"chunking.min_length": 5000, "chunking.max_length": 4000},
        {"chunking.nonsense": 1},
        {"chunking.type": "none"},
        {"training.rank": 4},
        {"documents.path": "/"},
        {"": 1},
        {"chunking": 7},
        {"chunking.": 7},
        {"chunking.type.x.y": [1]},
    ],
)
def test_settings_that_cannot_be_are_refused_and_written_nowhere(
    documents: Documents, folder: Path, changes: dict[str, Any]
) -> None:
    documents.outline(ENGLISH)
    with pytest.raises(RecipeError):
        documents.preview_chunking(changes)
    with pytest.raises(RecipeError):
        documents.apply_chunking(changes)
    assert not (folder / "loresmith.yaml").exists()
