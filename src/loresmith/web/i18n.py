"""The languages of the studio: msgids are English, catalogues are the .po files in `locale/`."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from fastapi import Request

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LOCALE = Path(__file__).parent / "locale"


def language_of_request(request: Request) -> Language:
    """What the person chose (cookie `language`), else what the browser asks for first."""
    chosen = request.cookies.get("language")
    for language in LANGUAGES:
        if language == chosen:
            return language
    for tag in _by_preference(request.headers.get("accept-language", "")):
        for language in LANGUAGES:
            if tag.startswith(language):
                return language
    return "en"


def _by_preference(header: str) -> list[str]:
    """The languages of an Accept-Language header, the dearest first."""
    weighted = []
    for entry in header.lower().split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]


class Gettext(Protocol):
    """`_` for the texts of a page that are made in Python."""

    def __call__(self, msgid: str, /, **values: object) -> str: ...


def gettext_of(request: Request) -> Gettext:
    """The function that turns an English msgid into the text in the language of whoever asked.

    `_("%(count)s files", count=3)` fills in values. Name it `_`, so that msgids are found.
    """
    texts = translations(language_of_request(request))

    def _(msgid: str, /, **values: object) -> str:
        text = texts.gettext(msgid)
        return text % values if values else text

    return _


@cache
def translations(language: Language) -> NullTranslations:
    """All catalogues of a language together: each page has one of its own, `zh/<page>.po`."""
    together = Catalog(locale=language)
    for path in sorted((_LOCALE / language).glob("*.po")):
        for message in read_po(io.BytesIO(path.read_bytes()), locale=language):
            if message.id and message.string:
                together.add(message.id, message.string, context=message.context)
    buffer = io.BytesIO()
    write_mo(buffer, together)
    buffer.seek(0)
    return Translations(buffer)
