"""Recomputes a figure from the formula that a writer gave for it; runs no code."""

from __future__ import annotations

import re
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import NamedTuple

from loresmith.text.normalising import normalise


class NotArithmetic(Exception):
    """The text is no formula of numbers, + - * / and brackets; the message says where."""


class Formula(NamedTuple):
    """The value of a formula, and the numbers in it as they were written and as they count."""

    value: Decimal
    operands: tuple[Operand, ...]


class Operand(NamedTuple):
    """A number of a formula: `3,100万` is written 3100 and counts 31000000; 5 % counts 0.05."""

    written: Decimal
    value: Decimal


def evaluate(text: str) -> Formula:
    """Computes `(44.1 - 37.9) / 37.9 * 100` and the like. Raises NotArithmetic.

    Full-width digits, × and ÷, thousands separators, magnitudes (万, 亿, million), percent signs
    and units after a number are understood; what stands after an equals sign is ignored.
    """
    if len(text) > _LONGEST:
        raise NotArithmetic(f"the formula is longer than {_LONGEST} characters")
    parser = _Parser(_tokens(normalise(text).partition("=")[0]))
    try:
        value = parser.sum()
    except (DivisionByZero, InvalidOperation, Overflow):
        raise NotArithmetic("the formula divides by zero or grows beyond bounds") from None
    if parser.rest:
        raise NotArithmetic(f"unexpected {parser.rest[0]!r}")
    return Formula(value, tuple(parser.operands))


_LONGEST = 200
_SCALES = {
    "%": Decimal("0.01"),
    "千": Decimal(10**3),
    "万": Decimal(10**4),
    "百万": Decimal(10**6),
    "千万": Decimal(10**7),
    "亿": Decimal(10**8),
    "万亿": Decimal(10**12),
    "thousand": Decimal(10**3),
    "million": Decimal(10**6),
    "billion": Decimal(10**9),
    "bn": Decimal(10**9),
}
_TOKEN = re.compile(
    r"\s*(?:[A-Z]{0,3}[$¥€£]\s?)?"
    r"(?:(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"\s?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})?(?:\s?[^\W\d_]+)*"
    r"|(?P<operator>[-+*/×÷()]))\s*"
)


def _tokens(text: str) -> list[str | Operand]:
    tokens: list[str | Operand] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotArithmetic(f"not understood: {text[position : position + 20]!r}")
        if match["number"]:
            written = Decimal(match["number"].replace(",", ""))
            tokens.append(Operand(written, written * _SCALES.get(match["scale"], Decimal(1))))
        else:
            tokens.append({"×": "*", "÷": "/"}.get(match["operator"], match["operator"]))
        position = match.end()
    return tokens


class _Parser:
    """Sums of products of numbers, brackets and negated ones."""

    def __init__(self, tokens: list[str | Operand]) -> None:
        self.rest = tokens
        self.operands: list[Operand] = []

    def sum(self) -> Decimal:
        value = self._product()
        while self.rest and self.rest[0] in ("+", "-"):
            sign = self.rest.pop(0)
            term = self._product()
            value = value + term if sign == "+" else value - term
        return value

    def _product(self) -> Decimal:
        value = self._factor()
        while self.rest and self.rest[0] in ("*", "/"):
            sign = self.rest.pop(0)
            factor = self._factor()
            value = value * factor if sign == "*" else value / factor
        return value

    def _factor(self) -> Decimal:
        if not self.rest:
            raise NotArithmetic("the formula ends where a number is wanted")
        token = self.rest.pop(0)
        if isinstance(token, Operand):
            self.operands.append(token)
            return token.value
        if token == "-":
            return -self._factor()
        if token == "(":
            value = self.sum()
            if not self.rest or self.rest.pop(0) != ")":
                raise NotArithmetic("a bracket is not closed")
            return value
        raise NotArithmetic(f"unexpected {token!r}")
