"""How much two texts share, so that exam questions stay apart from training and duplicates go."""

from __future__ import annotations

import re
from collections.abc import Hashable, Set
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

from loresmith.text.normalising import normalise

KeyT = TypeVar("KeyT", bound=Hashable)

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*"  # a number, whole
    r"|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\U00020000-\U0003ffff]"
    r"|[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\U00020000-\U0003ffff]+"
)


@dataclass(frozen=True)
class Overlap(Generic[KeyT]):
    """A text that is like another, and how much (0 to 1)."""

    key: KeyT
    jaccard: float


class OverlapIndex(Generic[KeyT]):
    """Finds the added text that is most like a given one without comparing with all of them."""

    def __init__(self) -> None:
        self._order: dict[KeyT, int] = {}
        self._keys: list[KeyT] = []
        self._sets: list[frozenset[str]] = []
        self._holders: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: KeyT, text: str) -> None:
        """Adds `text` under `key`; a key that is known already keeps its first text."""
        if key in self._order:
            return
        place = self._order[key] = len(self._keys)
        self._keys.append(key)
        self._sets.append(token_set(text))
        for token in self._sets[place]:
            self._holders.setdefault(token, []).append(place)

    def nearest(self, text: str, *, above: float) -> Overlap[KeyT] | None:
        """The added text whose Jaccard with `text` is greatest and more than `above`, else None.

        A set that shares more than that has at least `above` of the tokens of `text`, so it holds
        one of the rarest that are left when so many are taken away: only those are looked up
        (prefix filtering: Chaudhuri, Ganti and Kaushik 2006). Of equals, the first added wins.
        A text without any token is like nothing.
        """
        wanted = token_set(text)
        rarest_first = sorted(wanted, key=lambda token: len(self._holders.get(token, ())))
        enough = len(wanted) - ceil(above * len(wanted)) + 1
        candidates = {p for token in rarest_first[:enough] for p in self._holders.get(token, ())}
        best: Overlap[KeyT] | None = None
        for place in sorted(candidates):
            share = jaccard(wanted, self._sets[place])
            if share > (best.jaccard if best else above):
                best = Overlap(self._keys[place], share)
        return best


def tokens(text: str) -> list[str]:
    """Words in lower case, whole numbers such as `3,100.5`, and single Chinese characters."""
    return _TOKEN.findall(normalise(text, fold_case=True))


def token_set(text: str) -> frozenset[str]:
    """The distinct tokens of `text`."""
    return frozenset(tokens(text))


def jaccard(first: Set[str], second: Set[str]) -> float:
    """Shared tokens over all tokens of two sets (0 to 1); two empty sets are alike (1).

    Source: P. Jaccard, "Étude comparative de la distribution florale", 1901.
    """
    union = len(first | second)
    return len(first & second) / union if union else 1.0
