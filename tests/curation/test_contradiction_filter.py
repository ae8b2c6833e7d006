"""Two values for one figure: neither is kept in silence, and twins are no contradiction."""

from __future__ import annotations

import pytest

from loresmith.records import Review
from optional_filters import curation_by, judged, reasons_of, stated

FIRST = (
    "The berth due at Lantern Quay was 412 crowns in 2030.",
    "What was the berth due at Lantern Quay in 2030?",
    "412 crowns",
)
CHINESE = ("2031年澜屿渔港的卸鱼量为5.72万吨。", "2031年澜屿渔港的卸鱼量是多少？", "5.72万吨")
BOTH = ["contradiction", "contradiction"]


def reasons(*cases: tuple[str, ...]) -> list[str]:
    """The verdict on each of these rows, each from a document of its own."""
    made = [stated(*case, name=f"{number}.md") for number, case in enumerate(cases)]
    return reasons_of(made, curation_by("contradiction"))


def changed(case: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(part.replace(old, new) for part in case)


def test_two_values_of_one_figure_are_both_dropped_and_both_sources_are_cited():
    one = stated(*FIRST, name="a.md")
    other = stated(*changed(FIRST, "412", "421"), name="b.md")
    found = judged([one[2], other[2]], [one[:2], other[:2]], curation_by("contradiction"))
    assert found.kept == ()
    assert {drop.subject_id for drop in found.drops} == {one[2].id, other[2].id}
    for drop in found.drops:
        assert "a.md: “" in drop.detail and "412 crowns" in drop.detail
        assert "b.md: “" in drop.detail and "421 crowns" in drop.detail


def test_it_is_seen_in_chinese_and_across_units_of_one_kind():
    assert reasons(CHINESE, changed(CHINESE, "5.72万吨", "52,700吨")) == BOTH
    assert reasons(CHINESE, changed(CHINESE, "5.72万吨", "57,200吨")) == ["", ""]


@pytest.mark.parametrize(
    "twin",
    [
        [("412", "438"), ("2030", "2031")],
        [("412", "438"), ("Lantern", "Orrin")],
        [("412", "438"), ("berth due", "adjusted berth due")],
        [("412 crowns", "12.6 %")],
    ],
)
def test_twins_and_other_measures_are_no_contradiction(twin: list[tuple[str, str]]):
    other = FIRST
    for old, new in twin:
        other = changed(other, old, new)
    assert reasons(FIRST, other) == ["", ""]


def test_a_rounded_value_is_no_contradiction():
    assert reasons(CHINESE, changed(CHINESE, "5.72万吨", "5.7万吨")) == ["", ""]
    assert reasons(CHINESE, changed(CHINESE, "5.72万吨", "5.8万吨")) == BOTH


def test_periods_that_only_the_text_names_are_told_apart():
    one = ("In 2030 it was 412 crowns.", "What was the berth due at Lantern Quay?", "412 crowns")
    assert reasons(one, changed(changed(one, "2030", "2031"), "412", "438")) == ["", ""]


def test_rejecting_the_wrong_one_keeps_the_right_one():
    one = stated(*FIRST, name="a.md")
    other = stated(*changed(FIRST, "412", "421"), name="b.md")
    said = Review(id="r", subject_id=one[2].id, verdict="rejected", at="2031-01-01T00:00:00Z")
    curation = curation_by("contradiction")
    sources = [one[:2], other[:2]]
    found = judged([one[2], other[2]], sources, curation, {one[2].id: said})
    assert [fact.id for fact in found.kept] == [other[2].id]


def test_a_third_row_falls_with_both():
    others = (changed(FIRST, "412", "421"), changed(FIRST, "412", "430"))
    assert reasons(FIRST, *others) == [*BOTH, "contradiction"]
