"""Takes the pictures of the studio: every page, light and dark, in both languages, and on a phone.

    python docs/images/take.py --project FOLDER             all of them, into build/studio-pages
    python docs/images/take.py --project FOLDER --docs      the dozen that the docs show, kept small

FOLDER is a finished run of the example (a copy of examples/harbor after `loresmith run`); without
it the example is run first, which takes some minutes. `--look zh-dark-phone` and `--page train`
narrow the choice and may be given several times. Needs the extras `studio` and `dev`, and Debian's
chromium (LORESMITH_CHROMIUM names another).
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from loresmith.settings import Settings, load_settings  # noqa: E402
from loresmith.workspace.accounts import Accounts  # noqa: E402
from loresmith.workspace.home import Home  # noqa: E402
from loresmith.workspace.projects import KnownProject  # noqa: E402
from servers.studio_server import StudioServer  # noqa: E402
from studio_pages import (  # noqa: E402
    STUDIO_PAGES,
    StudioPage,
    pages_of_project,
    pages_of_things,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTIONS = {
    "en": "How high is the Tessary Strait fee for late cancellation?",
    "zh": "记者问起墨鸥号下水，想写明具体月和日，青礁船厂要怎么回答？",
}
"""What the models are asked on the chat page: a question of the example's exam."""

OPENED = {
    "projects": "create-dialog",
    "review": "keys",
    "models": "new-provider",
}
"""Pages of which a second picture is taken, with this dialog open."""

IN_DOCS = {
    "light": (
        *("projects", "documents", "document", "questions", "review", "dataset"),
        *("train", "exam", "chat", "models"),
    ),
    "dark": ("exam",),
    "phone": ("review",),
}
"""The pages that the docs show in each language; of all that only one is dark and one a phone's."""

MOST_BYTES = 150_000
"""Of a picture in the docs."""
TALLEST = {1280: 1800, 390: 2800}
"""Pixels of a page, by the width of the window, that a picture shows at most."""
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


class Look(NamedTuple):
    """How a page is looked at."""

    language: str
    theme: str
    width: int

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}" + ("-phone" if self.is_phone else "")

    @property
    def is_phone(self) -> bool:
        return self.width < 500

    @property
    def height(self) -> int:
        return 844 if self.is_phone else 800


LOOKS = tuple(Look(*parts) for parts in product(("en", "zh"), ("light", "dark"), (1280, 390)))


def main() -> None:
    """Takes what the command line asks for."""
    asked = _arguments()
    target = ROOT / "docs" / "images" if asked.docs else asked.output
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Settings(home=Path(folder) / "home", database_url=None))
        (home.settings.home / "models").symlink_to(load_settings().models)
        known = _finished(home, asked.project)
        pages = _pages(home, known)
        with StudioServer(home.settings.home) as studio:
            for path, picture in _pictures(studio.url, _wanted(pages, asked), docs=asked.docs):
                (target / path).write_bytes(picture)
                print(f"{path}: {len(picture) / 1000:.0f} kB")
    if not asked.docs and not (asked.look or asked.page):
        _take_login(target)


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--project", type=Path, help="a finished run of the example")
    words.add_argument("--docs", action="store_true", help="only what the docs show")
    words.add_argument("--output", type=Path, default=ROOT / "build" / "studio-pages")
    words.add_argument("--look", action="append", choices=[look.name for look in LOOKS])
    words.add_argument("--page", action="append", help="such as train, empty-exam, not-found")
    return words.parse_args()


def _finished(home: Home, folder: Path | None) -> KnownProject:
    """A project that has been through every step."""
    if folder is None:
        known = home.projects.create_example("Vessin")
        home.workspace(known.id).do("run")
        return known
    copy = home.settings.home / "projects" / "vessin"
    shutil.copytree(folder, copy)
    return home.projects.add(copy, name="Vessin")


def _pages(home: Home, known: KnownProject) -> list[StudioPage]:
    empty = home.projects.create("新项目 New")
    return [
        *STUDIO_PAGES,
        *pages_of_project(known),
        *pages_of_things(home, known),
        *pages_of_project(empty, prefix="empty-"),
    ]


