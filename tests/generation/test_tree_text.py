"""A domain tree is written by hand, a subject a line, and what is wrong with it told by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.errors import RecipeError
from loresmith.generation.tree_text import read_tree, tree_text
from loresmith.records import Tag

LABELS = st.text("abc港货 费", min_size=1, max_size=8).map(lambda t: " ".join(t.split()) or "a")
TREES = st.recursive(
    st.lists(LABELS, unique=True, max_size=3).map(lambda ls: tuple(Tag(label=x) for x in ls)),
    lambda below: st.dictionaries(LABELS, below, max_size=3).map(
        lambda found: tuple(Tag(label=x, children=c) for x, c in found.items())
    ),
    max_leaves=12,
).filter(lambda tags: tags and _depth(tags) <= 5)


def _depth(tags: tuple[Tag, ...]) -> int:
    return 1 + max((_depth(tag.children) for tag in tags), default=-1) if tags else 0


@given(TREES)
def test_what_is_written_is_read_back(tags: tuple[Tag, ...]) -> None:
    assert read_tree(tree_text(tags)) == tags


@pytest.mark.parametrize(
    "text",
    [
        "Traffic\n  Ships\n  Cargo\nPeople\n",
        "- Traffic\n    - Ships\n    - Cargo\n- People",
        "Traffic\r\n\tShips\r\n\tCargo\r\n\r\nPeople\r\n",
    ],
)
def test_bullets_tabs_and_empty_lines_change_nothing(text: str) -> None:
    traffic, people = read_tree(text)
    assert [tag.label for tag in traffic.children] == ["Ships", "Cargo"]
    assert people == Tag(label="People")


def test_every_fault_is_told_at_once() -> None:
    text = f"Traffic\n  Ships\n  Ships\nA > B\n{'x' * 61}\nTraffic\n"
    with pytest.raises(RecipeError) as error:
        read_tree(text)
    assert error.value.faults == (
        "line 4: a label has no `>`, which stands between the levels of a path",
        "line 5: longer than 60 characters",
        "'Traffic' stands twice at the top",
        "'Ships' stands twice below 'Traffic'",
    )


def test_an_empty_tree_is_refused() -> None:
    with pytest.raises(RecipeError, match="not understood"):
        read_tree(" \n")
