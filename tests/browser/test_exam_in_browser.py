"""Exam questions are gone through by keyboard, and marked by hand."""

from __future__ import annotations

import pytest

from examined_runs import project_with_tiny_model
from loresmith.settings import Settings
from loresmith.workspace.home import Home
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@pytest.fixture
def project(home, tmp_path, monkeypatch):
    """A project with a finished run."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = tmp_path / "coast"
    with TeacherServer(sentence_teacher) as teacher:
        project_with_tiny_model(folder, teacher.url, names=("annual-review.md",)).do("run")
    return Home(Settings(home=home, database_url=None)).projects.add(folder, name="Coast")


def test_questions_are_gone_through_by_keyboard_and_marked_by_hand(page, project):
    page.goto(f"/projects/{project.id}/exam")
    page.keyboard.press("j")
    first = page.locator("#item [data-shown]").get_attribute("data-shown")
    assert page.locator("#item mark").count() > 0
    page.keyboard.press("j")
    page.locator(f"#item [data-shown]:not([data-shown='{first}'])").wait_for()
    page.keyboard.press("k")
    page.locator(f"#item [data-shown='{first}']").wait_for()
    page.locator("[data-sitting=after]").get_by_role("button", name="right", exact=True).click()
    page.get_by_text("1 mark by hand").wait_for()
    page.locator("#items .hand").wait_for()
    why = page.locator("[data-sitting=after]").get_by_label("Why, if you like")
    why.fill("means the same")
    why.press("Enter")
    page.locator("[data-sitting=after] q", has_text="means the same").wait_for()
    page.get_by_text("1 mark by hand").wait_for()
    page.locator("[data-sitting=before]").get_by_label("Why, if you like").press("Enter")
    page.locator("#item-filter select[name=outcome]").select_option("learned")
    page.locator("#items [data-item]").nth(1).wait_for(state="detached")
    assert "outcome=learned" in page.url
    page.reload()
    assert page.locator("#items [data-item]").count() == 1