def _wanted(
    pages: list[StudioPage], asked: argparse.Namespace
) -> Iterator[tuple[Look, list[StudioPage]]]:
    """The pages to take in each look."""
    for look in LOOKS:
        if look.name not in (asked.look or [look.name]):
            continue
        names = [page.name for page in pages]
        if asked.docs:
            names = _in_docs(look)
        yield (
            look,
            [
                page
                for page in pages
                if page.name in names and page.name in (asked.page or [page.name])
            ],
        )


def _in_docs(look: Look) -> list[str]:
    if look.is_phone:
        return list(IN_DOCS["phone"]) if look.theme == "light" else []
    return list(IN_DOCS[look.theme])


def _pictures(
    url: str, wanted: Iterator[tuple[Look, list[StudioPage]]], *, docs: bool
) -> Iterator[tuple[str, bytes]]:
    """The name of each picture, with its bytes."""
    with _browser() as browser:
        for look, pages in wanted:
            page = _page(browser, url, look)
            for shown in pages:
                page.goto(shown.path)
                _settle(page)
                if shown.name == "chat":
                    _ask(page, QUESTIONS[look.language])
                picture = _small(page.screenshot()) if docs else _whole(page, look)
                yield f"studio-{shown.name}-{look.name}.png", picture
                if shown.name in OPENED and not docs:
                    page.locator(f"[data-open={OPENED[shown.name]}]").first.click()
                    yield f"studio-{shown.name}-dialog-{look.name}.png", page.screenshot()
            page.context.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("LORESMITH_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield browser
        browser.close()


def _take_login(target: Path) -> None:
    """The door of a studio that others can reach: a studio of its own, over an empty home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Settings(home=Path(folder) / "home", database_url=None))
        Accounts(home.engine).add("li", "a password for a picture")
        login = [(look, [StudioPage("login", "/login")]) for look in LOOKS]
        with StudioServer(home.settings.home, arguments=("--login",)) as studio:
            for path, picture in _pictures(studio.url, iter(login), docs=False):
                (target / path).write_bytes(picture)


def _page(browser: Browser, url: str, look: Look) -> Page:
    context = browser.new_context(
        base_url=url,
        locale="zh-CN" if look.language == "zh" else "en-GB",
        color_scheme="dark" if look.theme == "dark" else "light",
        viewport={"width": look.width, "height": look.height},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def _settle(page: Page) -> None:
    """Until what the page loads after itself is there; a stream of events never ends."""
    from playwright.sync_api import expect

    page.wait_for_load_state("load")
    loading = ".htmx-request:not([hx-trigger*=every]), [aria-busy=true]"
    expect(page.locator(loading)).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(400)  # curves are drawn after their data is there


def _whole(page: Page, look: Look) -> bytes:
    """The page down to its end, unless it is very long."""
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST[look.width])
    clip = {"x": 0, "y": 0, "width": look.width, "height": max(height, look.height)}
    return page.screenshot(full_page=True, clip=clip)


def _ask(page: Page, question: str) -> None:
    """Asks both models and waits for their replies: loading them takes the longest."""
    from playwright.sync_api import expect

    page.locator("#max_tokens").fill("64")  # an untuned model does not know when to stop
    page.locator("#question").fill(question)
    page.locator("#send").click()
    page.locator("#turns [aria-busy=true]").first.wait_for()
    expect(page.locator("#turns [aria-busy=true]")).to_have_count(0, timeout=600_000)
    page.locator("#content").click(position={"x": 5, "y": 5})


def _small(picture: bytes) -> bytes:
    """A PNG of few colours: pages have few."""
    from PIL import Image

    colours = 128
    while True:
        made = io.BytesIO()
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        image.quantize(colours, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
        if made.tell() <= MOST_BYTES or colours <= 16:
            return made.getvalue()
        colours //= 2


if __name__ == "__main__":
    main()
