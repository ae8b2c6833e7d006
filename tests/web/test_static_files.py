"""What the pages load lies in the package, and needs nothing that a strict policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loresmith import web

WEB = Path(web.__file__).parent
STATIC = WEB / "static"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


def test_each_third_party_file_has_its_version_licence_and_notice():
    notice = (STATIC / "vendor" / "NOTICE").read_text("utf-8")
    folders = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        name, version = folder.name.rsplit("-", 1)
        assert (folder / "LICENSE").stat().st_size > 300
        assert f"{name} {version}".lower() in notice.lower()
        scripts = "".join(path.read_text("utf-8") for path in folder.glob("*.js"))
        assert version in scripts, f"{folder.name} holds another version"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name + "/" + path.name)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(path):
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=", text), "a style must be in style.css"
    assert not re.search(r"\son[a-z]+=|hx-on|hx_on|hx-vals=['\"]js:|javascript:", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert 'src="/static/' in tag, f"an inline script: {tag}"
    assert not re.findall(r"(?:src|href)=\"https?://[^\"]*", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name + "/" + path.name)
def test_every_file_that_a_template_names_is_there(path):
    for name in re.findall(r"[\"'](/static/[^\"'#{]+)", path.read_text("utf-8")):
        assert (STATIC / name.removeprefix("/static/")).is_file(), name


def test_every_sign_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        named = re.findall(r"icon_name=\"([\w-]+)\"|ui\.icon\(\"([\w-]+)\"\)", text)
        for name in {one or other for one, other in named}:
            assert name in drawn, f"{path.name} shows {name}"


def test_a_script_imports_only_what_is_there():
    for path in STATIC.joinpath("js").glob("*.js"):
        for name in re.findall(r"from \"(\.[^\"]+)\"", path.read_text("utf-8")):
            assert (path.parent / name).resolve().is_file(), f"{path.name} imports {name}"


def test_nothing_moves_for_who_asked_for_less_motion():
    style = (STATIC / "style.css").read_text("utf-8")
    begin = style.index("@media (prefers-reduced-motion: no-preference) {")
    end = style.index("\n}", begin)
    assert "animation:" in style[begin:end]
    assert not re.search(r"animation:|transition:|scroll-behavior", style[:begin] + style[end:])
    for path in STATIC.joinpath("js").glob("*.js"):
        assert "smooth" not in re.findall(r"behavior: \"(\w+)\"", path.read_text("utf-8"))


def test_a_browser_is_told_to_ask_whether_a_file_has_changed(client):
    reply = client.get("/static/style.css")
    assert reply.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/style.css", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304


def test_a_path_cannot_leave_the_folder(client):
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/app.py").status_code == 404
    assert client.get("/static/..%2fapp.py").status_code == 404
