"""Asks a teacher for questions that only two passages together answer: this year and last, this
company and that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.passages import sample_passages
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch
from loresmith.generation.row_kinds.twins import Twins, twins
from loresmith.models.structured import Request
from loresmith.records import Fact, WrittenConversation, WrittenRow, WrittenTurn
from loresmith.text.figures import figures
from loresmith.text.phrases import covers, states


class Shown(NamedTuple):
    """One side of a comparison as a prompt shows it."""

    title: str
    question: str
    answer: str
    short_answer: str


class ShownPair(NamedTuple):
    """A comparison as a prompt shows it."""

    first: Shown
    second: Shown
    difference: str
    """Their difference, computed; empty where there is none."""


class Comparison(Form):
    """The question about the pair that the prompt gave this number."""

    number: int
    question: Text = ""
    answer: Text = ""


class WrittenComparisons(Form):
    """What `ComparisonRows` asks for."""

    comparisons: tuple[Comparison, ...]


def _sample(language: str) -> ShownPair:
    title, answer = {"zh": ("年报", "57,200吨")}.get(language, ("Annual Review", "57,200 tonnes"))
    side = Shown(title, answer, answer, answer)
    return ShownPair(side, side, "")


class ComparisonPrompts(TaskPrompts):
    """What the teacher is told when it writes comparisons."""

    task = "comparison"
    variables: ClassVar[Mapping[str, str]] = {
        "pairs": "the pairs; each has first, second (with title, question, answer and "
        "short_answer) and difference; the teacher names each by its place, from 1",
    }
    samples = tuple({"pairs": (_sample(one.language),)} for one in sample_passages())
    shown = ("pairs[0].first.question", "pairs[0].second.short_answer")


class ComparisonRows(AskedRows):
    """Questions that compare two facts of different documents or passages, which ask for the same
    of two times, companies or products; or two figures of one passage. Pairs are found by rule; the
    answer states both figures, and a difference carries its formula."""

    type: Literal["comparison"] = "comparison"
    of_corpus = True
    across: Literal["documents", "passages", "facts"] = Field(
        default="documents", json_schema_extra={"common": True}
    )
    """Whether the two facts have to be of two documents, may be of two passages of one, or may be
    any two: then also two figures of one passage that can be confused, such as the net profit and
    the adjusted one."""
    most: int = Field(default=100, ge=1, json_schema_extra={"common": True})
    """Most pairs in all."""
    alike: float = Field(default=0.5, gt=0.0, le=1.0)
    """Token-set Jaccard of two questions from which they ask for the same of two things."""
    pairs_per_call: int = Field(default=8, ge=1)
    """Pairs of the same two documents that are asked about in one call."""
    prompt: ComparisonPrompts = ComparisonPrompts()
    """What the teacher is told."""

    def fingerprint(self) -> str:
        """Of what changes a row; which pairs are asked about does not."""
        chosen_by = {"prompt", "across", "most", "alike", "pairs_per_call"}
        return content_id(type(self).__name__, self.model_dump(mode="json", exclude=chosen_by))

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        found = twins(passages, across=self.across, alike=self.alike, most=self.most)
        groups = [list(group) for _, group in groupby(sorted(found, key=_place), key=_documents)]
        return [
            _batch(group[start : start + self.pairs_per_call])
            for group in groups
            for start in range(0, len(group), self.pairs_per_call)
        ]

    def request(self, batch: RowBatch) -> Request[WrittenComparisons]:
        pairs = [
            ShownPair(_shown(one), _shown(other), difference)
            for one, other, _, difference in _pairs(batch)
        ]
        return Request(
            messages=self.prompt.of(batch.language).messages(pairs=pairs),
            schema=WrittenComparisons,
            sampling=self.sampling,
            purpose="comparisons",
            check=lambda reply: _faults(reply, batch),
        )

    def reply_tokens(self, batch: RowBatch) -> float:
        return len(batch.passages) / 2 * _COMPARISON_TOKENS

    def rows(self, batch: RowBatch, reply: WrittenComparisons, *, model: str) -> list[WrittenRow]:
        pairs = list(_pairs(batch))
        found = []
        for one in sorted(reply.comparisons, key=lambda one: one.number):
            first, second, formula, difference = pairs[one.number - 1]
            facts = [*first.facts, *second.facts]
            turn = WrittenTurn(
                question=one.question,
                answer=one.answer,
                fact_ids=tuple(fact.id for fact in facts),
                formula=formula if formula and _gives(one.answer, difference) else None,
            )
            about = batch._replace(passages=(first, second), words=(formula, difference))
            content = WrittenConversation(turns=(turn,))
            found.append(self.row(about, 0, content, facts, model=model))
        return found


_COMPARISON_TOKENS = 110.0


class _Pair(NamedTuple):
    first: PassageFacts
    second: PassageFacts
    formula: str
    difference: str


def _batch(pairs: Sequence[Twins]) -> RowBatch:
    """Two passages a pair, and its formula and difference among the words."""
    return RowBatch(
        tuple(side for pair in pairs for side in pair.sides),
        tuple(word for pair in pairs for word in (pair.formula, pair.difference)),
        pairs[0].sides[0].facts[0].language,
    )


def _pairs(batch: RowBatch) -> Iterator[_Pair]:
    for at in range(0, len(batch.passages), 2):
        first, second = batch.passages[at : at + 2]
        formula, difference = batch.words[at : at + 2]
        yield _Pair(first, second, formula, difference)


def _documents(pair: Twins) -> tuple[str, ...]:
    return tuple(side.document.name for side in pair.sides)


def _place(pair: Twins) -> tuple[object, ...]:
    places = ((one.chunk.start, one.facts[0].index, one.facts[0].id) for one in pair.sides)
    return (*_documents(pair), *places)


def _shown(side: PassageFacts) -> Shown:
    fact = side.facts[0]
    return Shown(side.passage.title, fact.question, fact.answer, fact.short_answer)


def _gives(answer: str, difference: str) -> bool:
    return any(covers(given, wanted) for wanted in figures(difference) for given in figures(answer))


def _faults(reply: WrittenComparisons, batch: RowBatch) -> list[str]:
    pairs = list(_pairs(batch))
    faults: list[str] = []
    given = {one.number: one for one in reply.comparisons}
    faults += [f"there is no pair {n}" for n in sorted(given.keys() - {*range(1, len(pairs) + 1)})]
    if len(given) < len(reply.comparisons):
        faults.append("a pair has more than one entry")
    for number, pair in enumerate(pairs, start=1):
        one = given.get(number)
        if one is None or not (one.question and one.answer):
            faults.append(f"pair {number}: question or answer is missing")
        else:
            faults += _unsaid(number, one.answer, [pair.first.facts[0], pair.second.facts[0]])
    return faults


def _unsaid(number: int, answer: str, facts: Sequence[Fact]) -> list[str]:
    return [
        f"pair {number}: the answer must contain {fact.short_answer!r}"
        for fact in facts
        if not states(answer, fact.short_answer)
    ]
