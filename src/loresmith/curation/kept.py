"""Remembers the claims kept so far, so that a later one can be told to be the same again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from loresmith.curation.alike import AlikeIndex
from loresmith.text.normalising import normalise

if TYPE_CHECKING:
    from loresmith.curation.claim import Claim


class Kept:
    """An index of claims by question and by the sentences that they rest on."""

    def __init__(self) -> None:
        self._by_question: dict[str, Claim] = {}
        self._by_sentence: defaultdict[str, list[Claim]] = defaultdict(list)
        self._all: list[Claim] = []
        self._alike: dict[str, _Alike] = {}

    def add(self, claim: Claim) -> None:
        """Remembers `claim`; of equal questions the first stays."""
        self._all.append(claim)
        self._by_question.setdefault(_folded(claim.question), claim)
        for sentence in claim.evidence_sentences:
            self._by_sentence[_folded(sentence)].append(claim)

    def same_question(self, question: str) -> Claim | None:
        """The claim that asks this, whatever its case, width, space and punctuation."""
        return self._by_question.get(_folded(question))

    def on_same_evidence(self, claim: Claim) -> list[Claim]:
        """The claims that rest on a sentence of this one's evidence, wherever it stands."""
        found = (c for s in claim.evidence_sentences for c in self._by_sentence[_folded(s)])
        return list({other.id: other for other in found}.values())

    def alike(self, name: str, text_of: Callable[[Claim], str]) -> AlikeIndex:
        """All claims so far by the texts that `text_of` gives; kept under `name`, so that each
        claim is added to it once."""
        known = self._alike.setdefault(name, _Alike())
        for claim in self._all[known.count :]:
            known.index.add(claim, text_of(claim))
        known.count = len(self._all)
        return known.index


class _Alike:
    def __init__(self) -> None:
        self.index = AlikeIndex()
        self.count = 0


_MARKS = re.compile(r"(?<!\d)[^\w\s%+-]|[^\w\s%+-](?!\d)")


def _folded(text: str) -> str:
    """Without case, width and punctuation, but with the marks inside numbers (3.5, 04:37)."""
    return " ".join(_MARKS.sub(" ", normalise(text, fold_case=True)).split())
