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
        document_of(
            "2023年4月17日开工，投资约４．２亿元。合格率99.5%，同比下降三成。\n收入增长5%。\n表5：泊位。",
            name="fourth.md",
        ),
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
        ("1. Fish\n2. Crabs worth 1,297", {"1,297": "number"}),
        ("At most 1297 mph.", {"1297": "number"}),
        ("It made 1297 calls.", {"1297": "found"}),
        ("表里写的是第5号泊位。", {"5": "found"}),
        ("１．渔港\n２．利润０．３１亿元", {"０．３１亿元": "found"}),
        ("０．３１亿元", {"０．３１亿元": "found"}),
        ("利润３，１００万元", {"３，１００万元": "found"}),
        ("利润3100元", {"3100元": "not_found"}),
        ("合格率为９９．５％", {"９９．５％": "found"}),
        ("合格率百分之九十九点五", {"百分之九十九点五": "found"}),
        ("合格率0.995", {"0.995": "not_found"}),
        ("下降了30%", {"30%": "found"}),
        ("It cost CNY 420 million.", {"CNY 420 million": "found"}),
        ("Work began on April 17, 2023.", {"April 17, 2023": "found"}),
        ("二〇二三年四月开工", {"二〇二三年四月": "found"}),
        ("2023-04-18", {"2023-04-18": "not_found"}),
        ("4月17日开工", {"4月17日": "found"}),
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
    (calls,) = INDEX.marks("Calder Reach counted 1,297 ship calls beside the berth.")
    assert [place.document for place in calls.places] == ["review.md", "third.md"]
    (berth,) = INDEX.marks("The berth is 1,297 m long.")
    assert berth.places[0].document == "third.md"


def test_a_bare_number_is_no_place_of_a_figure_whose_unit_stands_elsewhere() -> None:
    (mark,) = INDEX.marks("5%")
    assert [place.text for place in mark.places] == ["5%"]


def test_words_of_the_question_tell_what_a_bare_answer_counts() -> None:
    (alone,) = INDEX.marks("1297.")
    (asked,) = INDEX.marks("1297.", "How many ship calls were there?")
    assert (alone.status, asked.status) == ("number", "found")
    assert [place.document for place in asked.places] == ["review.md"]


def test_a_place_in_a_table_is_shown_without_its_bars_and_rules() -> None:
    table = "| Boat | Top speed |\n| --- | ---: |\n| Ardent Tern | 24.5 | 310 |\n| Gull | 21.8 |"
    (mark,) = FigureIndex([document_of(table)]).marks("The Ardent Tern makes 24.5 knots.")
    (place,) = mark.places
    assert (place.before, place.after) == (
        "· Boat · Top speed · Ardent Tern · ",
        " · 310 · Gull · 21.8 ·",
    )


def test_a_figure_is_found_behind_hundreds_of_others_that_only_look_like_it() -> None:
    index = FigureIndex([document_of("Met in May. " * 300 + "It has 5 berths.")])
    (mark,) = index.marks("5 berths")
    assert mark.status == "found"
