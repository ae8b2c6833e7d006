"""Figures of an answer are looked up in the documents, in whatever words they stand there."""

from __future__ import annotations

import pytest

from loresmith.workspace.chat.figure_marks import FigureIndex
from small_corpus import CHINESE, ENGLISH, document_of

INDEX = FigureIndex(
    [
        document_of(ENGLISH),
        document_of(CHINESE, name="渔港.txt", language="zh"),
        document_of("利润为3,100万元，另有1.2公里岸线。Berth 7 is 1,297 m long.", name="third.md"),
    ]
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It counted 1297 ship calls.", {"1297": "found"}),
        ("利润是0.31亿元。", {"0.31亿元": "found"}),
        ("The quay is 1,200 m long.", {"1,200 m": "found"}),
        ("Landings grew by 12.6 %.", {"12.6 %": "found"}),
        ("Landings grew by 12.6 percentage points.", {"12.6 percentage points": "not_found"}),
        ("It opened in 2030 with 55 stalls.", {"2030": "found", "55": "not_found"}),
        ("卸鱼量在2031年5月同比增长。", {"2031年5月": "found"}),
        ("In 2019 nothing happened.", {"2019": "asked"}),
        ("Nothing to count here.", {}),
        ("1. Fish\n2. Crabs worth 1,297", {"1,297": "found"}),
    ],
)
def test_each_figure_is_found_asked_or_neither(answer: str, expected: dict[str, str]) -> None:
    marks = INDEX.marks(answer, "What happened in 2019?")
    assert {mark.text: mark.status for mark in marks} == expected
    assert all(answer[mark.start : mark.end] == mark.text for mark in marks)


def test_a_place_says_where_and_what_stands_around_it() -> None:
    (mark,) = INDEX.marks("利润是0.31亿元。")
    (place,) = mark.places
    assert (place.document, place.text, place.before) == ("third.md", "3,100万元", "利润为")
    assert place.after.startswith("，另有1.2公里")


def test_of_two_places_the_one_with_the_answers_words_comes_first() -> None:
    (calls,) = INDEX.marks("Calder Reach counted 1,297 in all.")
    assert [place.document for place in calls.places] == ["review.md", "third.md"]
    (berth,) = INDEX.marks("The berth is 1,297 m long.")
    assert berth.places[0].document == "third.md"
