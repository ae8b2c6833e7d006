"""Facts that were written later change nothing of a split, and tell nothing that it keeps apart."""

from __future__ import annotations

from loresmith.datasets import Splitter
from loresmith.records import Fact, Span
from small_corpus import chunk_of, document_of, fact_of

SAID = [f"Quay {number} took {number + 300} ships." for number in range(40)]
DOCUMENT = document_of(" ".join(SAID))
CHUNK = chunk_of(DOCUMENT)


def fact(number: int, index: int, **parts: object) -> Fact:
    said = SAID[number]
    start = DOCUMENT.text.index(said)
    return fact_of(
        CHUNK,
        index,
        question=f"How many ships did quay {number} take?",
        answer=said,
        short_answer=f"{number + 300} ships",
        evidence=(Span(document_id=DOCUMENT.id, start=start, end=start + len(said)),),
        **parts,
    )


FIRST = [fact(number, number) for number in range(40)]


def test_whatever_is_added_leaves_the_others_where_they_were() -> None:
    splitter = Splitter(withheld=0.1, validation=0.2)
    before = splitter.split(FIRST, seed=3)
    later = [fact(number, 100 + number) for number in range(40)]
    after = splitter.split([*later, *FIRST], seed=3, added={one.id for one in later})
    assert before.withheld == after.withheld
    first = {one.id for one in FIRST}
    assert after.validation & first == before.validation


def test_an_added_fact_that_tells_a_withheld_answer_is_not_trained_on() -> None:
    splitter = Splitter(withheld=0.1)
    split = splitter.split(FIRST, seed=3)
    later = [fact(number, 100 + number) for number in range(40)]
    after = splitter.split([*FIRST, *later], seed=3, added={one.id for one in later})
    apart = {one.answer for one in FIRST if one.id in split.withheld}
    assert apart
    assert {one.answer for one in later if one.id in after.validation} == apart
    assert not after.withheld & {one.id for one in later}
