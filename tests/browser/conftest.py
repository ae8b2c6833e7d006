"""A real browser over a real studio; a page that logs an error or breaks the CSP fails its test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.studio_server import StudioServer

playwright = pytest.importorskip("playwright.sync_api")

_CHROMIUM = Path(os.environ.get("LORESMITH_CHROMIUM", "/usr/bin/chromium"))
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_OF_LEAVING = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says when a person leaves a page that was just asking for something."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, with the models of this machine's where there are any."""
    folder = tmp_path / "home"
    folder.mkdir()
    models = Path(os.environ.get("LORESMITH_HOME", "")) / "models"
    if os.environ.get("LORESMITH_HOME") and models.is_dir():
        (folder / "models").symlink_to(models)
    return folder


@pytest.fixture
def studio(home: Path) -> Iterator[StudioServer]:
    """A running studio: `studio.url`, `studio.home`; `kill()` and `start()` for a crash."""
    with StudioServer(home) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Debian's Chromium, one for all tests."""
    if not _CHROMIUM.exists():
        why = "needs a browser: apt install chromium (or set LORESMITH_CHROMIUM to its path)"
        if os.environ.get("LORESMITH_NO_SKIPS") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=str(_CHROMIUM), args=_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def language() -> str:
    """The language of `page`; a test may ask for another by overriding or parametrising this."""
    return "en"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows a link looks at the page, scripts and all, before doing anything there."""
    click = playwright.Locator.click

    def click_and_look(self: object, **options: object) -> None:
        click(self, **options)
        self.page.wait_for_load_state()

    monkeypatch.setattr(playwright.Locator, "click", click_and_look)


@pytest.fixture
def page(browser: object, studio: StudioServer, language: str) -> Iterator[object]:
    """A page in a context of its own: `page.goto("/")`. What its console complains of fails it.

    A test that provokes a fault (a killed server, a refused upload) names what the console may
    say: `page.allowed_faults.append("ERR_CONNECTION_REFUSED")`.
    """
    context = browser.new_context(
        base_url=studio.url,
        locale="zh-CN" if language == "zh" else "en-GB",
        viewport={"width": 1280, "height": 800},
        reduced_motion="reduce",
    )
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    faults = _faults_of(opened)
    yield opened
    context.close()
    unexpected = [
        fault for fault in faults if not any(word in fault for word in opened.allowed_faults)
    ]
    assert not unexpected, "the browser complained:\n" + "\n".join(unexpected)


def _faults_of(opened: object) -> list[str]:
    """What the browser complains of in this page, from now on."""
    faults: list[str] = []
    opened.allowed_faults = list(_OF_LEAVING)
    opened.on("pageerror", lambda error: faults.append(f"{opened.url}: {error}"))
    opened.on(
        "console",
        lambda said: (
            faults.append(f"{opened.url}: {said.text} ({said.location.get('url', '')})")
            if said.type == "error" or "Content Security Policy" in said.text
            else None
        ),
    )
    return faults
