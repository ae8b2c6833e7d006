"""Projects and jobs as a person meets them: dialogs, bars that move, a server that dies."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from loresmith.settings import load_settings
from loresmith.workspace import Workspace
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(autouse=True)
def _same_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test works in the home that the studio serves."""
    monkeypatch.setenv("LORESMITH_HOME", str(home))
    monkeypatch.setenv("OPENAI_API_KEY", "none")


@pytest.fixture
def known(tmp_path: Path) -> KnownProject:
    folder = copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")
    return Home(load_settings()).projects.add(folder, name="Coast")


def test_a_first_run_begins_with_the_example_and_can_be_undone(page: Any) -> None:
    page.goto("/")
    page.get_by_role("button", name="Begin with the example").click()
    page.wait_for_url(re.compile(r"/projects/\w+/documents"))
    guide = page.get_by_role("region", name="First run")
    expect(guide.get_by_text("Press “Generate questions…”")).to_be_visible()
    page.get_by_role("link", name="Review", exact=True).click()
    guide.get_by_role("link", name="To the documents").click()
    page.wait_for_url(re.compile(r"/documents"))
    guide.get_by_role("button", name="Put the guide away").click()
    expect(guide).to_have_count(0)
    page.goto("/")
    page.allowed_faults.append("422")  # a name that is none
    page.get_by_role("button", name="Rename").click()
    dialog = page.get_by_role("dialog", name="Rename the project")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Name").fill("  ")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("A project needs a name.")).to_be_visible()
    dialog.get_by_label("Name").fill("港口")
    dialog.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", name="港口")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete this project?")
    expect(dialog.get_by_text("On the disk")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Begin with the example")).to_be_visible()


def test_a_project_is_made_by_keyboard(page: Any, known: KnownProject) -> None:
    page.goto("/")
    page.get_by_role("button", name="New project").press("Enter")
    dialog = page.get_by_role("dialog", name="New project")
    expect(dialog.get_by_label("Which project")).to_be_hidden()
    dialog.get_by_role("radio", name="The settings of another project").check()
    expect(dialog.get_by_label("Which project")).to_be_visible()
    dialog.get_by_role("textbox", name="Name").fill("Second")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    page.wait_for_url(re.compile(r"/documents"))
    page.goto("/")
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    expect(page.get_by_role("heading", name=known.name)).to_be_visible()


def test_an_open_page_follows_a_job_through_the_death_of_the_server(
    page: Any, studio: StudioServer, known: KnownProject
) -> None:
    page.allowed_faults.extend(("net::", "Failed to fetch", "htmx:sendError", "htmx:afterRequest"))
    with TeacherServer(sentence_teacher, latency=1.0) as server:
        workspace = Workspace(
            known.folder,
            teacher=f"openai:any@{server.url}",
            overrides=("teacher.concurrency=1",),
        )
        background = Background(workspace)
        job_id = background.submit("generate")
        page.goto(f"/projects/{known.id}/jobs/{job_id}")
        bar = page.get_by_role("progressbar", name="Write questions")
        expect(bar).to_have_attribute("value", re.compile(r"[1-9]\d*"), timeout=60_000)
        studio.kill()
        expect(page.get_by_text("Connection lost")).to_be_visible(timeout=30_000)
        before = len(server.finished)
        until = time.monotonic() + 60
        while len(server.finished) <= before and time.monotonic() < until:
            page.wait_for_timeout(100)
        assert len(server.finished) > before, "the work goes on without a server"
        studio.start()
        server.latency = 0.0
        expect(page.locator(".job .badge", has_text="done")).to_be_visible(timeout=90_000)
        expect(page.locator("#log-text")).to_contain_text("done", timeout=30_000)
        assert not server.paid_twice
    assert [attempt.outcome for attempt in background.job(job_id).attempts] == ["done"]


def test_a_job_is_stopped_from_the_list(page: Any, known: KnownProject) -> None:
    with TeacherServer(sentence_teacher, latency=2.0) as server:
        workspace = Workspace(
            known.folder,
            teacher=f"openai:any@{server.url}",
            overrides=("teacher.concurrency=1",),
        )
        job_id = Background(workspace).submit("generate")
        page.goto(f"/projects/{known.id}/jobs")
        page.get_by_role("button", name="Stop").click()
        row = page.locator(f"#job-{job_id}")
        expect(row.get_by_text("stopped", exact=True)).to_be_visible(timeout=60_000)
        expect(row.get_by_role("button", name="Go on").first).to_be_visible()
