"""The help: the docs as pages, there without a network and in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from markupsafe import Markup

from loresmith.errors import NotFound
from loresmith.web.i18n import Language, language_of_request, translations
from loresmith.web.pages.reference_words import in_words_of
from loresmith.web.rendering import render

if TYPE_CHECKING:
    from markdown_it.token import Token

router = APIRouter()

GUIDES = ("providers", "serving")
"""The docs that those of the studio link to, beside the reference."""
_REFERENCE = "reference/recipe.md"
_NOT_IN_AN_ANCHOR = re.compile(r"[^\w-]")
_LINK = re.compile(r"\[([^\]]*)\]\((?:\.\./)*([\w/.-]+?)(?:\.zh)?\.md(#[\w-]*)?\)")
_OTHER_LANGUAGE = re.compile(r"^\*\[[^\]]*\]\([\w.]+\.md\)\*\n", re.MULTILINE)

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
    return _shown(request, "studio")


@router.get("/help/recipe")
def recipe_reference(request: Request) -> Response:
    """Every setting of a recipe."""
    text = Markup(_as_html(_REFERENCE, language_of_request(request)))  # our own files
    return render(request, "help/recipe.html", text=text)


@router.get("/help/images/{name}")
def picture(name: str) -> Response:
    """A picture of the docs."""
    known = {path.name: path for path in (_DOCS / "images").glob("studio-*.png")}
    if name not in known:
        raise NotFound("there is no such picture")
    return FileResponse(known[name])


@router.get("/help/{name}")
def guide(request: Request, name: str) -> Response:
    """One of the other docs."""
    if name not in GUIDES:
        raise NotFound("there is no such page of the help")
    return _shown(request, name)


def _shown(request: Request, name: str) -> Response:
    language = language_of_request(request)
    text = Markup(_as_html(f"{name}.zh.md" if language == "zh" else f"{name}.md", language))
    return render(request, "help/index.html", text=text, title=_title(name, language))


@cache
def _title(name: str, language: Language) -> str:
    """What the guide calls itself; the studio's own page is called Help."""
    if name == "studio":
        return ""
    first = _source(f"{name}.zh.md" if language == "zh" else f"{name}.md").partition("\n")[0]
    return first.lstrip("# ")


def _source(name: str) -> str:
    path = _DOCS / name
    if not path.exists():
        raise NotFound(f"the docs ({name}) are not part of this installation")
    return path.read_text(encoding="utf-8")


@cache
def _as_html(name: str, language: Language) -> str:
    from markdown_it import MarkdownIt

    text = _source(name).partition("\n")[2]  # the page has the title already
    text = _OTHER_LANGUAGE.sub("", text).replace("](images/", "](/help/images/")
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(_LINK.sub(_link, text))
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open" and "<" not in words.content:
            heading.attrSet("id", _NOT_IN_AN_ANCHOR.sub("", words.content.lower()))
    if name == _REFERENCE and language != "en":
        _translate(tokens, reader.parseInline, language)
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html


def _link(found: re.Match[str]) -> str:
    """A link to another page of the help; to what is not here, only its words."""
    words, name, anchor = found[1], found[2], found[3] or ""
    pages = {"reference/recipe": "recipe", "recipe": "recipe", "studio": ""}
    pages.update({guide: guide for guide in GUIDES})
    if name not in pages:
        return words
    return f"[{words}](/help/{pages[name]}".rstrip("/") + f"{anchor})"


def _translate(
    tokens: list[Token], parse: Callable[[str], list[Token]], language: Language
) -> None:
    """Puts the words of the reference, which come from docstrings, into `language`."""
    say = in_words_of(translations(language).gettext)
    for token in tokens:
        if token.type == "inline":
            token.children = parse(say(token.content))[0].children
