"""Finds texts that are nearly alike among hundreds of thousands, without comparing all with all."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from loresmith.text.normalising import normalise
from loresmith.text.overlap import jaccard

if TYPE_CHECKING:
    from loresmith.curation.claim import Claim

_BINS = 40
_ROWS = 4
"""Bins of a band: texts whose sets share 0.8 meet in one of ten bands 99 times of 100."""
_MOST_IN_A_BUCKET = 32
"""So that a corpus of one sentence is not compared with itself; the first ones stand for the rest.
"""


class AlikeIndex:
    """Claims by their texts. Work per text does not grow with how many there are.

    MinHash with one permutation (Li, Owen and Zhang, "One Permutation Hashing", 2012; empty bins
    take the next one's value: Shrivastava and Li, 2014), in bands (Indyk and Motwani, 1998), over
    runs of three characters. What shares a band is compared in full.
    """

    def __init__(self) -> None:
        self.compared = 0
        """How many pairs were compared so far."""
        self._buckets: dict[tuple[int, ...], list[tuple[Claim, frozenset[str]]]] = {}

    def add(self, claim: Claim, text: str) -> None:
        """Remembers `claim` under `text`."""
        parts = _parts(text)
        for band in _bands(parts):
            bucket = self._buckets.setdefault(band, [])
            if len(bucket) < _MOST_IN_A_BUCKET:
                bucket.append((claim, parts))

    def near(self, text: str, *, similarity: float) -> list[Claim]:
        """The claims whose texts share at least `similarity` (Jaccard) with `text`, the earliest
        first; of those that share much, one in a hundred may be missed."""
        wanted = _parts(text)
        found: dict[str, tuple[Claim, frozenset[str]]] = {}
        for band in _bands(wanted):
            for claim, parts in self._buckets.get(band, ()):
                found.setdefault(claim.id, (claim, parts))
        self.compared += len(found)
        return [one for one, parts in found.values() if jaccard(wanted, parts) >= similarity]


def _parts(text: str) -> frozenset[str]:
    plain = "".join(normalise(text, fold_case=True).split())
    return frozenset(plain[at : at + 3] for at in range(max(1, len(plain) - 2)))


def _bands(parts: frozenset[str]) -> list[tuple[int, ...]]:
    least: list[int | None] = [None] * _BINS
    for part in parts:
        mixed = zlib.crc32(part.encode("utf-8", "surrogatepass")) * 0x9E3779B1 & 0xFFFFFFFF
        place, value = mixed % _BINS, mixed // _BINS
        known = least[place]
        least[place] = value if known is None or value < known else known
    filled = [index for index, value in enumerate(least) if value is not None]
    values: list[int] = []
    for index in range(_BINS):
        nearest = next((one for one in filled if one >= index), filled[0])
        values.append((least[nearest] or 0) + (nearest - index) % _BINS)
    return [(at, *values[at : at + _ROWS]) for at in range(0, _BINS, _ROWS)]
