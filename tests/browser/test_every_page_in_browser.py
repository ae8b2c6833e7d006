"""Every page in the navigation, in both languages and themes, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from finished_project import make_finished_project
from loresmith.settings import Settings
from loresmith.workspace.home import Home
from servers.studio_server import StudioServer

expect = pytest.importorskip("playwright.sync_api").expect

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

PROJECT_PAGES = (
    *("documents", "questions", "review", "dataset", "train", "exam", "chat", "jobs", "settings"),
)
STUDIO_PAGES = ("/", "/models", "/devices", "/settings", "/help")


class Shown(NamedTuple):
    """A running studio and the addresses of all its pages."""

    url: str
    paths: tuple[str, ...]


WIDTHS = {"desk": 1280, "phone": 390}
CHECKS = Path(__file__).with_name("page_checks.js").read_text("utf-8")


ALWAYS = [
    ("en", "light", "desk"),
    ("zh", "dark", "desk"),
    ("zh", "light", "phone"),
    ("en", "dark", "phone"),
]
"""Each language meets each theme and width; what is left is as good as seen, and slow."""

LOOKS = [
    pytest.param(look, marks=[] if look in ALWAYS else [pytest.mark.slow], id="-".join(look))
    for look in product(("en", "zh"), ("light", "dark"), WIDTHS)
]


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Iterator[Shown]:
    """A studio with a project that is finished and one that is empty."""
    folder = tmp_path_factory.mktemp("pages") / "home"
    home = Home(Settings(home=folder, database_url=None))
    projects = [make_finished_project(home).id, home.projects.create("Empty").id]
    with StudioServer(folder) as studio:
        paths = [f"/projects/{known}/{name}" for known in projects for name in PROJECT_PAGES]
        yield Shown(studio.url, (*STUDIO_PAGES, *paths))


@pytest.fixture
def opened(browser, shown, look) -> Iterator[Page]:
    """A browser's page in this language, theme and width."""
    language, theme, width = look
    context = browser.new_context(
        base_url=shown.url,
        locale="zh-CN" if language == "zh" else "en-GB",
        color_scheme=theme,
        viewport={"width": WIDTHS[width], "height": 844},
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_a_page_fits_can_be_read_and_logs_no_error(opened, shown):
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(f"{opened.url}: {error}"))
    opened.on("console", lambda said: faults.extend(_complaints(opened.url, said)))
    for path in shown.paths:
        reply = opened.goto(path)
        opened.wait_for_load_state("load")
        expect(opened.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)
        if reply.status != 200:
            faults.append(f"{path}: status {reply.status}")
        faults += [f"{path}: {fault}" for fault in opened.evaluate(CHECKS)]
    assert not faults, "\n".join(faults)


def test_every_page_says_where_its_help_is(browser, shown):
    context = browser.new_context(base_url=shown.url, locale="en-GB")
    opened = context.new_page()
    opened.goto("/help")
    known = set(opened.evaluate("[...document.querySelectorAll('[id]')].map((it) => it.id)"))
    for path in shown.paths:
        if path == "/help":
            continue
        opened.goto(path)
        anchor = opened.locator(".help-link").first.get_attribute("href")
        assert anchor.partition("#")[2] in known, f"{path} links to {anchor}"
    context.close()


def _complaints(url: str, said: ConsoleMessage) -> list[str]:
    is_fault = said.type == "error" or "Content Security Policy" in said.text
    return [f"{url}: {said.text}"] if is_fault else []
