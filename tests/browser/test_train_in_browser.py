"""A training in a browser: the form starts it, the curve moves, a killed server changes nothing."""

from __future__ import annotations

import pytest

from examined_runs import project_with_tiny_model
from loresmith.settings import Settings
from loresmith.workspace.home import Home
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

LONG = {
    "training.num_epochs": 200.0,
    "training.min_steps": 1,
    "training.early_stopping": False,
    "training.batch_size": 8,
    "exam.max_practice": 0,
}


@pytest.fixture
def project(home, tmp_path, monkeypatch):
    """A project with a dataset, ready to train a tiny model for a while."""
    from loresmith import Workspace
    from loresmith.workspace.recipes import change_recipe

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = tmp_path / "coast"
    with TeacherServer(sentence_teacher) as teacher:
        project_with_tiny_model(folder, teacher.url, names=("annual-review.md",)).do("dataset")
    change_recipe(folder, LONG)
    assert Workspace(folder).status()["dataset"].complete
    return Home(Settings(home=home, database_url=None)).projects.add(folder, name="Coast")


def points(page) -> int:
    """How many steps the curve of the loss shows."""
    return int(page.locator("#chart-loss").get_attribute("data-points") or 0)


def wait_for_more_points(page, than: int) -> None:
    """Looks again and again (the CSP forbids the page's own `wait_for_function`)."""
    for _ in range(600):
        if points(page) > than:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"the curve stands still at {points(page)} steps")


def test_the_curve_moves_and_goes_on_after_the_server_was_killed(page, studio, project):
    page.allowed_faults += ["ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET"]
    page.allowed_faults.append("htmx:sendError")
    page.goto(f"/projects/{project.id}/train")
    page.locator("[data-ready=yes]").wait_for()
    page.get_by_role("textbox", name="Learning rate").fill("0.002")
    page.get_by_role("button", name="Train only").click()
    page.locator("tr[data-run][data-state=training]").wait_for(timeout=120_000)
    wait_for_more_points(page, 3)
    seen = points(page)
    studio.kill()
    studio.start()
    wait_for_more_points(page, seen + 3)
    page.reload()
    page.locator(".at-work").wait_for()
    wait_for_more_points(page, seen)
    page.get_by_role("button", name="Stop").click()
    page.locator("tr[data-run][data-state=stopped]").wait_for(timeout=120_000)
    page.get_by_text("The latest training was stopped").wait_for()
    stopped_at = points(page)
    page.locator("tr[data-run]").get_by_role("button", name="Go on").click()
    wait_for_more_points(page, stopped_at)
    page.get_by_role("button", name="Stop").click()
    page.locator("tr[data-run][data-state=stopped]").wait_for(timeout=120_000)
    run_id = page.locator("tr[data-run]").get_attribute("data-run")
    curves = page.request.get(f"/api/v1/projects/{project.id}/runs/{run_id}/curves").json()
    assert curves["step"] == list(range(1, curves["step"][-1] + 1))


def test_a_refused_start_leads_to_the_first_setting_that_is_not_right(page, project):
    page.allowed_faults.append("422")
    page.goto(f"/projects/{project.id}/train")
    page.get_by_label("Rank", exact=True).fill("0")
    page.get_by_role("button", name="Train only").click()
    rank = page.locator("#train-form [name='training.rank'][aria-invalid]")
    rank.wait_for()
    assert rank.evaluate("field => field === document.activeElement")
    assert page.locator("tr[data-run]").count() == 0


def test_the_command_follows_the_form_and_another_type_brings_its_fields(page, project):
    page.goto(f"/projects/{project.id}/train")
    page.get_by_label("Rank", exact=True).fill("8")
    page.get_by_label("Rank", exact=True).blur()
    page.locator("#command", has_text="training.rank=8").wait_for()
    page.locator("input[name='training.type'][value=full]").check()
    page.get_by_label("Rank", exact=True).wait_for(state="detached")
    page.locator("#command", has_text="training.type=full").wait_for()
    assert "rank" not in page.locator("#command").inner_text()
