"""Beside every piece of evidence stands where it is found: document, page, and a way there."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from loresmith.workspace.coverage_report import Coverage
from loresmith.workspace.datasets import Datasets, ExportSettings
from loresmith.workspace.home import Home
from loresmith.workspace.places import first_words
from loresmith.workspace.rows import RowFilter, Rows
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

PAGES = (
    ("The slipway of Ostmark was lengthened to 61 metres in spring.", "Its winch pulls 40 tonnes."),
    ("The pilot boat made 1,204 journeys in that year.", "Fog kept it in on 17 days."),
    ("A new light on the mole is seen for 12 miles.", "It was paid for by 9 parishes."),
)


def pdf_of(pages: tuple[tuple[str, ...], ...]) -> bytes:
    file = io.BytesIO()
    sheet = canvas.Canvas(file, pagesize=A4)
    for lines in pages:
        for number, line in enumerate(lines):
            sheet.drawString(70, 700 - 60 * number, line)
        sheet.showPage()
    sheet.save()
    return file.getvalue()


@pytest.fixture
def project(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = tmp_path / "harbour"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "harbour.pdf").write_bytes(pdf_of(PAGES))
    with TeacherServer(sentence_teacher) as server:
        (folder / "loresmith.yaml").write_text(
            f"teacher: {{type: openai, model: any, url: '{server.url}'}}\n"
            "chunking: {min_length: 1, max_length: 70}\n"
        )
        known = home.projects.add(folder, name="Harbour")
        home.workspace(known.id).do("dataset")
    return known


def fact_of(rows: Rows, short_answer: str) -> Any:
    found = rows.page(RowFilter(kind=("pair",))).rows
    return next(row for row in found if short_answer in row.answer)


def test_review_and_questions_name_the_page_and_lead_to_the_sentence(
    client: Any, home: Home, project: Any
) -> None:
    rows = Rows(home.workspace(project.id))
    row = fact_of(rows, "1,204 journeys")
    source = rows.row(row.id).source
    assert source is not None
    (place,) = source.places
    assert [section.label for section in place.sections] == ["2"]
    assert place.document == "harbour.pdf" and "1,204 journeys" in place.first_words
    for address in (
        f"/projects/{project.id}/review?row={row.id}",
        f"/projects/{project.id}/questions/{row.id}/edit",
    ):
        page = client.get(address).text
        (link,) = re.findall(r'<a href="([^"]*/documents/[^"]*start=[^"]*)"[^>]*><bdi>', page)
        assert "</bdi></a> · page 2" in page
        there = html.unescape(link)
        document, marked = there.split("#:~:text=")
        assert "1%2C204" in marked or "1,204" in marked
        assert "1,204 journeys" in client.get(document).text
    chinese = client.get(
        f"/projects/{project.id}/review?row={row.id}", headers={"Accept-Language": "zh"}
    ).text
    assert "</bdi></a> · 第 2 页" in chinese


def test_what_is_still_open_is_found_the_same_way(client: Any, home: Home, project: Any) -> None:
    gaps = list(Coverage(home.workspace(project.id)).gaps("harbour.pdf"))
    for gap in gaps:
        assert gap.place.sections and gap.place.start == gap.start
    page = client.get(f"/projects/{project.id}/coverage?document=harbour.pdf").text
    assert page.count("</bdi></a> · page") == len(gaps)


def test_exported_rows_and_the_frozen_folder_tell_the_page(
    home: Home, project: Any, tmp_path: Path
) -> None:
    workspace = home.workspace(project.id)
    lines = (workspace.project.datasets / "v1" / "provenance.jsonl").read_text().splitlines()
    frozen = [json.loads(line) for line in lines]
    with_evidence = [one for one in frozen if one["evidence"]]
    assert with_evidence
    for one in with_evidence:
        assert all(re.fullmatch(r"harbour\.pdf, page \d, .*", told) for told in one["places"])
    target = tmp_path / "rows.jsonl"
    Datasets(workspace).export_to(target, 1, ExportSettings(form="jsonl", split="train"))
    told = [json.loads(line) for line in target.read_text().splitlines()]
    by_id = {one["id"]: one["places"] for one in with_evidence}
    assert [one["places"] for one in told if one["id"] in by_id] == [
        by_id[one["id"]] for one in told if one["id"] in by_id
    ]
    pages = {place.split(", ")[1] for one in told for place in one["places"]}
    assert pages == {"page 1", "page 2", "page 3"}


def test_the_first_words_are_whole_and_of_one_line() -> None:
    assert first_words("\n  A line.\nAnother.") == "A line."
    long = "word " * 60
    assert set(first_words(long).split()) == {"word"} and len(first_words(long)) <= 120
    assert first_words("字" * 300) == "字" * 120
