"""Reads report.html as a browser would, as far as the tests need it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Element(NamedTuple):
    """A start tag with its attributes and the tags that it stands in."""

    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]


class Page(HTMLParser):
    """Elements in order, visible text, and text by tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.text_in: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"not closed: {self._open}"

    @property
    def text(self) -> str:
        """All text but styles and scripts."""
        return "".join(
            piece
            for tag, pieces in self.text_in.items()
            if tag not in ("style", "script")
            for piece in pieces
        )

    def all(self, tag: str, css_class: str = "") -> list[Element]:
        """Elements by tag, and by class where one is given."""
        return [
            element
            for element in self.elements
            if element.tag == tag
            and (not css_class or css_class in element.attributes.get("class", "").split())
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, found, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)
            self.text_in.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, found, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.text_in.setdefault(self._open[-1], [""])[-1] += data
