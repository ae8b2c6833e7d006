"""Units of measure as people write them in English and Chinese, and which of them compare.

The name of a unit is what `Figure.unit` holds: `%`, `percentage point`, `CNY`, `km`, `day`. An
ambiguous word gets its commonest sense in reports (`¥` is yuan, `pounds` is money).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple


class Measure(NamedTuple):
    """What a unit measures, and how many of the base unit of that dimension it is."""

    dimension: str
    factor: Decimal


def measure_of(unit: str) -> Measure:
    """The dimension of a unit, by its name; a unit that converts to no other is its own."""
    return _MEASURES.get(unit, Measure(unit, Decimal(1)))


_MEASURES = {
    unit: Measure(dimension, Decimal(factor))
    for dimension, units in {
        "length": {"mm": "0.001", "cm": "0.01", "m": "1", "km": "1000"},
        "mass": {"mg": "0.000001", "g": "0.001", "kg": "1", "t": "1000"},
        "power": {"W": "1", "kW": "1000", "MW": "1000000", "GW": "1000000000"},
        "energy": {"kWh": "1", "MWh": "1000", "GWh": "1000000"},
        "clock": {"second": "1", "minute": "60", "hour": "3600"},
        "days": {"day": "1", "week": "7"},
        "months": {"month": "1", "quarter": "3", "year": "12"},
        "share": {"%": "1", "per mille": "0.1"},
        "points": {"percentage point": "1", "basis point": "0.01"},
    }.items()
    for unit, factor in units.items()
}

_SPELLINGS: dict[str, str] = {
    "%": "% percent per_cent pct",
    "per mille": "‰ permille per_mille",
    "percentage point": "percentage_point percentage_points %_points pp ppts 个百分点 百分点",
    "basis point": "basis_point basis_points bp bps 个基点 基点",
    "CNY": "CNY RMB yuan renminbi 元人民币 人民币元 人民币 元 块钱",
    "USD": "USD US_dollar US_dollars U.S._dollars dollar dollars 美元 美金",
    "HKD": "HKD Hong_Kong_dollars 港元 港币",
    "EUR": "EUR euro euros € 欧元",
    "GBP": "GBP pound pounds £ 英镑",
    "JPY": "JPY yen 日元 日圆",
    "times": "times x × 倍",
    "year": "year years yr yrs 周年 年",
    "quarter": "quarters 个季度",
    "month": "month months 个月",
    "week": "week weeks 个星期 星期 周",
    "day": "day days 天 日",
    "hour": "hour hours hr hrs h 个小时 小时 个钟头",
    "minute": "minute minutes min mins 分钟",
    "second": "second seconds sec secs s 秒钟 秒",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米",
    "cm": "cm centimetre centimetres centimeter centimeters 厘米",
    "m": "m metre metres meter meters 米",
    "km": "km kilometre kilometres kilometer kilometers 公里 千米",
    "mile": "mile miles mi 英里",
    "nautical mile": "nautical_mile nautical_miles nmi 海里",
    "foot": "foot feet ft 英尺",
    "inch": "inch inches 英寸",
    "mg": "mg 毫克",
    "g": "g gram grams 克",
    "kg": "kg kilogram kilograms kilo kilos 公斤 千克",
    "t": "t tonne tonnes ton tons metric_tons 吨",
    "litre": "L litre litres liter liters 升",
    "m2": "m2 m² sq_m square_metres square_metre square_meters 平方米",
    "m3": "m3 m³ cubic_metres cubic_metre cubic_meters 立方米",
    "km2": "km2 km² square_kilometres square_kilometers 平方公里 平方千米",
    "hectare": "hectare hectares ha 公顷",
    "mu": "mu 亩",
    "W": "W watt watts 瓦",
    "kW": "kW kilowatt kilowatts 千瓦",
    "MW": "MW megawatt megawatts 兆瓦",
    "GW": "GW gigawatt gigawatts 吉瓦",
    "kWh": "kWh kilowatt_hours 千瓦时 度电",
    "MWh": "MWh megawatt_hours 兆瓦时",
    "GWh": "GWh gigawatt_hours 吉瓦时",
    "°C": "°C ℃ degrees_Celsius degree_Celsius 摄氏度",
    "°F": "°F degrees_Fahrenheit",
    "degree": "° degree degrees 度",
    "knot": "knot knots kn 节",
}
_CASE_MATTERS = frozenset({"L", "W", "h", "s", "m", "g", "t", "x", "mu", "mi", "kn", "min", "ha"})

_PREFIXES: dict[str, str] = {
    "CNY": "人民币 RMB CNY CN¥ ¥ ￥",
    "USD": "US$ USD $ 美元",
    "HKD": "HK$ HKD 港币 港元",
    "EUR": "€ EUR",
    "GBP": "£ GBP",
    "JPY": "JPY JP¥",
    "TWD": "NT$",
    "SGD": "S$",
    "AUD": "A$",
    "CAD": "C$",
}


def _alternatives(table: dict[str, str]) -> dict[str, str]:
    return {
        spelling.replace("_", " "): unit
        for unit, words in table.items()
        for spelling in words.split()
    }


_UNIT_OF = _alternatives(_SPELLINGS)
_CURRENCY_OF = _alternatives(_PREFIXES)
_FOLDED_UNIT_OF = {
    spelling.lower(): unit for spelling, unit in _UNIT_OF.items() if spelling not in _CASE_MATTERS
}


def _pattern(spellings: dict[str, str]) -> str:
    """Longest first; one in Latin letters ends where the word ends."""
    parts = []
    for spelling in sorted(spellings, key=len, reverse=True):
        part = re.escape(spelling).replace(r"\ ", r"[ \-]")
        if spelling[-1].isascii() and spelling[-1].isalnum():
            part += r"(?![A-Za-z0-9²³])"
        parts.append(part if spelling in _CASE_MATTERS else f"(?i:{part})")
    return "|".join(parts)


UNIT = re.compile(rf"[ \u00a0\u2009\u202f-]?(?P<unit>{_pattern(_UNIT_OF)})")
"""A unit right after a number, with at most one space or hyphen between."""
CURRENCY = re.compile(rf"(?P<unit>(?<![A-Za-z])(?:{_pattern(_CURRENCY_OF)}))[ \u00a0]?\Z")
"""A currency right before a number."""


def unit_named(spelling: str) -> str:
    """The name of the unit that a match of UNIT or CURRENCY spells."""
    plain = spelling.replace("-", " ")
    for table in (_UNIT_OF, _CURRENCY_OF):
        if plain in table:
            return table[plain]
    folded = plain.lower()
    return _FOLDED_UNIT_OF.get(folded) or _CURRENCY_OF[plain.upper()]
