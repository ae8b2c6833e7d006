"""Turns a template and what it shows into a page, in the language of whoever asked."""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from loresmith.web import formatting
from loresmith.web.i18n import Language, language_of_request, translations
from loresmith.web.said import said
from loresmith.workspace.projects import guide_of

_HTMX = json.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "historyCacheSize": 0,
        "includeIndicatorStyles": False,
        "refreshOnHistoryMiss": True,
        "selfRequestsOnly": True,
    }
)
"""htmx without what a strict Content-Security-Policy forbids, and without copies of pages kept in
the browser."""


def render(request: Request, template: str, /, *, status: int = 200, **shown: Any) -> Response:
    """The page; `shown` are the template's variables. Everything shown is escaped.

    base.html understands `page` (the entry of the navigation), `project` (a project with `id` and
    `name`) and `help_page` (the section of the docs, where it is not called like the page).
    """
    language = language_of_request(request)
    theme = request.cookies.get("theme", "")
    frame = {
        "request": request,
        "language": language,
        "theme": theme if theme in ("light", "dark") else "",
        "csrf_token": getattr(request.state, "csrf_token", ""),
        "logged_in": getattr(request.state, "logged_in", False),
        "htmx_config": _HTMX,
        "page": "",
        "help_page": "",
        "project": None,
    }
    text = environment(language).get_template(template).render(frame | shown)
    return HTMLResponse(text, status_code=status, headers={"Vary": "Cookie, Accept-Language"})


@cache
def environment(language: Language) -> Environment:
    """Jinja's environment for one language, with `_`, `ngettext`, the filters for figures and
    for what errors say, and the components of macros.html as `ui`."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    for name in formatting.__all__:
        made.filters[name] = partial(getattr(formatting, name), language=language)
    made.filters["said"] = partial(said, language=language)
    made.globals["ui"] = made.get_template("macros.html").module
    made.globals["guide_of"] = guide_of
    return made
