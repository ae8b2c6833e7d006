"""The settings of a project as forms, by hand: tick, put in order, fill in, save."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import expect

from loresmith.recipe import Recipe
from loresmith.settings import Settings
from loresmith.workspace.home import Home


@pytest.fixture
def project(studio):
    return Home(Settings(home=studio.home, database_url=None)).projects.create("Coast")


def recipe_of(project) -> Recipe:
    return Recipe.load(Path(project.folder) / "loresmith.yaml")


def test_kinds_of_rows_are_ticked_ordered_filled_in_and_saved(page, project):
    page.goto(f"/projects/{project.id}/settings/rows")
    page.locator("input[value=dialogue]").check()
    rounds = page.get_by_label("Rounds")
    expect(rounds).to_have_value("3")
    rounds.fill("5")
    page.locator("input[value=preference]").check()
    expect(page.get_by_label("Rounds")).to_have_value("5")
    page.get_by_role("button", name="Move up: preference").click()
    expect(page.locator(".member.chosen").first).to_contain_text("preference")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved. What begins from now on uses it.")).to_be_visible()
    rows = recipe_of(project).generation.rows
    assert [one.type for one in rows] == ["preference", "dialogue"]
    assert rows[1].rounds == 5
    page.reload()
    expect(page.locator(".member.chosen").first).to_contain_text("preference")


def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(page, project):
    page.goto(f"/projects/{project.id}/settings")
    page.allowed_faults.append("422")
    style = page.get_by_label("Style", exact=True)
    style.fill("像港务员那样写。\nShort.")
    page.locator("[name='generation.facts.density']").fill("lots")
    page.get_by_role("button", name="Save").click()
    density = page.locator("[name='generation.facts.density']")
    expect(density).to_have_attribute("aria-invalid", "true")
    expect(density).to_have_value("lots")
    expect(page.get_by_label("Style", exact=True)).to_have_value("像港务员那样写。\nShort.")
    density.fill("150")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. What begins from now on uses it.")).to_be_visible()
    generation = recipe_of(project).generation
    assert (generation.facts.density, generation.style) == (150, "像港务员那样写。\nShort.")


def test_a_project_begins_with_a_domain_whose_warnings_are_shown(page, project):  # noqa: ARG001
    page.goto("/")
    page.get_by_role("button", name="New project").first.click()
    form = page.locator("#create-form")
    form.locator("[name=name]").fill("Clinic")
    beware = form.get_by_text("A wrong dose kills.")
    expect(beware).to_be_hidden()
    form.get_by_role("radio", name="Medicine").check()
    expect(beware).to_be_visible()
    form.get_by_role("button", name="Create").click()
    page.wait_for_url("**/documents")
    page.goto(page.url.replace("/documents", "/settings"))
    expect(page.get_by_text("A wrong dose kills.")).to_be_visible()
    expect(page.locator("[name='generation.facts.density']")).to_have_value("160")
