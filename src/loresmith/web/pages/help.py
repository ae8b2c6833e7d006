"""The help: docs/studio.md as a page, there without a network and in the reader's language."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from markupsafe import Markup

from loresmith.errors import NotFound
from loresmith.web.i18n import language_of_request
from loresmith.web.rendering import render

router = APIRouter()

_NOT_IN_AN_ANCHOR = re.compile(r"[^\w-]")

_WEB = Path(__file__).parents[1]
_DOCS = next(
    folder
    for folder in (_WEB / "docs", Path(__file__).parents[4] / "docs", _WEB)
    if (folder / "studio.md").exists() or folder == _WEB
)
"""In an installed package the docs lie in it, in a checkout beside `src`."""


@router.get("/help")
def help_page(request: Request) -> Response:
    """The docs of the studio in the language of whoever asks."""
    name = "studio.zh.md" if language_of_request(request) == "zh" else "studio.md"
    return render(request, "help/index.html", text=Markup(_as_html(name)))  # our own files


@router.get("/help/recipe")
def recipe_reference(request: Request) -> Response:
    """Every setting of a recipe."""
    return render(request, "help/recipe.html", text=Markup(_as_html("reference/recipe.md")))


@router.get("/help/images/{name}")
def picture(name: str) -> Response:
    """A picture of the docs."""
    known = {path.name: path for path in (_DOCS / "images").glob("studio-*.png")}
    if name not in known:
        raise NotFound("there is no such picture")
    return FileResponse(known[name])


@cache
def _as_html(name: str) -> str:
    from markdown_it import MarkdownIt

    path = _DOCS / name
    if not path.exists():
        raise NotFound(f"the docs ({name}) are not part of this installation")
    _, text = path.read_text(encoding="utf-8").split("\n", 1)  # the page has the title already
    text = text.replace("](images/", "](/help/images/")
    text = text.replace("](reference/recipe.md)", "](/help/recipe)")
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(text)
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open" and "<" not in words.content:
            heading.attrSet("id", _NOT_IN_AN_ANCHOR.sub("", words.content.lower()))
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html
