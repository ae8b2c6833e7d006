"""Sets the exam: the trained facts, asked in words that were not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.errors import ExamError
from loresmith.records import AnswerKey, Drop, ExamItem, Fact, Wording
from loresmith.text.normalising import normalise
from loresmith.text.overlap import OverlapIndex
from loresmith.text.phrases import reveals


class ExamSheet(NamedTuple):
    """The questions of an exam, and those that were refused, each with its reason."""

    items: tuple[ExamItem, ...]
    drops: tuple[Drop, ...]


class Material(NamedTuple):
    """What an exam is set from."""

    wordings: Sequence[Wording]
    """Questions on facts, of any use: exam wordings, or practice wordings for early stopping."""
    facts: Mapping[str, Fact]
    """The facts of those wordings, by id."""
    document_names: Mapping[str, str]
    """Names by document id."""
    training_prompts: Iterable[str]
    """Every prompt that is trained on."""
    withheld: Set[str] = frozenset()
    """Ids of the facts that were kept out of training."""
    abstentions: Sequence[Wording] = ()
    """Questions that the documents do not answer."""


def set_exam(material: Material, *, max_overlap: float, max_items: int) -> ExamSheet:
    """Items by document, span and index, abstentions last; the same input gives the same exam.

    Refused are prompts whose token-set Jaccard with any training prompt is over `max_overlap`
    (`too_close_to_training`), prompts that hold their own answer (`gives_answer_away`), and those
    that stand there already (`repeated_question`). Of questions on facts at most `max_items` are
    kept, every fact's first before any fact's second (`exam_is_full`), chosen by content hash so
    that no document is favoured. Raises ExamError for a wording whose fact or document is not
    given.
    """
    placed = [_placed(wording, material) for wording in material.wordings]
    asked = [_placed(wording, material) for wording in material.abstentions]
    trained: OverlapIndex[str] = OverlapIndex()
    for prompt in material.training_prompts:
        trained.add(prompt, prompt)
    kept: list[_Placed] = []
    drops: list[Drop] = []
    seen: set[str] = set()
    for one in (*sorted(placed, key=_order), *sorted(asked, key=_order)):
        refused = _refusal(one, trained, seen, max_overlap)
        if refused is not None:
            drops.append(refused)
        else:
            seen.add(normalise(one.wording.question, fold_case=True))
            kept.append(one)
    chosen = _chosen([one for one in kept if one.fact is not None], max_items)
    for one in kept:
        if one.fact is not None and one.wording.id not in chosen:
            drops.append(_drop(one.wording, "exam_is_full", f"more than {max_items} questions"))
    items = [_item(o, material) for o in kept if o.fact is None or o.wording.id in chosen]
    return ExamSheet(tuple(items), tuple(drops))


class _Placed(NamedTuple):
    wording: Wording
    fact: Fact | None
    document: str


def _placed(wording: Wording, material: Material) -> _Placed:
    document = material.document_names.get(wording.document_id)
    fact = material.facts.get(wording.fact_id) if wording.fact_id is not None else None
    if document is None or (fact is None and wording.kind != "abstention"):
        what = "document" if document is None else "fact"
        raise ExamError(f"the {what} of the exam question {wording.question!r} is not at hand")
    return _Placed(wording, fact, document)


def _refusal(
    one: _Placed, trained: OverlapIndex[str], seen: Set[str], max_overlap: float
) -> Drop | None:
    wording = one.wording
    near = trained.nearest(wording.question, above=max_overlap)
    if near is not None:
        close = f"shares {near.jaccard:.2f} of its words with the training prompt: {near.key[:200]}"
        return _drop(wording, "too_close_to_training", close)
    if one.fact is not None and reveals(wording.question, wording.short_answer):
        return _drop(wording, "gives_answer_away", f"the question says {wording.short_answer}")
    if normalise(wording.question, fold_case=True) in seen:
        return _drop(wording, "repeated_question", "the exam asks this already")
    return None


def _order(one: _Placed) -> tuple[str, int, int, int, str]:
    start = min((s.start for s in one.fact.evidence), default=0) if one.fact else 0
    index = one.fact.index if one.fact else 0
    return one.document, start, index, one.wording.index, one.wording.id


def _chosen(kept: Sequence[_Placed], max_items: int) -> set[str]:
    turn_of_fact: dict[str | None, int] = {}
    turns = []
    for one in kept:
        turn = turn_of_fact.get(one.wording.fact_id, 0)
        turn_of_fact[one.wording.fact_id] = turn + 1
        turns.append((turn, content_id("exam turn", one.wording.id), one.wording.id))
    return {wording_id for _, _, wording_id in sorted(turns)[:max_items]}


def _item(one: _Placed, material: Material) -> ExamItem:
    wording, fact = one.wording, one.fact
    key = AnswerKey(
        short_answer=wording.short_answer,
        answer=wording.answer,
        quotes=fact.quotes if fact else (),
        evidence=fact.evidence if fact else (),
    )
    asked_as = wording.kind if wording.kind in ("reversed", "abstention") else "direct"
    return ExamItem(
        id=content_id("exam item", wording.id, wording.question, wording.short_answer),
        prompt=wording.question,
        kind=asked_as,
        language=wording.language,
        document=one.document,
        fact_id=wording.fact_id,
        withheld=wording.fact_id in material.withheld,
        key=key,
    )


def _drop(wording: Wording, reason: str, detail: str) -> Drop:
    return Drop(
        subject_id=wording.id,
        subject="wording",
        reason=reason,
        detail=detail,
        text=wording.question[:300],
    )
