"""Numbers and times as people write them, in English and in Chinese."""

from __future__ import annotations

from typing import Literal

PageLanguage = Literal["en", "zh"]
"""The languages in which a report speaks."""

_NO_BREAK = "\u00a0"
_MINUS = "\u2212"


def percent(share: float, language: PageLanguage = "en") -> str:
    """`0.812` as `81 %` (no-break space) in English and `81%` in Chinese.

    Never rounds to all or nothing what is not: 0.998 is `99.8 %`, 0.004 is `0.4 %`.
    """
    value = share * 100
    whole = round(value)
    if whole in (0, 100) and abs(value - whole) > 1e-9:
        digits = f"{value:.1f}"
        digits = "<0.1" if digits == "0.0" else ">99.9" if digits == "100.0" else digits
    else:
        digits = str(whole)
    return f"{digits}%" if language == "zh" else f"{digits}{_NO_BREAK}%"


def interval(bounds: tuple[float, float], language: PageLanguage = "en") -> str:
    """A range of shares in whole percent, as `73–88 %`."""
    low, high = (f"{bound * 100:.0f}" for bound in bounds)
    return f"{low}–{high}%" if language == "zh" else f"{low}–{high}{_NO_BREAK}%"


def points(gain: float) -> str:
    """A difference of two shares in percentage points, signed, such as `+12`; 0 has no sign."""
    whole = round(gain * 100)
    if whole == 0:
        return "0"
    return f"{'+' if whole > 0 else _MINUS}{abs(whole)}"


def count(number: int) -> str:
    """With thousands separators: `12,480`."""
    return f"{number:,}"


def duration(seconds: float, language: PageLanguage = "en") -> str:
    """Two units at most: `0.4 s`, `48 s`, `4 min 12 s`, `1 h 03 min`."""
    hour, minute, second = ("小时", "分", "秒") if language == "zh" else ("h", "min", "s")
    gap = _NO_BREAK
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}{gap}{second}"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{gap}{second}"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}{gap}{minute}{gap}{rest:02d}{gap}{second}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{gap}{hour}{gap}{minutes:02d}{gap}{minute}"


def short(tokens: float) -> str:
    """`1.2 M`, `340 k`, `950`."""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f} M"
    return f"{tokens / 1000:.0f} k" if tokens >= 10_000 else f"{tokens:,.0f}"
