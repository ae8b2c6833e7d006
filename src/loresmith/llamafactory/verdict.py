"""Why: what becomes of each of LLaMA Factory's settings is said once, for reader and page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import ge, gt, le, lt
from typing import Literal, NamedTuple

VerdictKind = Literal["same", "mapped", "ignored", "refused"]


class Limits(NamedTuple):
    """Between what a number has to lie; None is no limit."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def fault(self, value: float) -> str:
        """What is wrong with `value`; empty where it lies within."""
        for sign, limit in self.bounds():
            holds, words = _SIGNS[sign]
            if not holds(value, limit):
                return f"should be {words} {limit:.10g}"
        return ""

    def bounds(self) -> list[tuple[str, float]]:
        """Each limit with its sign."""
        signed = zip(_SIGNS, self, strict=True)
        return [(sign, limit) for sign, limit in signed if limit is not None]


_SIGNS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "≥": (ge, "at least"),
    ">": (gt, "greater than"),
    "≤": (le, "at most"),
    "<": (lt, "less than"),
}


class Verdict(NamedTuple):
    """What becomes of one setting.

    `same` holds as it stands and `mapped` becomes settings of the recipe; of `ignored` and
    `refused` this is about values other than LLaMA Factory's default: the training goes on without
    the one and says so, and does not begin with the other.
    """

    kind: VerdictKind
    told: str
    """The conversion, why it is ignored, or what to use instead; a sentence without its stop."""
    paths: tuple[str, ...] = ()
    """The settings of the recipe that it becomes."""
    limits: Limits = Limits()
    renamed: bool = False
    """Whether it is `mapped` and the value stays as it is."""


_NO_LIMITS = Limits()


def same(told: str, limits: Limits = _NO_LIMITS) -> Verdict:
    """Means here what it means there."""
    return Verdict("same", told, limits=limits)


def renamed(path: str, limits: Limits = _NO_LIMITS, *, told: str = "the same value") -> Verdict:
    """Becomes the setting at `path` of a recipe, with the same value."""
    return Verdict("mapped", told, (path,), limits, renamed=True)


def mapped(path: str, told: str, limits: Limits = _NO_LIMITS) -> Verdict:
    """Becomes the setting at `path` of a recipe, in the way that is told."""
    return Verdict("mapped", told, (path,), limits)


def ignored(why: str) -> Verdict:
    """What is learned does not depend on it, or the training can do without it."""
    return Verdict("ignored", why)


def refused(instead: str) -> Verdict:
    """Without it something else would be learned than was asked for."""
    return Verdict("refused", instead)


def each(keys: str, verdict: Verdict) -> dict[str, Verdict]:
    """The same verdict for several keys, which are parted by spaces."""
    names: Iterable[str] = keys.split()
    return dict.fromkeys(names, verdict)
