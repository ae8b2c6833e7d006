"""Reads the figures of a text so that 3,100万 equals 0.31亿 and 173.7 never equals 73.7."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from loresmith.text.calendar import moments
from loresmith.text.numerals import (
    CHINESE_DIGITS,
    CHINESE_MAGNITUDES,
    ENGLISH_MAGNITUDES,
    ENGLISH_NUMBERS,
    chinese_number,
    english_number,
)
from loresmith.text.units import CURRENCY, UNIT, measure_of, unit_named


class Figure(NamedTuple):
    """A number of a text with what it counts; `text` is the source's [start, end)."""

    value: Decimal
    """With its magnitude: 3,100万 is 31000000. A date is YYYYMMDD (see `calendar.Moment`)."""
    unit: str
    """`%`, `percentage point`, `CNY`, `km`, `day`, `calendar year`, `date`...; or empty."""
    start: int
    end: int
    text: str
    written: Decimal
    """Without the magnitude, as a formula would quote it: 3,100万 is 3100."""

    @property
    def dimension(self) -> str:
        """What is measured: km and m are both `length`; empty for a bare number."""
        return measure_of(self.unit).dimension


def figures(text: str) -> list[Figure]:
    """All figures in order: digits of either width, number words, Chinese numerals, dates, times.

    Digits inside a name (`HX-200`, `B12`, `5G`) and version numbers are no figures, nor are
    `one` and 一 where they only say "a". A four-digit number from 1500 to 2199 without a unit is
    taken for a year.
    """
    plain = _half_width(text)
    found = [
        Figure(m.value, m.unit, m.start, m.end, text[m.start : m.end], m.value)
        for m in moments(plain)
    ]
    taken = bytearray(len(text))
    for figure in found:
        taken[figure.start : figure.end] = b"1" * (figure.end - figure.start)
    for match in _NUMBER.finditer(plain):
        if any(taken[match.start() : match.end()]):
            continue
        measured = _figure(match, plain, text)
        if measured is not None:
            found.append(measured)
            taken[measured.start : measured.end] = b"1" * (measured.end - measured.start)
    return _ranges(sorted(found, key=lambda figure: figure.start), plain)


def _ranges(found: list[Figure], plain: str) -> list[Figure]:
    """In `3.0-3.5亿元` and `3 to 5 million tonnes`' short form `3-5 million tonnes`, the first
    number counts what the second does."""
    for place, (first, second) in enumerate(pairwise(found)):
        bare = not first.unit and first.value == first.written
        if not bare or not _TO.fullmatch(plain, first.end, second.start) or second.written <= 0:
            continue
        if second.unit in ("calendar year", "ordinal", *_MOMENTS):
            continue
        size = second.value / second.written
        found[place] = first._replace(value=first.value * size, unit=second.unit)
    return found


_TO = re.compile(r"\s?[-–—~～至到]\s?")


def same_figure(first: Figure, second: Figure) -> bool:
    """True when both state one amount of one thing; a bare number agrees with any unit.

    1.2 km equals 1,200 m, and 0.31亿元 equals 3,100万元; 3 % is not 3 percentage points. A bare
    number agrees with a date only where it is that year.
    """
    if not first.unit or not second.unit:
        return not {first.unit, second.unit} & _MOMENTS and first.value == second.value
    one, other = measure_of(first.unit), measure_of(second.unit)
    return (
        one.dimension == other.dimension and first.value * one.factor == second.value * other.factor
    )


