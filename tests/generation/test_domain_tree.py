"""A tree is asked for by titles and headings, and a reply that is none is sent back."""

from __future__ import annotations

from typing import Any

from loresmith.generation.domain_tree import DomainTree, WrittenTree, outlines
from loresmith.records import Document, Heading, Tag
from small_corpus import CHINESE, ENGLISH, document_of


def with_headings(document: Document, *headings: tuple[int, str]) -> Document:
    found = tuple(Heading(level=level, title=title, start=0) for level, title in headings)
    return document.model_copy(update={"headings": found})


HARBOUR = with_headings(
    document_of(ENGLISH), (1, "Harbour Review"), (2, "Traffic"), (3, "Ships"), (2, "People")
)
CHINESE_ONE = with_headings(
    document_of(CHINESE, name="纪要.txt", language="zh"), (1, "渔获"), (1, "人事")
)


def faults(writer: DomainTree, reply: Any, *, present: tuple[Tag, ...] = ()) -> list[str]:
    check = writer.request([HARBOUR], present=present).check
    assert check is not None
    return check(WrittenTree.model_validate(reply))


def test_the_teacher_sees_titles_and_headings_and_no_text() -> None:
    system, user = DomainTree().request([HARBOUR, CHINESE_ONE]).messages
    assert "Harbour Review\n- Traffic\n  - Ships\n- People" in user.content
    assert "渔获" in user.content
    assert "1,297" not in user.content
    assert '{"tags"' in system.content
    chinese = DomainTree().request([CHINESE_ONE]).messages[0].content
    assert "领域树" in chinese


def test_a_long_list_loses_its_deepest_headings_first_and_then_whole_documents_evenly() -> None:
    (whole,) = outlines([HARBOUR], most=1000)
    assert whole.headings == ("- Traffic", "  - Ships", "- People")
    (shorter,) = outlines([HARBOUR], most=36)
    assert shorter.headings == ("- Traffic", "- People")
    many = [HARBOUR.model_copy(update={"title": f"Review {n}"}) for n in range(100)]
    some = outlines(many, most=100)
    assert 5 <= len(some) <= 12
    assert some[0].title == "Review 0"
    assert some[-1].title > "Review 8"


def test_headings_make_a_tree_by_themselves() -> None:
    harbour, minutes = DomainTree().from_headings([HARBOUR, CHINESE_ONE])
    assert harbour == Tag(
        label="Harbour Review", children=(Tag(label="Traffic"), Tag(label="People"))
    )
    assert [tag.label for tag in minutes.children] == ["渔获", "人事"]
    (deep, _) = DomainTree(levels=3).from_headings([HARBOUR, CHINESE_ONE])
    assert deep.children[0].children == (Tag(label="Ships"),)
    assert DomainTree().from_headings([HARBOUR, HARBOUR]) == (harbour,)


def test_a_reply_that_is_no_such_tree_is_sent_back() -> None:
    good = {"tags": [{"label": "Traffic", "children": ["Ships", {"label": "Cargo"}]}]}
    assert faults(DomainTree(), good) == []
    flat = {"tags": [{"label": "Traffic"}]}
    assert "one level" in faults(DomainTree(), flat)[0]
    assert faults(DomainTree(levels=1), flat) == []
    assert "2 levels; at most 1" in faults(DomainTree(levels=1), good)[0]
    many = {"tags": [{"label": str(n), "children": ["x"]} for n in range(11)]}
    assert "11 subjects at the top" in faults(DomainTree(), many)[0]
    twice = {"tags": [good["tags"][0], good["tags"][0]]}
    assert "stands twice" in faults(DomainTree(), twice)[0]


def test_a_revision_keeps_what_is_there() -> None:
    present = (Tag(label="Traffic", children=(Tag(label="Ships"),)),)
    user = DomainTree().request([HARBOUR], present=present).messages[1].content
    assert "Traffic\n  Ships" in user.partition("The tree that there is:")[2]
    lost = {"tags": [{"label": "People", "children": ["Crew"]}]}
    assert faults(DomainTree(), lost, present=present) == [
        "keep what is there: Traffic, Traffic > Ships"
    ]
