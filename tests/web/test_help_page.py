"""The help: the docs of the studio, in the package, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loresmith import web

DOCS = Path(__file__).parents[2] / "docs"


def anchors(name: str) -> list[str]:
    return re.findall(r'<a id="([\w-]+)"></a>', (DOCS / name).read_text("utf-8"))


def pictures(name: str) -> list[str]:
    return re.findall(r"\]\((images/[^)]+)\)", (DOCS / name).read_text("utf-8"))


def test_both_languages_have_the_same_sections():
    assert anchors("studio.md") == anchors("studio.zh.md")


def test_the_help_is_shown_in_the_language_of_whoever_asks(client):
    assert "One row, large, with its source beside it" in client.get("/help").text
    chinese = client.get("/help", headers={"Accept-Language": "zh-CN"}).text
    assert "一次一条，大字显示" in chinese
    assert 'id="review"' in chinese


@pytest.mark.parametrize("name", ["studio.md", "studio.zh.md"])
def test_every_picture_of_the_docs_is_there_small_and_served(client, name):
    assert len(pictures(name)) >= 6
    for picture in pictures(name):
        path = DOCS / picture
        assert path.stat().st_size <= 150_000, picture
        reply = client.get(f"/help/{picture}")
        assert reply.status_code == 200, picture
        assert reply.headers["Content-Type"] == "image/png"
        assert reply.content == path.read_bytes()


def test_no_other_file_is_served_as_a_picture(client):
    assert client.get("/help/images/take.py").status_code == 404
    assert client.get("/help/images/..%2fstudio.md").status_code == 404


@pytest.mark.parametrize("page", ["/help", "/help/recipe", "/help/providers", "/help/serving"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_links_to_other_docs_lead_somewhere(client, page, language):
    asked = {"Accept-Language": language}
    written = client.get(page, headers=asked).text.split("<article")[1]
    for target in set(re.findall(r'href="([^"]+)"', written)):
        address, _, anchor = target.partition("#")
        if not address.startswith("http"):
            reply = client.get(address or page, headers=asked)
            assert reply.status_code == 200, target
            assert not anchor or f'id="{anchor}"' in reply.text, target


def test_every_help_link_of_a_page_has_its_section_in_both_languages():
    templates = Path(web.__file__).parent
    named = {
        name
        for path in [*templates.rglob("*.html"), *templates.rglob("*.py")]
        for name in re.findall(
            r"""(?:help_link\(|help_page ?= ?|\bpage=)"([\w-]+)\"""", path.read_text("utf-8")
        )
    }
    assert {"review", "train", "project-settings"} <= named
    assert named <= set(anchors("studio.md"))
    assert named <= set(anchors("studio.zh.md"))


def test_the_reference_of_settings_is_in_the_language_of_whoever_asks(client):
    page = client.get("/help/recipe", headers={"Accept-Language": "zh-CN"}).text
    cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", page)
    words = [re.sub(r"<code>.*?</code>|<[^>]+>", "", cell) for cell in cells]
    english = {cell for cell in words if re.search(r"[a-z]{3,} [a-z]{2,}", cell)}
    assert len(words) > 400
    assert not english


def test_the_reference_of_settings_has_a_place_for_each_block(client):
    page = client.get("/help/recipe").text
    for anchor in set(re.findall(r'href="#([^"]+)"', page.split("<article")[1])):
        assert f'id="{anchor}"' in page
