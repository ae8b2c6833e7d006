"""The same said twice is kept once; twins, which differ in what is to be learned, are both kept."""

from __future__ import annotations

import pytest

from loresmith.curation import Kept
from loresmith.curation.alike import AlikeIndex
from loresmith.curation.claim import Claim, Source
from optional_filters import curation_by, reasons_of, stated

FIRST = (
    "The berth due at Lantern Quay was 412 crowns in 2030.",
    "What was the berth due at Lantern Quay in 2030?",
    "412 crowns",
)
CHINESE = ("2031年澜屿渔港的卸鱼量为5.72万吨。", "2031年澜屿渔港的卸鱼量是多少？", "5.72万吨")


def reasons(*cases: tuple[str, str, str]) -> list[str]:
    """The verdict on each of these rows, each from a document of its own."""
    made = [stated(*case, name=f"{number}.md") for number, case in enumerate(cases)]
    return reasons_of(made, curation_by("near_duplicate", similarity=0.6))


def test_the_same_notice_filed_twice_gives_its_row_once():
    again = (FIRST[0], "What was the berth due at Lantern Quay in 2030, please?", FIRST[2])
    assert reasons(FIRST, again) == ["", "near_duplicate"]
    reworded = (CHINESE[0], "请问2031年澜屿渔港的卸鱼量是多少？", CHINESE[2])
    assert reasons(CHINESE, reworded) == ["", "near_duplicate"]


@pytest.mark.parametrize(
    "twin",
    [
        ("412", "438"),  # another figure
        ("2030", "2031"),  # another year
        ("Lantern", "Orrin"),  # another place
        ("berth due", "adjusted berth due"),  # a qualifier more
        ("Quay", "Quay North"),
    ],
)
def test_twins_are_both_kept(twin: tuple[str, str]):
    other = tuple(part.replace(*twin) for part in FIRST)
    assert reasons(FIRST, other) == ["", ""]


@pytest.mark.parametrize(
    "twin", [("2031", "2030"), ("5.72", "5.27"), ("澜屿", "石湾"), ("卸鱼量", "经调整卸鱼量")]
)
def test_chinese_twins_are_both_kept(twin: tuple[str, str]):
    other = tuple(part.replace(*twin) for part in CHINESE)
    assert reasons(CHINESE, other) == ["", ""]


def test_the_work_does_not_grow_with_the_square_of_the_rows():
    def compared(rows: int) -> int:
        document, chunk, fact = stated(*FIRST)
        index, source = AlikeIndex(), Source(document, chunk)
        for number in range(rows):
            one = fact.model_copy(update={"id": str(number)})
            text = f"{number * 7919 % 10007} {FIRST[1]} {number * 104729 % 1000003}"
            index.near(text, similarity=0.8)
            index.add(Claim.of_fact(one, source, Kept()), text)
        return index.compared

    assert compared(3_000) < 2.4 * compared(1_500)


def test_nearly_equal_texts_are_found_among_many():
    document, chunk, fact = stated(*FIRST)
    index, source = AlikeIndex(), Source(document, chunk)
    texts = [
        f"第{number}号航标位于{number * 37 % 1000}海里处，高{number * 13 % 97}米"
        for number in range(500)
    ]
    for number, text in enumerate(texts):
        one = fact.model_copy(update={"id": str(number)})
        index.add(Claim.of_fact(one, source, Kept()), text)
    found = [[one.id for one in index.near(f"{text}。", similarity=0.8)] for text in texts]
    assert sum(str(number) in ids for number, ids in enumerate(found)) >= 490
