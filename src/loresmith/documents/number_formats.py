"""Shows the numbers of a spreadsheet as its readers see them: dates, percentages, separators.

A subset of the number formats of ECMA-376 Part 1, sections 18.8.30 and 18.8.31: what decides the
figure that is read. Colours, widths and conditions are passed over; what is not understood is
shown as the plain number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

BUILT_IN: Mapping[int, str] = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    27: 'yyyy"年"m"月"',
    28: 'm"月"d"日"',
    29: 'm"月"d"日"',
    30: "yyyy-mm-dd",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    36: 'yyyy"年"m"月"',
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss",
    48: "0.0E+0",
    50: 'yyyy"年"m"月"',
    51: 'm"月"d"日"',
    52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"',
    54: 'm"月"d"日"',
    57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}
"""The formats that files name by number only; where they depend on the country, as in China."""


def shown(number: str, code: str, *, from_1904: bool = False) -> str:
    """The cell's number as its format shows it; `from_1904`: the days of dates count from there."""
    try:
        value = float(number)
    except ValueError:
        return number
    if not math.isfinite(value):
        return number
    sections = _sections(code)
    section = sections[1] if value < 0 and len(sections) > 1 else sections[0]
    if value == 0 and len(sections) > 2:
        section = sections[2]
    signed = value < 0 and not (len(sections) > 1 and section is sections[1])
    if section.is_date:
        return _date(value, section, from_1904=from_1904) or _general(value)
    if not any(part.kind == "digits" for part in section.parts):
        texts = "".join(part.text for part in section.parts if part.kind == "text")
        return texts if section.parts and not section.has_general else _general(value)
    return ("-" if signed else "") + _number(abs(value), section)


class _Part(NamedTuple):
    kind: str
    """`text`, `digits`, `date` or `percent`."""
    text: str


class _Section(NamedTuple):
    parts: tuple[_Part, ...]
    is_date: bool
    has_general: bool = False


_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|G/通用格式|@)|(?P<noon>AM/PM|A/P|上午/下午)"
    r"|(?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?|a{3,4})|(?P<exponent>E[+-]0+)"
    r"|(?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?|\.[0#?]+)|(?P<percent>%)|(?P<other>.)",
    re.DOTALL,
)
_ELAPSED = re.compile(r"[hHmMsS]+\Z")


@lru_cache(maxsize=2048)
def _sections(code: str) -> tuple[_Section, ...]:
    """The parts of a format for positive and negative numbers, for zero and for text."""
    found, parts, general = [], list[_Part](), False
    for token in _TOKEN.finditer(code):
        kind, text = token.lastgroup, token.group(token.lastgroup) if token.lastgroup else ""
        if kind == "other" and text == ";":
            found.append(_section(parts, general))
            parts, general = [], False
        elif kind in ("quoted", "escaped", "other"):
            parts.append(_Part("text", text))
        elif kind == "bracket":
            if _ELAPSED.match(text):
                parts.append(_Part("date", f"[{text.lower()}]"))
            elif text.startswith("$"):  # a currency, with the number of a country
                parts.append(_Part("text", text[1:].split("-")[0]))
        elif kind == "general":
            general = True
        elif kind in ("date", "noon"):
            parts.append(_Part("date", text if kind == "noon" else text.lower()))
        elif kind is not None:
            parts.append(_Part(kind, text))
    found.append(_section(parts, general))
    return tuple(found)


def _section(parts: list[_Part], general: bool) -> _Section:
    has_digits = any(part.kind == "digits" for part in parts)
    return _Section(tuple(parts), not has_digits and any(p.kind == "date" for p in parts), general)


def _general(value: float) -> str:
    """A number without a format, to 15 digits, as spreadsheets keep them."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    written = f"{value:.15g}"
    return f"{Decimal(written):f}" if "e" in written and 1e-9 < abs(value) < 1e15 else written


def _number(value: float, section: _Section) -> str:
    exponent = next((part.text for part in section.parts if part.kind == "exponent"), "")
    pattern = next(part.text for part in section.parts if part.kind == "digits")
    whole, _, fraction = pattern.partition(".")
    thousands = len(whole) - len(whole.rstrip(","))
    hundreds = sum(part.text == "%" for part in section.parts if part.kind == "percent")
    exact = Decimal(repr(value)).scaleb(2 * hundreds - 3 * thousands)
    if exponent:
        figure = f"{float(exact):.{len(fraction)}E}"
    else:
        figure = _fixed(exact, whole.rstrip(","), fraction)
    written, placed = "", False
    for part in section.parts:
        if part.kind == "digits" and not placed:
            written, placed = written + figure, True
        elif part.kind in ("text", "percent"):
            written += part.text
    return written.strip()


def _fixed(value: Decimal, whole: str, fraction: str) -> str:
    """The value with as many digits as its format has places, and with separators if it says so."""
    if value < 10**15:
        value = value.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    figure = f"{value:,f}" if "," in whole else f"{value:f}"
    before, _, after = figure.partition(".")
    while after and fraction[len(after) - 1 : len(after)] in ("#", "?") and after.endswith("0"):
        after = after[:-1]
    before = before.rjust(whole.count("0"), "0")
    if before == "0" and "0" not in whole and after:
        before = ""
    return f"{before}.{after}" if after else before


_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_WEEKDAYS = "一二三四五六日"


def _date(value: float, section: _Section, *, from_1904: bool) -> str:
    """The moment that is `value` days after the beginning; "" where there is no such day."""
    begin = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    if not from_1904 and value < 60:  # the year 1900 has a 29 February there
        begin += timedelta(days=1)
    try:
        moment = begin + timedelta(seconds=round(value * 86400))
    except OverflowError:
        return ""
    noon = any(part.text in _NOON for part in section.parts)
    written, after_hours = "", False
    for index, part in enumerate(section.parts):
        if part.kind == "text":
            written += part.text
        elif part.kind == "date":
            minutes = part.text in ("m", "mm") and (after_hours or _before_seconds(section, index))
            kind = "minutes" if minutes else part.text
            written += _of_moment(kind, part.text, moment, value, noon=noon)
            after_hours = part.text.strip("[]")[:1] == "h"
    return written.strip()


_NOON = ("AM/PM", "A/P", "上午/下午")


def _before_seconds(section: _Section, index: int) -> bool:
    following = [part.text for part in section.parts[index + 1 :] if part.kind == "date"]
    return bool(following) and following[0].startswith("s")


def _of_moment(kind: str, code: str, moment: datetime, value: float, *, noon: bool) -> str:
    if kind in _NOON:
        before, after = kind.split("/")
        return before if moment.hour < 12 else after
    if kind.startswith("["):
        seconds = round(value * 86400)
        return str(seconds // {"h": 3600, "m": 60, "s": 1}[kind[1]])
    if kind == "minutes":
        return f"{moment.minute:0{len(code)}d}"
    hour = (moment.hour % 12 or 12) if noon else moment.hour
    wide = len(kind)
    if kind[0] == "y":
        return f"{moment.year:04d}" if wide > 2 else f"{moment.year % 100:02d}"
    if kind[0] == "m":
        name = _MONTHS.split()[moment.month - 1]
        return f"{moment.month:0{wide}d}" if wide < 3 else name[:3] if wide == 3 else name
    if kind[0] == "d":
        name = _DAYS.split()[moment.weekday()]
        return f"{moment.day:0{wide}d}" if wide < 3 else name[:3] if wide == 3 else name
    if kind[0] == "a":
        return ("星期" if wide == 4 else "") + _WEEKDAYS[moment.weekday()]
    return f"{hour if kind[0] == 'h' else moment.second:0{min(wide, 2)}d}"
