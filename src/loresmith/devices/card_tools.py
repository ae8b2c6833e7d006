"""Why: the programs that know a card hang, fail and print odd figures; here that is met once."""

from __future__ import annotations

import math
import re
import subprocess

_TIMEOUT_SECONDS = 15.0
"""A first call can take ten."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_INDEX = re.compile(r"[0-9]{1,4}")


def said(tool: str, *words: str) -> str:
    """What a monitoring tool prints; nothing where it cannot be started or does not answer."""
    try:
        done = subprocess.run(
            [tool, *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").replace("\x00", "")


def number(text: str | None) -> float | None:
    """The number that a cell begins with, such as `64.0C`; None for `N/A`, `inf` and `nan`."""
    found = _NUMBER.match(text.strip()) if text is not None else None
    value = float(found.group()) if found is not None else math.nan
    return value if math.isfinite(value) else None


def index_of(text: str) -> int | None:
    """The number of a card; None for what is none."""
    return int(text) if _INDEX.fullmatch(text) else None
