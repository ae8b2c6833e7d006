"""Every member of the family with settings at random: a new one is tested without a new test."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st
from pydantic import ValidationError

from loresmith.chunking import AnyChunker, Chunker
from loresmith.documents import MarkdownParser
from loresmith.errors import DocumentError
from loresmith.records import Document

FAMILY: tuple[type[Chunker], ...] = get_args(get_args(AnyChunker)[0])

FRAGMENTS = st.sampled_from(
    [
        "# 一、总则\n\n",
        "## Dues\r\n",
        "**要点**\n\n",
        "Title\n=====\n",
        "第一章 概况\n",
        "| 码头 | 2030 | 2031 |\n| --- | --- | --- |\n",
        "| Orrin | 583 | 659 |\n",
        "| 灯笼码头 | 412 |\r\n",
        "2024年第二季度营收为823亿元，同比增长21.0%。",
        "The berth due is 3.5 crowns a day, said Dr. Ames. ",
        "没有标点的一段很长的文字" * 6,
        "unpunctuated words without an end " * 4,
        "x" * 90,
        "👩‍👩‍👧‍👦🇨🇳🇫🇷é" * 5,
        "e\u0301\u0323 \u0301",
        "\n\n",
        "\r\n",
        "　　",
        " " * 70,
        "```\ncode | x\n```\n",
        "- 项目\n",
        "。",
        "---\n",
        "\n  ---  \n\n",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=30), max_size=40).map("".join)


@st.composite
def documents(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> Document:
    """As a parser leaves it, or as it came: a chunker has to cope with both."""
    text = draw(texts)
    if draw(st.booleans()):
        try:
            return MarkdownParser().parse_bytes(text.encode("utf-8", "replace"), name="report.md")
        except DocumentError:
            pass  # nothing but space
    return raw_document(text)


def raw_document(text: str) -> Document:
    """The text as it stands, with CRLF and all, in a record."""
    return Document(
        id="d",
        name="report.md",
        title="",
        text=text,
        language="zh",
        media_type="text/markdown",
        source_sha256="0",
    )


@st.composite
def chunkers(draw: st.DrawFn, member: type[Chunker]) -> Chunker:
    """The member with short lengths, and anything that its other settings may be."""
    given: dict[str, Any] = {}
    for name, field in member.model_fields.items():
        words = get_args(field.annotation)
        if name == "type":
            continue
        if field.annotation is int:
            given[name] = draw(st.integers(0, 150))
        elif field.annotation is bool:
            given[name] = draw(st.booleans())
        elif words and all(isinstance(word, str) for word in words):
            given[name] = draw(st.sampled_from(words))
        elif name == "cuts":
            cuts = st.lists(st.integers(0, 400) | st.sampled_from(["##", "。", "x", "无"]))
            document = draw(st.sampled_from(["report.md", "other.md"]))
            given[name] = [{"document": document, "at": draw(cuts)}]
    return _mended(member, given)


def _mended(member: type[Chunker], given: dict[str, Any]) -> Chunker:
    """The member with these settings, those that cannot be brought to where they can."""
    try:
        return member(**given)
    except ValidationError:
        numbers = sorted(name for name in given if type(given[name]) is int)
        small, large = min(given[n] for n in numbers), max(given[n] for n in numbers)
        shorter = ("min_length", "overlap", "overlap_tokens")
        lengths = {
            n: small // 2 + (n == "min_length") if n in shorter else large + 16 for n in numbers
        }
        return member(**{**given, **lengths})


def visible(text: str) -> str:
    """The text without space."""
    return "".join(text.split())
