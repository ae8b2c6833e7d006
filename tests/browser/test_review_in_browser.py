"""Ten rows reviewed by keyboard alone, with notes; a reload changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

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


def test_a_note_is_written_without_leaving_the_keyboard(page: Any, project: Any) -> None:
    address, workspace = project
    page.goto(f"{address}/review?verdict=pending")
    first = row_at(page)
    page.keyboard.press("n")
    page.keyboard.type("这里 c 和 r 只是字")
    page.keyboard.press("Enter")
    press_and_wait(page, "r")
    row = Rows(workspace).row(first).row
    assert (row.verdict, row.note) == ("rejected", "这里 c 和 r 只是字")
    assert page.locator("#note").input_value() == ""


def test_keys_pressed_faster_than_the_server_answers_each_meet_the_next_row(
    page: Any, project: Any
) -> None:
    address, workspace = project
    five = [row.id for row in Rows(workspace).page(RowFilter(verdict=("pending",)), limit=6).rows]
    page.goto(f"{address}/review?verdict=pending")
    for key in "crcrc":
        page.keyboard.press(key)
    page.wait_for_function(
        "row => document.querySelector('[data-row]').dataset.row === row", arg=five[5]
    )
    said = [Rows(workspace).row(one).row.verdict for one in five]
    assert said == ["confirmed", "rejected", "confirmed", "rejected", "confirmed", "pending"]


def test_a_note_waits_with_its_row_until_it_is_sent(page: Any, project: Any) -> None:
    address, workspace = project
    page.goto(f"{address}/review?kind=pair&language=en")
    first = row_at(page)
    page.keyboard.press("n")
    page.keyboard.type("look again")
    page.keyboard.press("Escape")
    press_and_wait(page, "j")
    assert page.locator("#note").input_value() == ""
    press_and_wait(page, "k")
    assert row_at(page) == first
    assert page.locator("#note").input_value() == "look again"
    press_and_wait(page, "c")
    assert Rows(workspace).row(first).row.note == "look again"
    press_and_wait(page, "u")
    assert row_at(page) == first
    assert page.locator("#note").input_value() == ""


def test_stars_and_tags_are_given_without_leaving_the_keyboard(page: Any, project: Any) -> None:
    address, workspace = project
    row = Rows(workspace).page(RowFilter(verdict=("pending",)), limit=1).rows[0]
    page.goto(f"{address}/review?verdict=pending&row={row.id}")
    page.keyboard.press("4")
    expect(page.locator(".star.given")).to_have_count(4)
    page.keyboard.press("t")
    page.keyboard.type("税务, 待核对")
    with page.expect_response(lambda reply: "/mark?" in reply.url):
        page.keyboard.press("Enter")
    page.reload()
    expect(page.locator("#tags")).to_have_value("税务, 待核对")
    expect(page.locator(".star.given")).to_have_count(4)
    marked = Rows(workspace).row(row.id).row
    assert (marked.stars, marked.tags, marked.verdict) == (4, ("税务", "待核对"), "pending")
    page.keyboard.press("0")
    expect(page.locator(".star.given")).to_have_count(0)