_MOMENTS = {"date", "year and month", "month and day", "month of year", "time of day"}
_MAGNITUDES = {
    **{name: Decimal(size) for name, size in ENGLISH_MAGNITUDES.items()},
    **{name: Decimal(size) for name, size in CHINESE_MAGNITUDES.items()},
    "bn": Decimal(10**9),
    "mn": Decimal(10**6),
    "mln": Decimal(10**6),
    "tn": Decimal(10**12),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "m": Decimal(10**6),
    "b": Decimal(10**9),
    "B": Decimal(10**9),
}
_ZH_DIGIT = "".join(CHINESE_DIGITS)
_ZH_MAGNITUDE = "".join(CHINESE_MAGNITUDES)
_ZH_NUMERAL = rf"(?:[{_ZH_DIGIT}十][{_ZH_DIGIT}{_ZH_MAGNITUDE}]*(?:点[{_ZH_DIGIT}]+)?)"
_SPACE = r"\u00a0\u2009\u202f"
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)"
    rf"|\d{{1,3}}(?:[{_SPACE}]\d{{3}})+(?!\d)|\d+)(?:\.\d+)?"
)
_SIZE = "|".join(ENGLISH_MAGNITUDES)
_WORD = "|".join(sorted((*ENGLISH_NUMBERS, *ENGLISH_MAGNITUDES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<share>百分之|千分之)(?:(?P<share_digits>{_DIGITS})|(?P<share_zh>{_ZH_NUMERAL}))"
    r"|(?P<tenths>[一二两三四五六七八九十\d])成(?P<half>半|[一二三四五六七八九])?"
    r"(?![本为功立员就果长都熟人])"
    r"|(?P<version>(?<![\w.])v?\d+(?:\.\d+){2,})"
    rf"|(?P<digits>(?<![\d.]){_DIGITS})"
    rf"|(?P<zh>{_ZH_NUMERAL})"
    rf"|\b(?P<words>(?:a[ -](?={_SIZE}))?(?:{_WORD})"
    rf"(?:(?:[ -]|(?:(?<=hundred)|(?<=thousand)|(?<=million))\ and\ )(?:{_WORD}))*)\b",
    re.IGNORECASE | re.ASCII,
)
_SCALE = re.compile(
    rf"(?:[ {_SPACE}]|\n(?=[百千万亿]+[美港欧日]?元))?"
    r"[多余]?个?(?P<zh>[百千万萬亿億兆]+)(?![克瓦米]|分[点之])"
    rf"|[ {_SPACE}-]?(?P<word>hundred|thousand|million|billion|trillion|mln|mn|bn|tn)(?!\w)"
    r"|(?P<letter>[kKMmbB])(?![\w²³])",
    re.IGNORECASE | re.ASCII,
)
_MORE = re.compile(r"(?P<digits>\d+(?:\.\d+)?)(?P<zh>[百千万]+)(?![克瓦米]|分[点之])", re.ASCII)
_COUNTED = re.compile(
    r"[多余]?(?:[个艘座条台名人位家次间辆只份项种届期号层岁笔吨米件架支套所处顶张页章起颗枚户口"
    r"块门船港倍周天日月年秒元节度亩升克箱排代批级环区段]|小时|分钟|公里|海里|公斤|公顷|平方|立方"
    r"|[美港欧日]元|英[镑里尺寸])"
)
_IDIOM = re.compile(r"十分(?!钟)|万一|千万别|一一|三三两两|十足|十字|三番|四通八达|五花八门")
_RANGE_BEFORE = re.compile(r"(?:\d\s?[^\d\s,;:，；：。、()（）]{0,3}\s?|\w)\Z", re.ASCII)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)


def _half_width(text: str) -> str:
    """`text` with its full-width digits, letters and marks in half width; positions stay.

    A full-width comma or point counts as part of a number only between full-width digits.
    """
    plain = list(text)
    for place, character in enumerate(text):
        if not "！" <= character <= "～":
            continue
        if character in "，．：":
            around = text[place - 1 : place] + text[place + 1 : place + 2]
            wide = len(around) == 2 and all("０" <= c <= "９" for c in around)
            if not wide and not (character == "：" and around.isdecimal() and len(around) == 2):
                continue
        plain[place] = chr(ord(character) - 0xFEE0)
    return "".join(plain)


def _figure(match: re.Match[str], plain: str, text: str) -> Figure | None:
    start, end = match.span()
    if match["share"]:
        value = _plain_number(match["share_digits"], match["share_zh"])
        unit = "%" if match["share"] == "百分之" else "per mille"
        return Figure(value, unit, start, end, text[start:end], value)
    if match["tenths"]:
        return _tenths(match, text)
    if match["version"]:
        return None
    if match["digits"]:
        return _in_digits(match, plain, text)
    if match["zh"]:
        return _in_chinese(match, plain, text)
    word = match[0].lower()
    if word in ENGLISH_MAGNITUDES or word == "zero":
        return None
    figure = _measured(english_number(word), start, end, plain, text)
    return None if word == "one" and not figure.unit else figure


def _tenths(match: re.Match[str], text: str) -> Figure:
    tenths = match["tenths"]
    value = 10 * (Decimal(tenths) if tenths.isdecimal() else chinese_number(tenths))
    if match["half"]:
        value += 5 if match["half"] == "半" else chinese_number(match["half"])
    return Figure(value, "%", match.start(), match.end(), text[slice(*match.span())], value)


