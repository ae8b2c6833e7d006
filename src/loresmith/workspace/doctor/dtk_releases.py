"""Why: driver, DTK, Python and wheels of a DCU fit only one to one: constraints/ says which do.

A further release of the toolkit is one more `constraints/dtk-NN.NN.txt` (and its line among those
that pyproject.toml packs): pip reads its pins, and here its comments `# python: 3.10` and
`# wheel: NAME VERSION` are read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).parents[2]
_FOLDERS = (_PACKAGE / "constraints", _PACKAGE.parents[1] / "constraints")
"""In an installed package they lie in it, in a checkout beside `src`."""
_PIN = re.compile(r"^([\w.-]+)==(\S+)", re.M)
_PYTHON = re.compile(r"^# python: ([0-9.]+\+?)", re.M)
_WHEEL = re.compile(r"^# wheel: (\S+) (\S+)", re.M)
_TAG = re.compile(r"(?:^|\.)dtk([0-9]{2})\.?([0-9]{2})[0-9]?(?![0-9])")


class DtkRelease(NamedTuple):
    """What goes with one release of the toolkit."""

    name: str
    """Such as `25.04`."""
    file: Path
    python: str
    """Such as `3.10`; with a `+`, or any later one."""
    wheels: Mapping[str, str]
    """Hygon's own builds, by package."""
    pins: Mapping[str, str]
    """What else was found to go with them, by package."""


@cache
def dtk_releases() -> Mapping[str, DtkRelease]:
    """Every release that constraints/ tells of, by its name."""
    files = [path for folder in _FOLDERS for path in sorted(folder.glob("dtk-*.txt"))]
    return {release.name: release for release in map(_release, files)}


def dtk_of_wheel(version: str) -> str:
    """The toolkit that a wheel was built for: `2.4.1+das.opt2.dtk2504` is of `25.04`."""
    found = _TAG.search(version.partition("+")[2])
    return f"{found[1]}.{found[2]}" if found else ""


def _release(file: Path) -> DtkRelease:
    text = file.read_text(encoding="utf-8")
    wheels = dict(_WHEEL.findall(text))
    pins = {name: version for name, version in _PIN.findall(text) if name not in wheels}
    python = _PYTHON.search(text)
    return DtkRelease(
        name=file.stem.removeprefix("dtk-"),
        file=file,
        python=python.group(1) if python else "",
        wheels=wheels,
        pins=pins,
    )
