"""Kept facts become frozen rows: in the order of the documents, split by fact."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from loresmith.component import content_id
from loresmith.datasets import Assembly, Freezing, FrozenDataset, Splitter, fact_rows
from loresmith.records import Document, Fact, Span, Wording
from small_corpus import chunk_of, document_of, fact_of, wording_of

DOCUMENTS = [
    document_of("x" * 5000, name="b.md"),
    document_of("船" * 5000, name="a.txt", language="zh"),
]


def corpus() -> tuple[list[Fact], list[Wording]]:
    """Forty English facts in two chunks and twenty Chinese ones in one."""
    facts: list[Fact] = []
    for document, language, size in ((DOCUMENTS[0], "en", 40), (DOCUMENTS[1], "zh", 20)):
        for number in range(size):
            part = number // 20
            chunk = chunk_of(document, part * 1000, (part + 1) * 1000, index=part)
            at = chunk.start + number % 20 * 40
            span = Span(document_id=document.id, start=at, end=at + 30)
            short = f"{1000 + 7 * number + size} crowns"
            facts.append(
                fact_of(
                    chunk,
                    number % 20,
                    language=language,
                    question=f"What does item {chr(97 + number % 26)} {number} cost?",
                    answer=f"It costs {short}.",
                    short_answer=short,
                    evidence=(span,),
                )
            )
    wordings = [wording_of(fact, index) for fact in facts for index in range(3)]
    wordings += [wording_of(fact, use="exam", kind="direct") for fact in facts]
    wordings += [wording_of(fact, use="practice", kind="direct") for fact in facts]
    wordings.append(wording_of(facts[0], fact_id=None, kind="abstention", id="abstention"))
    return facts, wordings


def frozen(seed: int = 1, version: int = 1, **settings: float) -> FrozenDataset:
    facts, wordings = corpus()
    splitter = Splitter.model_validate(settings)
    return freeze(facts, wordings, DOCUMENTS, splitter=splitter, seed=seed, version=version)


def freeze(
    facts: list[Fact],
    wordings: list[Wording],
    documents: list[Document],
    *,
    splitter: Splitter,
    seed: int = 1,
    version: int = 1,
) -> FrozenDataset:
    rows = fact_rows(facts, wordings, documents, splitter=splitter, seed=seed)
    return Freezing(rows).dataset(version)


def test_a_fact_gives_its_pair_and_its_training_wordings_and_nothing_of_the_exam() -> None:
    kinds = [example.provenance.kind for example in frozen().examples]
    assert kinds.count("pair") == 60
    assert kinds.count("paraphrase") == 180
    assert kinds.count("abstention") == 1
    assert len(kinds) == 241


def test_paraphrases_are_answered_as_the_pair_itself_or_in_the_teachers_words() -> None:
    facts, wordings = corpus()
    wordings = [w.model_copy(update={"answer": f"In other words, {w.answer}"}) for w in wordings]
    for answers in ("same", "varied"):
        assembly = Assembly.model_validate({"answers": answers})
        dataset = assembly.freeze(facts, wordings, DOCUMENTS, seed=1).dataset(1)
        by_fact = {fact.id: fact.answer for fact in facts}
        rows = [e for e in dataset.examples if e.provenance.kind == "paraphrase"]
        same = [e.messages[1].content == by_fact[str(e.provenance.fact_id)] for e in rows]
        assert all(same) if answers == "same" else not any(same)


def test_rows_say_where_they_came_from() -> None:
    example = frozen().examples[0]
    assert [message.role for message in example.messages] == ["user", "assistant"]
    assert example.provenance.document == "a.txt"
    assert example.provenance.evidence[0].start == 0
    assert example.provenance.model == "teacher"


def test_the_order_is_that_of_the_documents_whatever_finished_first() -> None:
    facts, wordings = corpus()
    wanted = freeze(facts, wordings, DOCUMENTS, splitter=Splitter())
    for seed in range(3):
        random.Random(seed).shuffle(facts)
        random.Random(seed).shuffle(wordings)
        again = freeze(facts, wordings, DOCUMENTS[::-1], splitter=Splitter())
        assert again.examples == wanted.examples
        assert again.id == wanted.id
    documents = [example.provenance.document for example in wanted.examples]
    assert documents == sorted(documents, key=str)
    spans = [
        example.provenance.evidence[0].start
        for example in wanted.examples
        if example.provenance.document == "b.md" and example.provenance.evidence
    ]
    assert spans == sorted(spans)


def test_withheld_facts_are_never_trained_and_are_the_validation_rows() -> None:
    dataset = frozen()
    assert len(dataset.withheld) == 5  # 8 % of 40 and of 20
    for example in dataset.examples:
        is_withheld = example.provenance.fact_id in dataset.withheld
        assert (example.split == "validation") == is_withheld
    assert {("b.md" in fact_id) for fact_id in dataset.withheld} == {True, False}


def test_more_facts_can_be_validated_on_but_stay_no_control() -> None:
    dataset = frozen(validation=0.1)
    held = {e.provenance.fact_id for e in dataset.examples if e.split == "validation"}
    assert len(held) == 5 + 6
    assert len(dataset.withheld) == 5


def test_the_split_follows_the_seed_and_not_the_order() -> None:
    facts, _ = corpus()
    splitter = Splitter()
    assert splitter.split(facts, seed=1) == splitter.split(facts[::-1], seed=1)
    assert len({splitter.split(facts, seed=seed).withheld for seed in range(5)}) > 1


def test_what_another_fact_tells_is_not_withheld_while_there_is_a_choice() -> None:
    facts, _ = corpus()
    told = [
        fact.model_copy(update={"answer": f"{fact.answer} Item z costs {other.short_answer}."})
        for fact, other in zip(facts[:20], facts[20:40], strict=True)
    ]
    splitter = Splitter(withheld=0.25)
    for seed in range(4):
        split = splitter.split([*told, *facts[20:]], seed=seed)
        assert not split.withheld & {fact.id for fact in facts[20:40]}


@pytest.mark.parametrize(("size", "withheld"), [(0, 0), (1, 0), (6, 0), (8, 1), (16, 2), (40, 3)])
def test_a_small_corpus_withholds_little(size: int, withheld: int) -> None:
    facts, _ = corpus()
    assert len(Splitter().split(facts[:size], seed=1).withheld) == withheld
    assert not Splitter(withheld=0.0).split(facts[:size], seed=1).withheld


@pytest.mark.parametrize("size", [0, 1, 7, 8, 16, 33, 60])
@pytest.mark.parametrize(
    "splitter",
    [Splitter(), Splitter(withheld=0.5, validation=0.5), Splitter(withheld=0.0, validation=0.2)],
)
def test_how_many_facts_are_kept_out_is_known_from_their_languages_alone(
    splitter: Splitter, size: int
) -> None:
    facts = corpus()[0][-size:] if size else []
    split = splitter.split(facts, seed=3)
    languages = Counter(fact.language for fact in facts)
    assert splitter.count_apart(languages) == len(split.withheld | split.validation)


def test_the_id_is_that_of_all_rows_at_once() -> None:
    for dataset in (frozen(), freeze([], [], DOCUMENTS, splitter=Splitter())):
        rows = [example.model_dump(mode="json") for example in dataset.examples]
        assert dataset.id == content_id("dataset", rows, dataset.withheld)


def test_the_id_is_of_the_content_and_not_of_the_version() -> None:
    assert frozen(version=1).id == frozen(version=2).id
    assert frozen(seed=1).id != frozen(seed=2).id


def test_a_deleted_document_s_rows_do_not_come_back() -> None:
    facts, wordings = corpus()
    only: list[Document] = DOCUMENTS[:1]
    dataset = freeze(facts, wordings, only, splitter=Splitter())
    assert {example.provenance.document for example in dataset.examples} == {"b.md"}
    assert all("b.md" in fact_id for fact_id in dataset.withheld)


def test_a_paraphrase_whose_answer_a_person_wrote_keeps_it() -> None:
    facts, wordings = corpus()
    wordings = [w.model_copy(update={"answer": f"In other words, {w.answer}"}) for w in wordings]
    edited = next(one for one in reversed(wordings) if one.kind == "paraphrase")
    freezing = Assembly().freeze(facts, wordings, DOCUMENTS, seed=1, edited=frozenset({edited.id}))
    dataset = freezing.dataset(1)
    answers = [e.messages[1].content for e in dataset.examples]
    assert [one for one in answers if one.startswith("In other words")].count(edited.answer) == 1
