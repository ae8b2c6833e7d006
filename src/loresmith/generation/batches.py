"""Which facts go into one call for wordings, and whether a reply answered for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from loresmith.generation.passages import PASSAGE_WORDS, Passage, passage_of, sample_passages
from loresmith.records import Chunk, Document, Fact


class Batch(NamedTuple):
    """Facts of one chunk, numbered from 1 in the prompt in this order."""

    chunk: Chunk
    document: Document
    facts: tuple[Fact, ...]
    is_first: bool
    """Whether this call also asks for the chunk's unanswerable questions."""

    @property
    def passage(self) -> Passage:
        return passage_of(self.chunk, self.document)


def batches_of(
    chunk: Chunk, document: Document, facts: Sequence[Fact], *, size: int
) -> list[Batch]:
    """The kept facts of a chunk in as few calls of at most `size` facts as will do, evenly."""
    ordered = sorted(facts, key=lambda fact: (fact.index, fact.id))
    calls = -(-len(ordered) // size)
    cuts = [len(ordered) * call // calls for call in range(calls + 1)] if calls else [0]
    return [
        Batch(chunk, document, tuple(ordered[start:end]), is_first=start == 0)
        for start, end in pairwise(cuts)
    ]


def number_faults(numbers: Sequence[int], *, facts: int) -> list[str]:
    """What is wrong with the numbers of a reply: each from 1 to `facts` is to appear once."""
    times = Counter(numbers)
    missing = [number for number in range(1, facts + 1) if number not in times]
    unknown = sorted(number for number in times if not 1 <= number <= facts)
    repeated = sorted(number for number, count in times.items() if count > 1)
    return [
        f"{name}: {', '.join(map(str, found))}"
        for name, found in (
            ("no wordings for pair", missing),
            ("there is no pair with the number", unknown),
            ("more than one entry for pair", repeated),
        )
        if found
    ]


PAIR_WORDS = PASSAGE_WORDS | {
    "facts": "the pairs, each with question, answer and short_answer; the teacher names each by "
    "its place, from 1",
    "abstentions": "how many questions that the passage does not answer",
    "with_abstentions": "whether they are wanted in this call",
}
"""What a prompt may name where wordings are asked for."""

SHOWN_OF_PAIRS = ("passage.text", "facts[0].question", "facts[0].short_answer")
"""What such a prompt has to show the teacher."""


def sample_batches(**counts: object) -> tuple[dict[str, Any], ...]:
    """Values on which such a prompt is tried: a chunk's first call and a later one; `counts` says
    how many rows of which kind are asked for."""
    return tuple(
        {
            "passage": passage,
            "facts": (_sample_fact(passage),),
            "abstentions": 1,
            "with_abstentions": first,
            **counts,
        }
        for passage, first in zip(sample_passages(), (True, False), strict=True)
    )


def _sample_fact(passage: Passage) -> Fact:
    return Fact(
        id="sample",
        chunk_id="sample",
        document_id="sample",
        index=0,
        language=passage.language,
        question="二〇三一年渔获是多少？" if passage.language == "zh" else "How much was landed?",
        answer=passage.text,
        short_answer="57,200吨" if passage.language == "zh" else "57,200 tonnes",
        quotes=(passage.text,),
        model="",
        prompt_version="",
    )