def _in_digits(match: re.Match[str], plain: str, text: str) -> Figure | None:
    start, end = match.span()
    if _is_part_of_a_name(plain, start, end):
        return None
    value = _plain_number(match["digits"], None)
    ordinal = _ORDINAL.match(plain, end)
    if ordinal:
        return Figure(value, "ordinal", start, ordinal.end(), text[start : ordinal.end()], value)
    if plain[start - 1 : start] in ("-", "−") and not _RANGE_BEFORE.search(plain, 0, start - 1):
        start, value = start - 1, -value
    figure = _measured(value, start, end, plain, text)
    year = not figure.unit and figure.value == value and 1500 <= value <= 2199
    if year and end - start == 4 and figure.end == end and not _COUNTED.match(plain, end):
        return figure._replace(unit="calendar year")
    return figure


def _in_chinese(match: re.Match[str], plain: str, text: str) -> Figure | None:
    """A numeral that counts something; 一 alone only with a true measure (一小时, 一倍)."""
    start, end = match.span()
    numeral = match["zh"]
    if _IDIOM.match(plain, start):
        return None
    large = len(numeral) > 1 and any(c in CHINESE_MAGNITUDES or c == "点" for c in numeral)
    if not large and (len(numeral) > 1 and len(numeral) != 4):
        return None  # 三四个 is "three or four"
    if not large and not _COUNTED.match(plain, end) and plain[start - 1 : start] != "第":
        return None
    figure = _measured(chinese_number(numeral), start, end, plain, text)
    vague = ("", "year", "day", "week", "degree", "knot", "CNY")
    return None if numeral == "一" and figure.unit in vague else figure


def _measured(written: Decimal, start: int, end: int, plain: str, text: str) -> Figure:
    """The number at [start, end) with the magnitude and the unit that stand around it."""
    currency = CURRENCY.search(plain, max(0, start - 8), start)
    value = written
    scale = _SCALE.match(plain, end)
    if scale and not _is_metre(scale, currency is not None):
        size = _size(scale)
        value, end = written * size, scale.end()
        more = _MORE.match(plain, end) if scale["zh"] else None
        if more and _size(more) < size:
            value, end = value + Decimal(more["digits"]) * _size(more), more.end()
    unit = UNIT.match(plain, end)
    if unit is None and plain[end : end + 1] in ("多", "余"):
        unit = UNIT.match(plain, end + 1)
    name = unit_named(unit["unit"]) if unit else ""
    if unit and _IS_POINTS.search(f"{plain[max(0, start - 2) : start]}|{unit['unit']}"):
        name = "percentage point"
    if currency:
        paid = unit_named(currency["unit"])
        end = unit.end() if unit and name == paid else end
        name, start = paid, currency.start()
    elif unit:
        end = unit.end()
    return Figure(value, name, start, end, text[start:end], written)


_IS_POINTS = re.compile(r"[\u3400-\u9fff][ +-]?\|pct\Z", re.IGNORECASE)
"""In Chinese, 提升0.5pct is half a percentage point."""


def _is_metre(scale: re.Match[str], is_money: bool) -> bool:
    """`5m` is five metres and `5b` no amount, unless a currency stands before."""
    return scale["letter"] in ("m", "b") and not is_money


def _size(scale: re.Match[str]) -> Decimal:
    size = Decimal(1)
    parts = scale.groupdict()
    names = parts["zh"] or [parts.get("letter") or parts["word"]]
    for name in names:
        size *= _MAGNITUDES.get(name) or _MAGNITUDES[name.lower()]
    return size


_SHARE = re.compile(r"\s?(?:%|[个余]?百分点|[万亿倍])")


def _is_part_of_a_name(plain: str, start: int, end: int) -> bool:
    """True for the digits of `HX-200`, `B12`, `5G`; not for `US$5`, `FY2031`, `12km`, `3k`."""
    before, after = plain[max(0, start - 8) : start], plain[end : end + 1]
    if _SHARE.match(plain, end) and re.search(r"[A-Z]{2}\Z", before):
        return False  # 占总GMV25%以上
    if before[-1:] == "_" or re.search(r"[A-Z][-/]\Z", before):
        return True
    if before[-1:].isascii() and before[-1:].isalpha():
        year = re.search(r"(?<![A-Za-z])[FC]Y\Z", before)
        if not (year or CURRENCY.search(before)):
            return True
    if after.isascii() and after.isalpha():
        return not any(p.match(plain, end) for p in (_SCALE, UNIT, _ORDINAL))
    return False


def _plain_number(digits: str | None, chinese: str | None) -> Decimal:
    if digits is None:
        return chinese_number(chinese or "")
    return Decimal(re.sub(rf"[,{_SPACE}]", "", digits))
