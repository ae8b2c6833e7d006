"""Decides which facts are trained and which are kept out, as a control and for validation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.records import Fact
from loresmith.text.overlap import token_set
from loresmith.text.phrases import states


class Split(NamedTuple):
    """Ids of the facts that training never sees."""

    withheld: frozenset[str]
    """The control: the exam asks for them, and a model that was not trained on them gains none."""
    validation: frozenset[str]
    """Besides the withheld ones, facts whose rows are only validated on."""


class Splitter(Component):
    """Keeps facts apart, whole: no row about a withheld or validation fact is trained on.

    The rows of withheld facts are the validation rows, so that a small corpus loses no second
    share of its facts; `validation` takes more where there are enough.
    """

    withheld: float = Field(default=0.08, ge=0.0, le=0.5, json_schema_extra={"common": True})
    """Share of the facts of each language that is withheld from training as a control."""
    least_withheld: int = Field(default=2, ge=0)
    """At least so many, of a corpus of at least eight facts for each; none if `withheld` is 0."""
    validation: float = Field(default=0.0, ge=0.0, le=0.5, json_schema_extra={"common": True})
    """Share of the facts of each language whose rows are validated on and not trained, besides
    the withheld ones."""

    def split(self, facts: Sequence[Fact], *, seed: int, added: Set[str] = frozenset()) -> Split:
        """The same facts and seed give the same split, in whatever order the facts come.

        Withheld are by preference facts whose short answer no other fact states: what other rows
        tell is no control. Facts with the ids `added` were written later, to fill gaps: they
        change nothing of how the others are split. They are trained on, but for those that tell
        the answer of a fact which is kept apart, of the same place: these are validated on.
        """
        first = [fact for fact in facts if fact.id not in added]
        split = self._split(first, seed=seed)
        apart = [fact for fact in first if fact.id in split.withheld | split.validation]
        telling = {one.id for one in facts if one.id in added and _tells(one, apart)}
        return split._replace(validation=split.validation | telling)

    def _split(self, facts: Sequence[Fact], *, seed: int) -> Split:
        told = _told_elsewhere(facts)
        withheld: list[str] = []
        validation: list[str] = []
        for language in sorted({fact.language for fact in facts}):
            group = [fact for fact in facts if fact.language == language]
            group.sort(key=lambda fact: (fact.id in told, content_id(seed, fact.id)))
            count = _share(self.withheld, len(group))
            withheld += [fact.id for fact in group[:count]]
            rest = group[count:]
            rest.sort(key=lambda fact: content_id("validation", seed, fact.id))
            validation += [fact.id for fact in rest[: _share(self.validation, len(group))]]
        withheld += self._missing(facts, {*withheld, *validation}, told, len(withheld), seed)
        return Split(frozenset(withheld), frozenset(validation))

    def count_apart(self, languages: Mapping[str, int]) -> int:
        """How many facts `split` keeps out of training, of so many of each language."""
        withheld = {name: _share(self.withheld, count) for name, count in languages.items()}
        apart = sum(
            min(count, withheld[name] + _share(self.validation, count))
            for name, count in languages.items()
        )
        whole = sum(languages.values())
        wanted = min(self.least_withheld, whole // 8) if self.withheld else 0
        return min(whole, apart + max(0, wanted - sum(withheld.values())))

    def _missing(
        self, facts: Sequence[Fact], taken: set[str], told: set[str], count: int, seed: int
    ) -> list[str]:
        """What lacks of `least_withheld`, as far as the corpus allows, of its main language."""
        wanted = min(self.least_withheld, len(facts) // 8) if self.withheld else 0
        sizes = Counter(fact.language for fact in facts)
        free = [fact for fact in facts if fact.id not in taken]
        free.sort(key=lambda f: (-sizes[f.language], f.id in told, content_id(seed, f.id)))
        return [fact.id for fact in free[: max(0, wanted - count)]]


def _share(share: float, count: int) -> int:
    """Rounded half up."""
    return math.floor(share * count + 0.5)


def _tells(fact: Fact, apart: Sequence[Fact]) -> bool:
    """Whether it states the answer of one of these facts, by the same words of the source."""
    return any(
        _meet(fact, other) and states(f"{fact.question}\n{fact.answer}", other.short_answer)
        for other in apart
    )


def _meet(one: Fact, other: Fact) -> bool:
    return any(
        mine.document_id == theirs.document_id
        and mine.start < theirs.end
        and theirs.start < mine.end
        for mine in one.evidence
        for theirs in other.evidence
    )


def _told_elsewhere(facts: Sequence[Fact]) -> set[str]:
    """Ids of facts whose short answer stands in the question or answer of another fact."""
    texts = {fact.id: f"{fact.question}\n{fact.answer}" for fact in facts}
    holders: dict[str, list[str]] = {}
    for fact_id, text in texts.items():
        for token in token_set(text):
            holders.setdefault(token, []).append(fact_id)
    told: set[str] = set()
    for fact in facts:
        lists = [holders.get(token, []) for token in token_set(fact.short_answer)]
        rarest = min(lists, key=len, default=[])
        if any(states(texts[other], fact.short_answer) for other in rarest if other != fact.id):
            told.add(fact.id)
    return told
