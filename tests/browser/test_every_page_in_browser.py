"""Every page of the studio, in both languages and themes, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from finished_project import make_finished_project
from loresmith.settings import Settings
from loresmith.workspace.accounts import Accounts
from loresmith.workspace.home import Home
from servers.studio_server import StudioServer
from studio_pages import STUDIO_PAGES, StudioPage, pages_of_project, pages_of_things

expect = pytest.importorskip("playwright.sync_api").expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page


class Shown(NamedTuple):
    """A running studio and all its pages."""

    url: str
    pages: tuple[StudioPage, ...]


WIDTHS = {"desk": 1280, "phone": 390}
CHECKS = Path(__file__).with_name("page_checks.js").read_text("utf-8")
ENGLISH = Path(__file__).with_name("english_words.js").read_text("utf-8")
LOADING = ".htmx-request:not([hx-trigger*=every]), [aria-busy=true]"
"""What is there until a page is complete; what asks again and again never ends."""

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
    finished, empty = make_finished_project(home), home.projects.create("Empty")
    of_projects = [*pages_of_project(finished), *pages_of_project(empty, prefix="empty-")]
    with StudioServer(folder) as studio:
        pages = (*STUDIO_PAGES, *of_projects, *pages_of_things(home, finished))
        yield Shown(studio.url, pages)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Shown]:
    """A studio that asks who one is."""
    folder = tmp_path_factory.mktemp("guarded") / "home"
    Accounts(Home(Settings(home=folder, database_url=None)).engine).add("li", "a long password")
    with StudioServer(folder, arguments=("--login",)) as studio:
        yield Shown(studio.url, (StudioPage("login", "/login"),))


@pytest.fixture
def open_page(browser, look) -> Iterator[Callable[[Shown], Page]]:
    """Opens a browser's page over a studio, in this language, theme and width."""
    language, theme, width = look
    contexts: list[BrowserContext] = []

    def opened(studio: Shown) -> Page:
        context = browser.new_context(
            base_url=studio.url,
            locale="zh-CN" if language == "zh" else "en-GB",
            color_scheme=theme,
            viewport={"width": WIDTHS[width], "height": 844},
            reduced_motion="reduce",
        )
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("look", LOOKS)
def test_a_page_fits_can_be_read_and_logs_no_error(open_page, look, shown, guarded):
    faults = [
        fault
        for studio in (shown, guarded)
        for fault in _faults_of(open_page(studio), studio.pages, is_chinese=look[0] == "zh")
    ]
    assert not faults, "\n".join(faults)


def _faults_of(page: Page, pages: Sequence[StudioPage], *, is_chinese: bool) -> list[str]:
    """What is wrong with each of the pages, and what the browser complains of."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("console", lambda said: faults.extend(_complaints(page.url, said)))
    for shown in pages:
        reply = page.goto(shown.path)
        page.wait_for_load_state("load")
        expect(page.locator(LOADING)).to_have_count(0, timeout=60_000)
        if reply.status != shown.status:
            faults.append(f"{shown.path}: status {reply.status}")
        faults += [f"{shown.path}: {fault}" for fault in page.evaluate(CHECKS)]
        if is_chinese:
            faults += [f"{shown.path}: English: {words}" for words in page.evaluate(ENGLISH)]
    return faults


def _complaints(url: str, said: ConsoleMessage) -> list[str]:
    """Faults in the console; that a page of an error has an error's status is none."""
    is_fault = said.type == "error" or "Content Security Policy" in said.text
    is_status = said.text.startswith("Failed to load resource") and said.location["url"] == url
    return [f"{url}: {said.text}"] if is_fault and not is_status else []


@pytest.mark.timeout(900)
def test_every_page_says_where_its_help_is(browser, shown):
    context = browser.new_context(base_url=shown.url, locale="en-GB")
    opened = context.new_page()
    opened.goto("/help")
    known = set(opened.evaluate("[...document.querySelectorAll('[id]')].map((it) => it.id)"))
    for page in shown.pages:
        if page.path.startswith("/help") or page.status != 200:
            continue
        opened.goto(page.path)
        anchor = opened.locator(".help-link").first.get_attribute("href")
        assert anchor.partition("#")[2] in known, f"{page.path} links to {anchor}"
    context.close()
