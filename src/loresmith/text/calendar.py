"""Dates, months, quarters and times of day as English, Chinese and machines write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from loresmith.text.numerals import chinese_number

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?(?![a-z])"
)
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d|[.,:]\d)"
_MONTH_ALONE = (
    r"(?P<month>(?-i:January|February|April|June|July|August|September|October|November|December"
    r"|(?<=[io][nf] )(?:March|May)|(?<=by )(?:March|May)|(?<=since |until )(?:March|May)))"
    r"(?![a-z])(?!\s(?-i:[A-Z]))"
)
_YEAR = r"(?P<year>[12]\d{3})(?![\d])"
_ZH_YEAR = r"(?P<year>[12]\d{3}|[一二][〇零一二三四五六七八九]{3})\s?年"
_ZH_SMALL = r"(?:\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_BEFORE = r"(?<![\w.])"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3}

_FORMS = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"{_BEFORE}(?P<year>[12]\d{{3}})(?P<mark>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=mark)"
        r"(?P<day>3[01]|[12]\d|0?[1-9])(?!\d|[.,]\d)",
        r"(?<![\w.])(?P<day>3[01]|[12]\d|0?[1-9])\.(?P<month>1[0-2]|0?[1-9])\."
        r"(?P<year>[12]\d{3})(?!\d|[.,]\d)",
        rf"{_BEFORE}{_DAY}(?:\s+day)?\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        rf"{_BEFORE}{_MONTH}\s+(?:the\s+)?{_DAY},?\s+{_YEAR}",
        rf"{_BEFORE}{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        rf"{_BEFORE}{_DAY}\s+(?:of\s+)?{_MONTH}",
        rf"{_BEFORE}{_MONTH}\s+(?:the\s+)?{_DAY}",
        rf"{_BEFORE}{_MONTH_ALONE}",
        rf"{_ZH_YEAR}\s?(?P<month>{_ZH_SMALL})\s?月(?:份)?(?:\s?(?P<day>{_ZH_SMALL})\s?[日号])?",
        rf"(?P<month>{_ZH_SMALL})\s?月\s?(?P<day>{_ZH_SMALL})\s?[日号]",
        rf"{_ZH_YEAR}(?!\s?来|\s?间)",
        rf"(?P<month>{_ZH_SMALL})\s?月(?:份|(?=[以内底初中末上下至到前后的起，。、；]|[^一-鿿]|\Z))",
    )
]
_CLOCK = re.compile(
    r"(?<![\w.:一二三四五六七八九十百])(?P<half>上午|下午|晚上|凌晨|中午)?\s?"
    r"(?:(?P<hour>2[0-4]|1\d|0?\d)(?::(?P<minute>[0-5]\d)(?::[0-5]\d)?(?!\d))(?:\s?(?P<m>[ap])\.?m\b)?"
    r"|(?P<hour2>1[0-2]|0?[1-9])\s?(?P<m2>[ap])\.?m\b"
    rf"|(?P<hour3>{_ZH_SMALL})\s?[点时](?:(?P<minute3>{_ZH_SMALL})\s?分(?!之)|(?P<part>半|整)"
    r"|(?=[^\w一-鿿]|\Z|[开出到前后起至钟])))",
    re.IGNORECASE | re.ASCII,
)
_QUARTER = re.compile(
    r"(?<!\w)Q(?P<n>[1-4])(?!\d)|(?<!\w)(?P<n2>[1-4])Q(?![a-z])"
    r"|第(?P<n3>[一二三四1-4])季度?|(?P<n5>[一二三四1-4])季度"
    r"|\b(?P<n4>first|second|third|fourth|1st|2nd|3rd|4th)[ -]quarter",
    re.IGNORECASE | re.ASCII,
)


class Moment(NamedTuple):
    """A point in time as a number: what `unit` says.

    `date` is YYYYMMDD, `year and month` YYYYMM, `month and day` MMDD, `month of year` 1 to 12,
    `calendar year` YYYY, `quarter of year` 1 to 4, `time of day` minutes after midnight.
    """

    value: Decimal
    unit: str
    start: int
    end: int


def moments(text: str) -> Iterator[Moment]:
    """Every date, year written with 年, quarter and time of day; the fullest form at each place.

    A bare year such as `2031` is not among them: that it is one is for `figures` to guess.
    """
    taken: list[tuple[int, int]] = []
    for pattern in (*_FORMS, _CLOCK, _QUARTER):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            moment = _moment(match)
            if moment is not None:
                taken.append((start, end))
                yield moment


def _moment(match: re.Match[str]) -> Moment | None:
    parts = match.groupdict()
    if "half" in parts:
        return _time_of_day(match)
    if "n" in parts:
        return _quarter(match)
    year, month, day = (_number(parts.get(name)) for name in ("year", "month", "day"))
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    if year is not None and month is not None and day is not None:
        value, unit = year * 10000 + month * 100 + day, "date"
    elif year is not None and month is not None:
        value, unit = year * 100 + month, "year and month"
    elif month is not None and day is not None:
        value, unit = month * 100 + day, "month and day"
    elif month is not None:
        value, unit = month, "month of year"
    elif year is not None:
        value, unit = year, "calendar year"
    else:
        return None
    return Moment(Decimal(value), unit, match.start(), match.end())


def _time_of_day(match: re.Match[str]) -> Moment | None:
    hour = _number(match["hour"] or match["hour2"] or match["hour3"])
    minute = _number(match["minute"] or match["minute3"]) or (30 if match["part"] == "半" else 0)
    if hour is None or hour > 24:
        return None
    half = (match["m"] or match["m2"] or "").lower()
    afternoon = half == "p" or match["half"] in ("下午", "晚上")
    if afternoon and hour < 12:
        hour += 12
    elif (half == "a" or match["half"] == "凌晨") and hour == 12:
        hour = 0
    start = match.start() + len(match[0]) - len(match[0].lstrip())
    return Moment(Decimal(hour * 60 + minute), "time of day", start, match.end())


def _quarter(match: re.Match[str]) -> Moment:
    spelled = next(group for group in match.groups() if group is not None).lower()
    number = _ORDINALS.get(spelled) or _number(spelled[:1] if spelled == "4th" else spelled)
    return Moment(Decimal(number or 0), "quarter of year", match.start(), match.end())


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    month = text.lower()[:3]
    return _MONTHS.index(month) + 1 if month in _MONTHS else int(chinese_number(text))
