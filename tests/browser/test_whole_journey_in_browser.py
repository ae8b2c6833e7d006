"""From documents to a chat with the tuned model, as a person goes: in English and in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from loresmith.web.i18n import translations
from projects import HARBOR
from servers.sentence_teacher import sentence_teacher
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer
from tiny_model import make_tiny_model

pytestmark = pytest.mark.timeout(600)

Say = Callable[[str], str]
"""From the English of a button to what it says in the language of the page."""

_WAIT = 240_000
"""Milliseconds for a job; generous, as the machine may be busy."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def teacher() -> Iterator[TeacherServer]:
    with TeacherServer(sentence_teacher, latency=0.3) as server:
        yield server


@pytest.fixture
def studio(home: Path) -> Iterator[StudioServer]:
    with StudioServer(home, OPENAI_API_KEY="none", OMP_NUM_THREADS="1") as server:
        yield server


@pytest.fixture
def recipe(base: Path, teacher: TeacherServer) -> str:
    """What a person types into the settings: a local teacher, a tiny base model, quick exams."""
    lines = [
        f"teacher: {{type: openai, model: any, url: '{teacher.url}'}}",
        f"base_model: {base}",
        "training: {num_epochs: 30, batch_size: 8}",
        "exam: {max_practice: 3, max_items: 6, max_tokens: 4, max_general_tokens: 2, retention: 0}",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_goes_from_documents_to_a_model_and_talks_with_it(
    page, recipe: str, language: str, tmp_path: Path
) -> None:
    say = translations(language).gettext
    project = _make_project(page, say, recipe)
    _upload(page, project, "annual-review.md", "渔港纪要.txt")
    _generate(page, project, say)
    _confirm_ten_by_keyboard(page, project)

    page.goto(f"{project}/dataset")
    page.get_by_role("button", name=say("Freeze a version")).click()
    page.locator("ol.versions li").wait_for(timeout=_WAIT)

    _train_and_see_the_curve_move(page, project, say)
    page.goto(f"{project}/exam")
    assert page.locator("#items").inner_text().strip()
    assert "%" in page.locator("#scores").inner_text()

    _talk_to_both(page, project, say)
    _export(page, project, say, tmp_path)


@pytest.mark.parametrize("moment", ["generation", "training"])
def test_a_server_that_is_killed_costs_nothing_and_the_open_page_recovers(
    page, studio: StudioServer, recipe: str, teacher: TeacherServer, moment: str
) -> None:
    page.allowed_faults += ["ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"]
    page.allowed_faults += ["ERR_INCOMPLETE_CHUNKED_ENCODING", "Failed to fetch", "htmx:sendError"]
    page.allowed_faults += ["NetworkError", "network error"]
    say = translations("en").gettext
    project = _make_project(page, say, recipe)
    _upload(page, project, "annual-review.md", "渔港纪要.txt")
    if moment == "generation":
        page.goto(f"{project}/documents")
        page.get_by_role("button", name=say("Generate questions…")).click()
        page.locator("#generate").get_by_role("button", name=say("Generate"), exact=True).click()
        page.locator("#generate .job").wait_for()
    else:
        page.goto(f"{project}/train")
        page.get_by_role("button", name=say("Train and examine")).click()
        page.locator(".at-work").wait_for(timeout=_WAIT)
        _wait_for_steps(page)
    studio.kill()
    studio.start()
    if moment == "generation":
        page.get_by_role("link", name=say("Look at the questions")).wait_for(timeout=_WAIT)
    else:
        _wait_for_the_end(page)
        page.goto(f"{project}/exam")
        assert "%" in page.locator("#scores").inner_text()
    assert not teacher.paid_twice


def _make_project(page, say: Say, recipe: str) -> str:
    """Creates a project by the dialog and writes its recipe; returns its address."""
    page.goto("/")
    page.get_by_role("button", name=say("New project")).first.click()
    page.locator("#create-form [name=name]").fill("港口 Coast")
    page.locator("#create-form").get_by_role("button", name=say("Create")).click()
    page.wait_for_url(re.compile(r"/projects/[0-9a-f]+/"))
    found = re.search(r"/projects/[0-9a-f]+", page.url)
    assert found is not None
    page.goto(f"{found[0]}/settings/recipe")
    page.locator("#recipe-form [name=recipe]").fill(recipe)
    page.locator("#recipe-form").get_by_role("button", name=say("Save")).click()
    page.locator("#recipe-form").get_by_text(say("Saved. The next run uses it.")).wait_for()
    return found[0]


def _upload(page, project: str, *names: str) -> None:
    page.goto(f"{project}/documents")
    page.locator("#files").set_input_files([HARBOR / "documents" / name for name in names])
    for name in names:
        page.locator("#documents").get_by_role("link", name=name).wait_for()


def _generate(page, project: str, say: Say) -> None:
    page.goto(f"{project}/documents")
    page.get_by_role("button", name=say("Generate questions…")).click()
    page.locator("#generate").get_by_role("button", name=say("Generate"), exact=True).click()
    page.get_by_role("link", name=say("Look at the questions")).wait_for(timeout=_WAIT)


def _confirm_ten_by_keyboard(page, project: str) -> None:
    page.goto(f"{project}/review")
    seen = []
    for _ in range(10):
        row = page.locator("[data-row]").get_attribute("data-row")
        assert page.locator("[data-source] mark").count() >= 1, "the evidence is not highlighted"
        seen.append(row)
        page.keyboard.press("c")
        page.locator(f"[data-row]:not([data-row='{row}'])").wait_for()
    assert len(set(seen)) == 10
    page.goto(f"{project}/questions")
    assert page.locator("#content").inner_text()


def _train_and_see_the_curve_move(page, project: str, say: Say) -> None:
    page.goto(f"{project}/train")
    page.get_by_role("button", name=say("Train and examine")).click()
    _wait_for_steps(page)
    step = page.locator("[data-figure=step]").inner_text()
    expect(page.locator("[data-figure=step]")).not_to_have_text(step, timeout=_WAIT)
    _wait_for_the_end(page)


def _wait_for_steps(page) -> None:
    done = re.compile(r"^\s*([2-9]|[1-9]\d+)\b")
    expect(page.locator("[data-figure=step]")).to_have_text(done, timeout=_WAIT)


def _wait_for_the_end(page) -> None:
    expect(page.locator("#job-state")).to_have_attribute("data-active", "no", timeout=_WAIT)


def _talk_to_both(page, project: str, say: Say) -> None:
    page.goto(f"{project}/chat")
    assert page.locator("#left").input_value() != page.locator("#right").input_value() != ""
    page.locator("#max_tokens").fill("8")
    page.locator("#question").fill("How many ships called at Calder Reach in 2031?")
    page.get_by_role("button", name=say("Ask"), exact=True).click()
    expect(page.locator("[data-loaded=yes]")).to_have_count(2, timeout=_WAIT)


def _export(page, project: str, say: Say, folder: Path) -> None:
    page.goto(f"{project}/dataset")
    page.get_by_role("link", name=say("Export")).first.click()
    page.locator("#export input[value=alpaca]").check()
    page.locator("#preview a[href*='form=alpaca']").wait_for()
    with page.expect_download() as download:
        page.locator("#preview a", has_text=say("Download")).click()
    path = folder / "alpaca.json"
    download.value.save_as(path)
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert len(rows) > 20
    assert all(row["output"] for row in rows)
