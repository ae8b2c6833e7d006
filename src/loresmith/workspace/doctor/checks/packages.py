"""Why: a package that is missing or too old is told before it is needed, with its command."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene, numbers

_REQUIREMENT = re.compile(
    r"^([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;.*extra\s*==\s*['\"](\w+)['\"])?"
)
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")


class _Need(NamedTuple):
    package: str
    bounds: str
    extra: str
    """Empty for what every installation has."""


def packages(scene: Scene) -> Iterator[Finding]:
    """Whether the extras that are needed here are installed, in versions that will do."""
    for extra in ("", "train", "studio", "postgres"):
        needs = [need for need in _needs() if need.extra == extra]
        missing = [need.package for need in needs if not scene.version(need.package)]
        if missing:
            yield Finding(
                check="packages",
                wrong=_is_wanted(extra, scene),
                message=f"{_purpose(extra)}: missing are {', '.join(missing)}",
                hint=f"pip install 'loresmith[{extra}]'" if extra else "pip install loresmith",
            )
        for need in needs:
            version = scene.version(need.package)
            if version and not _fits(version, need.bounds):
                yield Finding(
                    check="packages",
                    message=f"{need.package} {version} is installed, and {need.bounds} is needed",
                    hint=f"pip install '{need.package}{need.bounds}'",
                )


def _is_wanted(extra: str, scene: Scene) -> bool:
    """Whether somebody here can be expected to need it; the studio is a matter of choice."""
    if extra == "postgres":
        return bool(scene.settings.database_url)
    return extra in ("", "train")


def _purpose(extra: str) -> str:
    return {
        "": "Loresmith is not wholly installed",
        "train": "nothing can be trained or answered by a local model",
        "studio": "the studio and the API cannot be started",
        "postgres": "records cannot be kept in PostgreSQL",
    }[extra]


@cache
def _needs() -> tuple[_Need, ...]:
    """What our own metadata asks for."""
    try:
        lines = importlib.metadata.requires("loresmith") or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    found = (_REQUIREMENT.match(line) for line in lines)
    needs = [_Need(one[1], one[2].strip(), one[3] or "") for one in found if one is not None]
    return tuple(need for need in needs if need.package != "loresmith")


def _fits(version: str, bounds: str) -> bool:
    has = numbers(version)
    for sign, bound in _BOUND.findall(bounds):
        wanted = numbers(bound)
        if (has < wanted) if sign == ">=" else (has >= wanted):
            return False
    return True
