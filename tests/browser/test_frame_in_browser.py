"""The frame of the pages: what works on each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.settings import Settings
from loresmith.workspace.home import Home

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def project(studio):
    """An empty project in the running studio."""
    return Home(Settings(home=studio.home, database_url=None)).projects.create("Coast")


def test_the_theme_is_kept_when_a_page_is_shown_again(page):
    page.emulate_media(color_scheme="light")
    page.goto("/settings")
    page.locator("[data-theme-toggle]").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="As the system").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_language_changes_at_once_and_stays(page):
    page.goto("/settings")
    page.locator("#side").get_by_role("button", name="中文").click()
    page.wait_for_selector("html[lang='zh-CN']")
    page.goto("/settings")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_on_a_phone_the_navigation_opens_and_closes_by_hand_and_by_key(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/settings")
    side = page.locator("#side")
    assert not side.is_visible()
    page.get_by_role("button", name="Menu").click()
    assert side.is_visible()
    page.keyboard.press("Escape")
    assert not side.is_visible()


def test_the_keyboard_alone_skips_the_navigation(page):
    page.goto("/settings")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.locator("#content:focus").wait_for()


def test_the_keyboard_stays_in_an_open_dialog_and_comes_back_from_it(page):
    page.goto("/models")
    opener = page.get_by_role("button", name="Add an endpoint")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible()
    behind = "document.activeElement !== document.body && !document.activeElement.closest('dialog')"
    for _ in range(25):
        page.keyboard.press("Tab")
        assert not page.evaluate(behind)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(opener).to_be_focused()


def test_what_has_the_focus_of_the_keyboard_can_be_seen(page):
    page.goto("/settings")
    page.locator("main button").first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    style = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(style) == "solid"


def test_a_recipe_is_saved_by_key_and_its_faults_are_shown_in_place(page, project):
    page.goto(f"/projects/{project.id}/settings/recipe")
    recipe = Path(project.folder) / "loresmith.yaml"
    editor = page.get_by_label("Recipe (YAML)")
    editor.fill("seed: 11\n")
    editor.press("Control+s")
    page.get_by_text("Saved.").wait_for()
    assert recipe.read_text("utf-8") == "seed: 11\n"

    page.allowed_faults.append("422")
    page.get_by_label("Recipe (YAML)").fill("sead: 12\n")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("did you mean seed?").wait_for()
    assert page.get_by_label("Recipe (YAML)").input_value() == "sead: 12\n"
    assert recipe.read_text("utf-8") == "seed: 11\n"


def test_a_refused_request_is_told_with_what_to_do(page, project):
    page.goto(f"/projects/{project.id}/settings/recipe")
    page.context.clear_cookies()
    page.allowed_faults.append("403")
    page.get_by_role("button", name="Save").click()
    told = page.locator(".toast.bad")
    told.wait_for()
    assert "Reload the page" in told.inner_text()
    told.get_by_role("button", name="Close").click()
    assert told.count() == 0


def test_a_page_says_that_the_server_is_away_and_goes_on_when_it_is_back(page, project, studio):
    page.goto(f"/projects/{project.id}/settings/recipe")
    page.allowed_faults += ["ERR_CONNECTION_RE", "htmx:"]
    studio.kill()
    page.get_by_label("Recipe (YAML)").fill("seed: 3\n")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Reconnecting").wait_for()
    studio.start()
    page.locator("#reconnecting").wait_for(state="hidden")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()


def test_a_curve_is_drawn_in_the_colours_of_the_page(page):
    page.goto("/settings")
    page.evaluate(
        """async () => {
          const { lineChart } = await import("/static/js/chart.js");
          const place = document.createElement("div");
          place.className = "chart";
          document.querySelector("main").append(place);
          const chart = lineChart(place, {
            series: [{ label: "loss", faint: true }, { label: "smoothed", width: 2 }],
            data: [[1, 2, 3], [3, 2, 1], [3, 2.5, 1.8]],
          });
          chart.update([[1, 2, 3, 4], [3, 2, 1, 0.5], [3, 2.5, 1.8, 1.2]]);
        }"""
    )
    assert page.locator(".chart canvas").bounding_box()["height"] > 100
    page.locator("[data-theme-toggle]").click()
    assert page.locator(".chart canvas").count() == 1


def test_the_checks_of_pages_find_what_is_wrong(page):
    page.goto("/settings")
    checks = Path(__file__).with_name("page_checks.js").read_text("utf-8")
    assert page.evaluate(checks) == []
    page.evaluate(
        """() => {
          const pale = document.createElement("p");
          pale.textContent = "pale";
          pale.style.color = "#ccc";
          const wide = document.createElement("div");
          wide.textContent = "wide";
          wide.style.width = "3000px";
          document.querySelector("main").append(pale, wide, document.createElement("input"));
        }"""
    )
    found = "\n".join(page.evaluate(checks))
    assert "px too wide" in found
    assert "cut off: DIV. wide" in found
    assert 'pale"' in found
    assert "without a name: <input>" in found
