"""Whatever a grader says of a reply, a Chinese reader is told in Chinese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import loresmith.exams
from loresmith.exams.claims import contradiction
from loresmith.workspace.report.mark_reasons import mark_reason

_CHINESE = re.compile(r"[一-鿿]")
_SENTENCE = re.compile(r"(?:[a-z]+:? )+.*|declines,.*")


def sentences() -> set[str]:
    """Every sentence that the graders' code returns, with X for what it fills in."""
    found: set[str] = set()
    for path in Path(loresmith.exams.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Return) and node.value is not None:
                found |= set(filter(_SENTENCE.fullmatch, _texts(node.value)))
    return found


def _texts(node: ast.AST) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
        return ["".join(map(str, parts))]
    return []


def test_every_sentence_of_the_graders_has_a_chinese_one() -> None:
    said = sentences()
    assert len(said) > 15
    assert {one for one in said if not _CHINESE.search(mark_reason(one, "zh"))} == set()


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("names 1,184 where it is 1,297", "答 1,184，应为 1,297"),
        ("names -3 % where it is 3 %: the sign is wrong", "答 -3 %，应为 3 %：正负相反"),
        ("lacks 2 of 5 words of: old {sluice} gate", "“old {sluice} gate”的 5 个词中缺 2 个"),
        ("does not name 墨鸥号", "没有答出 墨鸥号"),
    ],
)
def test_names_and_figures_stand_in_the_sentence(reason: str, chinese: str) -> None:
    assert mark_reason(reason, "zh") == chinese
    assert mark_reason(reason, "en") == reason


def test_the_way_that_a_reply_turns_round_is_named_in_chinese() -> None:
    turned_round = contradiction("it rose by 5", "it fell by 5")
    assert mark_reason(turned_round, "zh") == "说的是下降，应为上升"


def test_a_reason_that_nobody_knows_is_told_as_it_is() -> None:
    assert mark_reason("the judge was asleep", "zh") == "the judge was asleep"
