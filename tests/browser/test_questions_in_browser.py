"""The list of questions by hand: searched, selected over pages, reviewed by the hundred, edited."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.settings import load_settings
from loresmith.workspace.home import Home
from loresmith.workspace.rows import RowFilter, Rows
from servers.studio_server import StudioServer
from written_rows import copy_written


@pytest.fixture
def project(studio: StudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project with rows that the running studio knows: its address and its rows."""
    monkeypatch.setenv("LORESMITH_HOME", str(studio.home))
    home = Home(load_settings())
    known = home.projects.add(copy_written(tmp_path / "coast"), name="Coast")
    return f"/projects/{known.id}", home.workspace(known.id)


def test_all_that_match_a_search_are_confirmed_from_the_list(page: Any, project: Any) -> None:
    address, workspace = project
    total = Rows(workspace).page(RowFilter(search="calder")).total
    assert total > 50
    page.goto(f"{address}/questions")
    page.locator("#search").fill("ＣＡＬＤＥＲ")
    page.wait_for_url(re.compile("search="))
    page.locator("[data-page]").check()
    assert page.locator("[data-count]").inner_text() == "50 selected"
    page.locator("[data-everything]").click()
    page.locator("#bulk [data-verdict=confirmed]").click()
    page.locator(".toast").first.wait_for()
    assert Rows(workspace).page(RowFilter(verdict=("confirmed",))).total == total


def test_a_selection_lasts_over_pages_and_an_edit_stays_in_its_row(page: Any, project: Any) -> None:
    address, workspace = project
    page.goto(f"{address}/questions")
    page.locator("[data-row]").first.check()
    page.locator(".pager a").last.click()
    page.wait_for_url(re.compile("cursor="))
    page.locator("[data-row]").nth(1).check()
    assert page.locator("[data-count]").inner_text() == "2 selected"
    page.locator("#bulk [data-verdict=rejected]").click()
    page.locator(".toast").first.wait_for()
    rejected = Rows(workspace).page(RowFilter(verdict=("rejected",))).rows
    listed = Rows(workspace).page(limit=60).rows
    assert [row.id for row in rejected] == [listed[0].id, listed[51].id]

    row = page.locator("tr[data-id]").nth(4)
    row_id = row.get_attribute("data-id")
    row.locator(".act button").click()
    page.locator("tr.editing #question").fill("<b>Is this bold?</b>")
    page.locator("tr.editing button.primary").click()
    page.locator(f"tr[data-id='{row_id}'] a").get_by_text("<b>Is this bold?</b>").wait_for()
    assert Rows(workspace).row(row_id).row.question == "<b>Is this bold?</b>"


def test_a_bulk_review_is_taken_back_by_one_click(page: Any, project: Any) -> None:
    address, workspace = project
    page.goto(f"{address}/questions?use=exam")
    page.locator("[data-page]").check()
    if page.locator("[data-everything]").is_visible():
        page.locator("[data-everything]").click()
    page.locator("#bulk [data-verdict=rejected]").click()
    page.locator(".toast").first.wait_for()
    exam = Rows(workspace).page(RowFilter(use=("exam",))).total
    assert Rows(workspace).page(RowFilter(verdict=("rejected",))).total == exam
    page.locator("[data-undo]").click()
    page.locator(".badge.bad").first.wait_for(state="detached")
    assert Rows(workspace).page(RowFilter(verdict=("rejected",))).total == 0


@pytest.mark.parametrize("language", ["zh"])
def test_all_that_match_are_estimated_before_more_is_written_about_them(
    page: Any, project: Any, language: str
) -> None:
    address, workspace = project
    page.goto(f"{address}/questions?language=zh")
    assert str(page.locator("html").get_attribute("lang")).startswith(language)
    page.locator("[data-page]").check()
    if page.locator("[data-everything]").is_visible():
        page.locator("[data-everything]").click()
    page.locator("#bulk [data-generate]").click()
    dialog = page.locator("dialog#generate[open]")
    dialog.get_by_text("调用次数").wait_for()
    chunks = dialog.locator("input[name=chunks]").input_value().split(",")
    assert chunks == list(Rows(workspace).passages(RowFilter(language=("zh",))))
