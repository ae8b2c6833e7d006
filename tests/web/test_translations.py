"""Chinese is a first language: every text of the pages has one, and no catalogue keeps old ones."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("babel")

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import babel_extract

from loresmith import web
from loresmith.recipe import Recipe
from loresmith.workspace.forms import every_text_of

WEB = Path(web.__file__).parent
CATALOGUES = sorted((WEB / "locale" / "zh").glob("*.po"))
_PLACE = re.compile(r"%\((\w+)\)[sd]")


class Used(NamedTuple):
    """One text where it is used."""

    msgid: str | tuple[str, str]
    where: str


def used_texts() -> list[Used]:
    """Every text in the templates, in the Python of the pages, and in forms of the schema."""
    found: list[Used] = []
    options = {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
    for path in sorted(WEB.rglob("*.html")):
        if "locale" in path.parts or "docs" in path.parts:
            continue
        with path.open("rb") as file:
            found += [
                Used(_msgid(said), f"{path.relative_to(WEB)}:{line}")
                for line, _, said, _ in babel_extract(
                    file, ("_", "gettext", "ngettext"), (), options
                )
            ]
    for path in sorted(WEB.rglob("*.py")):
        with path.open("rb") as file:
            found += [
                Used(_msgid(said), f"{path.relative_to(WEB)}:{line}")
                for line, said, _, _ in extract("python", file, {"_": None, "ngettext": (1, 2)})
            ]
    found += [Used(text, "the settings' schema") for text in sorted(every_text_of(Recipe))]
    return found


def translated() -> dict[str | tuple[str, str], list[tuple[str, Message]]]:
    """Every text of the catalogues, with the catalogues that have it."""
    known: dict[str | tuple[str, str], list[tuple[str, Message]]] = defaultdict(list)
    for path in CATALOGUES:
        for message in read_po(io.BytesIO(path.read_bytes()), locale="zh"):
            if message.id:
                known[_msgid(message.id)].append((path.name, message))
    return known


def _msgid(said: object) -> str | tuple[str, str]:
    if isinstance(said, (tuple, list)):
        texts = [part for part in said if isinstance(part, str)]
        return (texts[0], texts[1]) if len(texts) > 1 else texts[0]
    return str(said)


def test_every_text_of_the_pages_has_a_chinese_one():
    known = translated()
    missing = sorted(
        {f"{use.msgid!r} ({use.where})" for use in used_texts() if use.msgid not in known}
    )
    assert not missing, "no Chinese text for:\n" + "\n".join(missing)


def test_no_catalogue_keeps_a_text_that_no_page_uses():
    used = {use.msgid for use in used_texts()}
    stale = [
        f"{places[0][0]}: {msgid!r}" for msgid, places in translated().items() if msgid not in used
    ]
    assert not stale, "not used any more:\n" + "\n".join(stale)


def test_a_text_is_translated_alike_in_all_catalogues():
    differing = [
        f"{msgid!r}: " + ", ".join(f"{name} {message.string!r}" for name, message in places)
        for msgid, places in translated().items()
        if len({str(message.string) for _, message in places}) > 1
    ]
    assert not differing, "two Chinese texts for one:\n" + "\n".join(differing)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_no_text_is_empty_unsure_or_without_its_values(path):
    for message in read_po(io.BytesIO(path.read_bytes()), locale="zh"):
        if not message.id:
            continue
        singular = message.id if isinstance(message.id, str) else message.id[-1]
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        assert not message.fuzzy, singular
        for text in texts:
            assert text.strip(), f"empty: {singular!r}"
            assert set(_PLACE.findall(text)) == set(_PLACE.findall(singular)), singular


def test_a_percent_sign_in_a_text_of_a_template_is_written_twice():
    """Jinja fills values into every text, so a lone sign would end the page with an error."""
    alone = re.compile(r"%(?!\(\w+\)[sd]|%)")
    escaped = re.compile("%%")
    in_templates = {use.msgid for use in used_texts() if ".html:" in use.where}
    faulty = [
        text
        for msgid, places in translated().items()
        if msgid in in_templates
        for text in [*([msgid] if isinstance(msgid, str) else msgid), str(places[0][1].string)]
        if alone.search(escaped.sub("", text))
    ]
    assert not faulty, "a lone percent sign:\n" + "\n".join(faulty)


def test_texts_stand_in_the_templates_as_texts_and_not_bare():
    """English words between tags, outside `_()`, would stay English for everybody."""
    bare = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+[.…!?]?)\s*<")
    found = [
        f"{path.relative_to(WEB)}: {words}"
        for path in sorted((WEB / "templates").rglob("*.html"))
        for words in bare.findall(_without_jinja(path.read_text("utf-8")))
    ]
    assert not found, "not translated:\n" + "\n".join(found)


def _without_jinja(text: str) -> str:
    text = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}", "", text, flags=re.S)
    return re.sub(r"\{[{%#].*?[}%#]\}", "", text, flags=re.S)


def test_the_templates_can_be_read_by_jinja():
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for path in (WEB / "templates").rglob("*.html"):
        environment.parse(path.read_text("utf-8"), filename=str(path))
