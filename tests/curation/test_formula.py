"""Formulas of writers are computed, never executed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from loresmith.curation.formula import NotArithmetic, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("44.1 - 37.9", "6.2"),
        ("57,200-49,800", "7400"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) × 4 ÷ 2", "10"),
        ("-3 + 5", "2"),
        ("（２３.１－１８.４）", "4.7"),
        ("3,100万 + 0.5亿", "81000000"),
        ("7.35 million crowns - 350 thousand crowns", "7000000"),
        ("73.7% - 11.6%", "0.621"),
        ("US$5 + ¥3", "8"),
        ("23.1 - 18.4 = 4.7", "4.7"),
    ],
)
def test_arithmetic_is_computed(text: str, value: str) -> None:
    assert evaluate(text).value == Decimal(value)


def test_operands_are_told_as_written_and_as_they_count() -> None:
    (first, second) = evaluate("3,100万 - 5%").operands
    assert (first.written, first.value) == (Decimal(3100), Decimal(31_000_000))
    assert (second.written, second.value) == (Decimal(5), Decimal("0.05"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "see the table",
        "__import__('os').system('true')",
        "2 ** 3",
        "1 / 0",
        "(1 + 2",
        "1 + 2)",
        "1 +",
        "3 4",
        "9" * 300,
        "(" * 150 + "1" + ")" * 40,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotArithmetic):
        evaluate(text)
