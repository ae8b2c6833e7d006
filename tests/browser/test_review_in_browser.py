"""Ten rows reviewed by keyboard, and thousands by a click; a reload changes nothing."""

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


def row_at(page: Any) -> str:
    return str(page.locator("[data-row]").get_attribute("data-row"))


def press_and_wait(page: Any, key: str) -> None:
    """Presses a key and waits until another row is shown."""
    before = row_at(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "row => document.querySelector('[data-row]')?.dataset.row !== row", arg=before
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ten_rows_are_reviewed_by_keyboard_alone(page: Any, project: Any, language: str) -> None:
    address, workspace = project
    ten = [row.id for row in Rows(workspace).page(RowFilter(verdict=("pending",)), limit=10).rows]
    page.goto(f"{address}/review?verdict=pending")
    assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
    for number in range(10):
        assert row_at(page) == ten[number]
        press_and_wait(page, "r" if number in (3, 7) else "c")
    verdicts = {row: Rows(workspace).row(row).row.verdict for row in ten}
    assert [row for row in ten if verdicts[row] == "rejected"] == [ten[3], ten[7]]
    assert sum(verdict == "confirmed" for verdict in verdicts.values()) == 8

    here = row_at(page)
    assert f"row={here}" in page.url
    page.reload()
    assert row_at(page) == here
    press_and_wait(page, "u")
    assert row_at(page) == ten[9]
    assert Rows(workspace).row(ten[9]).row.verdict == "pending"


def test_next_previous_edit_and_the_list_of_keys(page: Any, project: Any) -> None:
    address, workspace = project
    page.goto(f"{address}/review?kind=pair&language=en")
    first = row_at(page)
    press_and_wait(page, "ArrowRight")
    press_and_wait(page, "k")
    assert row_at(page) == first
    page.keyboard.press("?")
    page.locator("dialog#keys[open]").wait_for()
    page.keyboard.press("Escape")

    page.keyboard.press("e")
    page.locator("[data-edit] #answer").fill("It was 98,765 in the end.")
    page.keyboard.press("Control+Enter")
    page.locator(".notice.bad").wait_for()
    row = Rows(workspace).row(first).row
    assert (row.answer, row.state) == ("It was 98,765 in the end.", "dropped")
    assert page.locator(".figure.missing").inner_text().startswith("98,765")


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
