"""Keeps personal data out of what is trained: numbers and addresses that belong to one person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict

PersonalKind = Literal["id_number", "mobile", "email", "bank_card", "passport"]


class PersonalDataFilter(Filter):
    """Drops or masks rows with personal data that a pattern can tell (`personal_data`): Chinese
    identity numbers and bank cards with a right check digit, mobile numbers of mainland China,
    e-mail addresses, and passport numbers that are called so. Not among the default filters.

    Names and addresses of people are not looked for.
    """

    type: Literal["personal_data"] = "personal_data"
    kinds: tuple[PersonalKind, ...] = ("id_number", "mobile", "email", "bank_card", "passport")
    """What is looked for."""
    action: Literal["drop", "mask"] = "drop"
    """`drop` throws the row out. `mask` puts a word such as [mobile number] in place of it in
    question, answer and quotations alike, after the row was checked against its source; a row
    that asks for just that is thrown out all the same."""

    def judge(self, claim: Claim) -> Verdict:
        looked_at = [claim.short_answer]
        if self.action == "drop":
            looked_at += [claim.question, claim.answer]
        found = {one.kind for text in looked_at for one in self._found(text)}
        return drop("personal_data", ", ".join(sorted(found))) if found else KEEP

    def mask(self, text: str) -> str:
        parts, position = [], 0
        chinese = _CHINESE.search(text) is not None
        for one in sorted(self._found(text), key=lambda one: one.start):
            if one.start >= position:
                parts += [text[position : one.start], _WORDS[one.kind][chinese]]
                position = one.end
        return "".join([*parts, text[position:]])

    def _found(self, text: str) -> Iterator[_Found]:
        plain = text.translate(_HALF_WIDTH)
        for kind in self.kinds:
            pattern, is_one = _PATTERNS[kind]
            for match in pattern.finditer(plain):
                if is_one(match.group(1)):
                    yield _Found(kind, match.start(1), match.end(1))


class _Found(NamedTuple):
    kind: PersonalKind
    start: int
    end: int


_CHINESE = re.compile("[\u4e00-\u9fff]")
_HALF_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0D: "-", 0xFF20: "@"}
"""One character for one, so that places stay."""
_WORDS: dict[PersonalKind, tuple[str, str]] = {
    "id_number": ("[identity number]", "[身份证号]"),
    "mobile": ("[mobile number]", "[手机号]"),
    "email": ("[e-mail address]", "[电子邮箱]"),
    "bank_card": ("[card number]", "[银行卡号]"),
    "passport": ("[passport number]", "[护照号]"),
}


def _anything(_text: str) -> bool:
    return True


def _is_identity_number(text: str) -> bool:
    """Whether the last sign is the check digit of the others (GB 11643-1999, ISO 7064 MOD 11-2)."""
    weights = [2**power % 11 for power in range(17, 0, -1)]
    total = sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def _is_card(text: str) -> bool:
    """Whether the digits pass the test of Luhn (ISO/IEC 7812-1)."""
    digits = [int(one) for one in text if one.isdigit()][::-1]
    doubled = [sum(divmod(2 * one, 10)) for one in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


_AMOUNT = r"(?!\s?(?:[元万亿吨%％]|yuan|RMB|CNY|dollars?|tonnes?)|[.,]\d)"
_PATTERNS: dict[PersonalKind, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "id_number": (
        re.compile(
            r"(?<![0-9A-Za-z])([1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])"
            r"(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])(?![0-9A-Za-z])"
        ),
        _is_identity_number,
    ),
    "mobile": (
        re.compile(
            r"(?<![\d.,¥￥$])((?:\+?86[- ]?)?1[3-9]\d(?:\d{8}|[- ]\d{4}[- ]\d{4}))(?!\d)" + _AMOUNT
        ),
        _anything,
    ),
    "email": (
        re.compile(
            r"(?<![\w.+-])([A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})",
            re.ASCII,
        ),
        _anything,
    ),
    "bank_card": (
        re.compile(
            r"(?<![\d.,¥￥$])([3-6]\d{15,18}|[3-6]\d{3}(?:[- ]\d{4}){3}(?:[- ]\d{1,3})?)(?!\d)"
            + _AMOUNT
        ),
        _is_card,
    ),
    "passport": (
        re.compile(
            r"(?:护照|passport)[^\n。.]{0,24}?(?<![0-9A-Za-z])"
            r"([DEGHPS]\d{8}|E[A-HJ-NP-Z]\d{7})(?![0-9A-Za-z])",
            re.IGNORECASE,
        ),
        _anything,
    ),
}
