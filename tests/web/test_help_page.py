"""The help: the docs of the studio, in the package, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


def test_links_to_other_docs_lead_somewhere(client):
    for target in re.findall(r'href="([^"#]+)"', client.get("/help").text.split("<article")[1]):
        if not target.startswith(("http", "#")):
            assert client.get(target).status_code == 200, target


def test_the_reference_of_settings_has_a_place_for_each_block(client):
    page = client.get("/help/recipe").text
    for anchor in set(re.findall(r'href="#([^"]+)"', page.split("<article")[1])):
        assert f'id="{anchor}"' in page
