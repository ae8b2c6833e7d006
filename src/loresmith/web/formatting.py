"""The filters of the templates: figures, sizes and times as people of a language write them."""

from __future__ import annotations

from loresmith.web.i18n import Language
from loresmith.workspace.report import formatting as report

__all__ = ["compact", "duration", "number", "percent", "size"]

_NO_BREAK = "\u00a0"


def number(value: float, *, language: Language) -> str:
    """With thousands separators; a fraction keeps at most four significant digits."""
    del language  # Both languages of the studio group digits alike.
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def compact(value: float, *, language: Language) -> str:
    """Short: `12.5K`, `3.2M`; in Chinese `1.2万`, `3.2亿`."""
    steps = ((1e8, "亿"), (1e4, "万")) if language == "zh" else ((1e9, "B"), (1e6, "M"), (1e3, "K"))
    for step, sign in steps:
        if abs(value) >= step:
            return f"{value / step:.3g}{sign}"
    return number(value, language=language)


def percent(share: float, *, language: Language) -> str:
    """0.81 as `81 %`, in Chinese `81%`; never rounds to all or nothing what is not."""
    return report.percent(share, language)


def duration(seconds: float, *, language: Language) -> str:
    """`48 s`, `4 min 12 s`, `1 h 03 min`."""
    return report.duration(seconds, language)


def size(value: float, *, language: Language) -> str:
    """Bytes as `3.4 MB` (powers of 1024)."""
    del language
    for unit in ("B", "KB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.3g}{_NO_BREAK}{unit}"
        value /= 1024
    return f"{value:.3g}{_NO_BREAK}TB"
