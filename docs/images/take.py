"""Takes the pictures of the studio: every page, light and dark, in both languages, and on a phone.

    python docs/images/take.py --project FOLDER             all of them, into build/studio-pages
    python docs/images/take.py --project FOLDER --docs      the dozen that the docs show, kept small

FOLDER is a finished run of the example (a copy of examples/harbor after `loresmith run`); without
it the example is run first, which takes some minutes. Needs the extras `studio` and `dev`, and
Debian's chromium (LORESMITH_CHROMIUM names another).
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from loresmith.settings import Settings, load_settings  # noqa: E402
from loresmith.workspace.home import Home  # noqa: E402
from servers.studio_server import StudioServer  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = {
    "projects": "/",
    **{
        name: f"/projects/{{project}}/{name}"
        for name in (
            *("documents", "questions", "review", "dataset", "train"),
            *("exam", "chat", "jobs"),
        )
    },
    "project-settings": "/projects/{project}/settings",
    "models": "/models",
    "devices": "/devices",
    "settings": "/settings",
}
QUESTIONS = {
    "en": "How high is the Tessary Strait fee for late cancellation?",
    "zh": "说到澜屿渔港翻修冷库那笔经调整的概算，数目能告诉我吗？",
}
"""What the models are asked on the chat page: a question of the example's exam."""

MOST_BYTES = 150_000
"""Of a picture in the docs."""
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


class Look(NamedTuple):
    """How a page is looked at."""

    language: str
    theme: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}" + ("-phone" if self.width < 500 else "")


DESK = tuple(
    Look(language, theme, 1280, 800) for language in ("en", "zh") for theme in ("light", "dark")
)
PHONE = tuple(
    Look(language, theme, 390, 844) for language in ("en", "zh") for theme in ("light", "dark")
)


def main() -> None:
    """Takes what the command line asks for."""
    asked = _arguments()
    target = ROOT / "docs" / "images" if asked.docs else asked.output
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Settings(home=Path(folder) / "home", database_url=None))
        (home.settings.home / "models").symlink_to(load_settings().models)
        project = _finished(home, asked.project)
        with StudioServer(home.settings.home) as studio:
            for path, picture in _pictures(studio.url, project, docs=asked.docs):
                (target / path).write_bytes(picture)
                print(f"{path}: {len(picture) / 1000:.0f} kB")


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--project", type=Path, help="a finished run of the example")
    words.add_argument("--docs", action="store_true", help="only what the docs show")
    words.add_argument("--output", type=Path, default=ROOT / "build" / "studio-pages")
    return words.parse_args()


def _finished(home: Home, folder: Path | None) -> str:
    """The id of a project that has been through every step."""
    if folder is None:
        known = home.projects.create_example("Vessin")
        home.workspace(known.id).do("run")
        return known.id
    copy = home.settings.home / "projects" / "vessin"
    shutil.copytree(folder, copy)
    return home.projects.add(copy, name="Vessin").id


def _pictures(url: str, project: str, *, docs: bool) -> Iterator[tuple[str, bytes]]:
    """The name of each picture, with its bytes."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("LORESMITH_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        for look in (*DESK, *PHONE):
            page = _page(browser, url, look)
            for name, address in PAGES.items():
                if docs and not _is_in_docs(name, look):
                    continue
                page.goto(address.format(project=project))
                _settle(page)
                if name == "chat":
                    _ask(page, QUESTIONS[look.language])
                picture = page.screenshot()
                label = f"studio-{name}-{look.name}.png"
                yield label, _small(picture) if docs else picture
            page.context.close()
        browser.close()


def _is_in_docs(name: str, look: Look) -> bool:
    """Each language shows its own pages, and of all that only one is dark and one a phone's."""
    if look.width < 500:
        return name == "review" and look.theme == "light"
    if look.theme == "dark":
        return name == "exam" and look.language == "en"
    return name in ("documents", "review", "train", "exam", "chat")


def _page(browser: Browser, url: str, look: Look) -> Page:
    context = browser.new_context(
        base_url=url,
        locale="zh-CN" if look.language == "zh" else "en-GB",
        color_scheme="dark" if look.theme == "dark" else "light",
        viewport={"width": look.width, "height": look.height},
        reduced_motion="reduce",
    )
    return context.new_page()


def _settle(page: Page) -> None:
    """Until what the page loads after itself is there; a stream of events never ends."""
    from playwright.sync_api import expect

    page.wait_for_load_state("load")
    expect(page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)
    page.wait_for_timeout(400)  # curves are drawn after their data is there


def _ask(page: Page, question: str) -> None:
    """Asks both models and waits for their replies: loading them takes the longest."""
    from playwright.sync_api import expect

    page.locator("#question").fill(question)
    page.locator("#send").click()
    page.locator("#turns [aria-busy=true]").first.wait_for()
    expect(page.locator("#turns [aria-busy=true]")).to_have_count(0, timeout=180_000)
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
