"""Whatever a model babbles, it gets a mark with a reason, and quickly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.exams import AnyGrader, FigureGrader, Grader, NameGrader, grader_for, mark
from loresmith.records import AnswerKey, ExamItem

TARGETS = [
    "73.7 %",
    "Maren Holt",
    "3 April 2031",
    "因铰链出现裂纹而关闭的北侧闸门",
    "Sund, Kell and Arby",
]
SCRAPS = [
    *TARGETS,
    *(
        "not ",
        "or ",
        "、",
        ",",
        ".",
        " and ",
        "不是",
        "或",
        "It was ",
        "I do not know",
        "2030",
        " ",
    ),
    *(
        "，但是",
        "-",
        "１７３．７％",
        "because ",
        "either ",
        "fell ",
        "None",
        "Yes",
        "否",
        "\n",
        "A B, C D",
    ),
]


def item(short_answer: str, *, kind: str = "direct") -> ExamItem:
    key = AnswerKey(short_answer=short_answer, answer=f"It was {short_answer}.")
    return ExamItem.model_validate(
        {"id": "i", "prompt": "What was it in 2030?", "kind": kind, "language": "en", "key": key}
    )


@given(
    st.sampled_from(TARGETS),
    st.sampled_from(["direct", "abstention", "retention"]),
    st.one_of(st.text(max_size=80), st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join)),
)
def test_every_reply_gets_a_mark_and_a_reason(target: str, kind: str, reply: str) -> None:
    score = mark(item(target, kind=kind), reply)
    assert score.score in (0.0, 1.0)
    assert score.reason
    assert score.reply == reply


@pytest.mark.parametrize(
    "scrap", [*SCRAPS, "Aa, ", "Aa and ", "1,", "or 1 ", "不", "'", "not not "]
)
def test_ten_thousand_characters_of_anything_are_marked_at_once(scrap: str) -> None:
    reply = (scrap * 10_000)[:10_000]
    began = time.perf_counter()
    for target in TARGETS:
        mark(item(target), reply)
        mark(item(target, kind="abstention"), reply)
    assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_itself_and_the_full_answer_are_right(target: str) -> None:
    assert mark(item(target), target).score == 1.0
    assert mark(item(target), item(target).key.answer).score == 1.0


@pytest.mark.parametrize(
    ("target", "grader"),
    [
        ("73.7 %", FigureGrader),
        ("about 310 million crowns", FigureGrader),
        ("四十八名", FigureGrader),
        ("3 April 2031", FigureGrader),
        ("September", FigureGrader),
        ("Berth 7", NameGrader),
        ("第七号码头", NameGrader),
        ("HX-200", NameGrader),
        ("a strike of 3 weeks at the yard that builds the northern gates", NameGrader),
    ],
)
def test_figures_and_words_have_graders_of_their_own(target: str, grader: type[Grader]) -> None:
    assert type(grader_for(item(target))) is grader


def test_a_recipe_may_name_a_grader_by_type_and_python_may_bring_its_own() -> None:
    from pydantic import TypeAdapter

    class AlwaysRight(Grader):
        def fault(self, item: ExamItem, reply: str) -> str:
            return "" if item and reply else "empty"

    adapter = TypeAdapter(AnyGrader)
    assert adapter.validate_python({"type": "figure", "most_others": 2}).most_others == 2
    mine = AlwaysRight()
    assert adapter.validate_python(mine) is mine
