"""Has the judge rate what the filters kept, many calls at once, and takes out what is rated low.

A rating hangs on what a row says and on what the judge is asked, so that nothing is judged twice
and an edited row is judged anew. Threshold and weights are put to the ratings when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.curation import Source
from loresmith.curation.judge import Judge, JudgedRow
from loresmith.errors import ModelError, ModelUnavailable
from loresmith.models import Embedded
from loresmith.models.structured import Asker
from loresmith.records import (
    Curated,
    Drop,
    Fact,
    Outcome,
    Rating,
    Wording,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
)
from loresmith.workspace.context import Context, Finished
from loresmith.workspace.reviews import confirmed
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.base import Failure, StepState
from loresmith.workspace.steps.many_calls import ManyCalls
from loresmith.workspace.steps.task_outcomes import PassageOf
from loresmith.workspace.tasks import Made, Task, place_of
from loresmith.workspace.writing import open_asker

Unjudged = str
"""Why a row is not judged: `approved`, `no_source`, `no_answer` or `not_asked_for`."""


class ToJudge(NamedTuple):
    """The rows that a judge is asked about, and how many others there are, by reason."""

    rows: tuple[JudgedRow, ...]
    left: Mapping[Unjudged, int]


def is_judging(context: Context) -> bool:
    """Whether rows are to be rated."""
    return context.recipe.curation.judge.use != "off"


def refuse_unsuited_judge(context: Context) -> None:
    """Raises ModelUnavailable where the teacher cannot judge."""
    if is_judging(context) and isinstance(context.recipe.teacher, Embedded):
        raise ModelUnavailable(
            "the embedded model cannot judge rows",
            hint="Name a teacher that can, for example --teacher deepseek:deepseek-chat, or set "
            "curation.judge.use to off.",
        )


def judging_state(context: Context, kept: Curated) -> StepState:
    """How many of the rows to rate are rated, and which calls failed."""
    rows = to_judge(context, kept).rows
    missing = _missing(context, rows)
    failures = []
    for batch in context.recipe.curation.judge.batches(missing):
        outcome = context.store.one(Outcome, _batch_key(context, batch))
        if outcome is not None and outcome.failure:
            failures.append(Failure("curate", outcome.subject, outcome.failure))
    return StepState(len(rows) - len(missing), len(rows), tuple(failures))


def judge_rows(context: Context, kept: Curated) -> None:
    """Asks for the ratings that are missing. Raises ModelError where too many calls fail."""
    refuse_unsuited_judge(context)
    rows = to_judge(context, kept).rows
    missing = _missing(context, rows)
    if not missing:
        return
    with open_asker(context) as asker:
        done = len(rows) - len(missing)
        _JudgeCalls(context, asker, missing, total=len(rows), done=done).write()
    _refuse_to_go_on_with_too_little(judging_state(context, kept), context)


def without_low(context: Context, kept: Curated) -> Curated:
    """`kept` less the rows that the judge rates too low, with all that stands on their facts."""
    judge = context.recipe.curation.judge
    if judge.use != "drop":
        return kept
    low = _Low.of(context, judge, kept)
    if not low.drops:
        return kept
    rows = [row for row in kept.rows if row.id not in low.drops]
    fallen = [row for row in rows if any(fact in low.drops for fact in row.fact_ids)]
    return Curated(
        id=content_id("judged", kept.id, sorted(low.drops)),
        facts=tuple(fact for fact in kept.facts if fact.id not in low.drops),
        wordings=tuple(
            wording
            for wording in kept.wordings
            if wording.id not in low.drops and wording.fact_id not in low.drops
        ),
        drops=(*kept.drops, *low.drops.values(), *map(_fallen, fallen)),
        rows=tuple(row for row in rows if row not in fallen),
    )


def ratings_of(context: Context, rows: Sequence[JudgedRow]) -> dict[str, Rating]:
    """The ratings of these rows as they stand, by the row's id."""
    judge, judged_by = context.recipe.curation.judge, _judged_by(context)
    ids = [judge.rating_id(row, judged_by=judged_by) for row in rows]
    found = {rating.id: rating for rating in context.store.get(Rating, ids)}
    return {row.id: found[one] for row, one in zip(rows, ids, strict=True) if one in found}


def rated_rows(context: Context, kept: Curated) -> dict[str, Rating]:
    """The ratings of the kept rows as they stand, whoever has approved of them since."""
    rows = [row for row in _judged_rows(context, kept) if isinstance(row, JudgedRow)]
    return ratings_of(context, rows)


def to_judge(context: Context, kept: Curated) -> ToJudge:
    """Which of the kept rows are judged, passage by passage."""
    rows: list[JudgedRow] = []
    left: dict[Unjudged, int] = {}
    approved = confirmed(context)
    for row in _judged_rows(context, kept):
        if isinstance(row, str):
            left[row] = left.get(row, 0) + 1
        elif row.id in approved:
            left["approved"] = left.get("approved", 0) + 1
        else:
            rows.append(row)
    return ToJudge(tuple(rows), left)


class _Low(NamedTuple):
    drops: Mapping[str, Drop]
    """By the row's id."""

    @classmethod
    def of(cls, context: Context, judge: Judge, kept: Curated) -> _Low:
        rows = to_judge(context, kept).rows
        ratings = ratings_of(context, rows)
        kinds = {fact.id: "fact" for fact in kept.facts}
        kinds |= {wording.id: "wording" for wording in kept.wordings}
        drops = {}
        for row in rows:
            verdict = judge.verdict(ratings.get(row.id))
            if not verdict.keep:
                drops[row.id] = Drop(
                    subject_id=row.id,
                    subject=kinds.get(row.id, "row"),
                    reason=verdict.reason,
                    detail=verdict.detail,
                    text=_short(row.said),
                )
        return cls(drops)


class _JudgeCalls(ManyCalls):
    """The rating of all that is not rated."""

    step = "curate"

    def __init__(
        self, context: Context, asker: Asker, rows: Sequence[JudgedRow], *, total: int, done: int
    ) -> None:
        super().__init__(context, asker, total=total, done=done)
        self._rows = rows

    def _missing(self) -> Iterator[tuple[PassageOf | None, Task]]:
        for batch in self._context.recipe.curation.judge.batches(self._rows):
            yield None, _task(self._context, batch)

    def _bring_last(self) -> bool:
        self._next.extend(self._again)
        self._again.clear()
        return bool(self._next)

    def _share(self, finished: Finished) -> int:
        return len(finished.made)


def _task(context: Context, batch: Sequence[JudgedRow]) -> Task:
    judge, judged_by = context.recipe.curation.judge, _judged_by(context)

    def write(asker: Asker) -> Made:
        reply = asker.ask(judge.request(batch))
        return Made(judge.ratings(batch, reply, judged_by=judged_by, model=asker.model.name))

    first = batch[0].sources[0]
    subject = f"{place_of(first.chunk, first.document)}: judge"
    return Task(_batch_key(context, batch), subject, write, partial(judge.request, batch))


def _batch_key(context: Context, batch: Sequence[JudgedRow]) -> str:
    judge, judged_by = context.recipe.curation.judge, _judged_by(context)
    return content_id("judging", [judge.rating_id(row, judged_by=judged_by) for row in batch])


def _judged_by(context: Context) -> str:
    return context.fingerprint(context.recipe.teacher)


def _missing(context: Context, rows: Sequence[JudgedRow]) -> list[JudgedRow]:
    rated = ratings_of(context, rows)
    return [row for row in rows if row.id not in rated]


def _judged_rows(context: Context, kept: Curated) -> Iterator[JudgedRow | Unjudged]:
    """Every kept row as a judge sees it, or why it sees it not, in the order of passages."""
    sources = {chunk.id: Source(document, chunk) for chunk, document in passages(context)}
    wanted = context.recipe.curation.judge.rows
    facts = {fact.id: fact for fact in kept.facts}
    wordings: dict[str, list[Wording]] = {}
    for wording in kept.wordings:
        wordings.setdefault(wording.chunk_id, []).append(wording)
    by_chunk: dict[str, list[Fact]] = {}
    for fact in kept.facts:
        by_chunk.setdefault(fact.chunk_id, []).append(fact)
    for chunk_id, source in sources.items():
        for fact in by_chunk.get(chunk_id, ()):
            yield _pair(fact, fact, source)
        for wording in wordings.get(chunk_id, ()):
            if wanted == "all" or (wanted == "training" and wording.use == "training"):
                yield _pair(wording, facts.get(wording.fact_id or ""), source)
            else:
                yield "not_asked_for"
    for row in kept.rows:
        yield _other(row, facts, sources) if wanted != "facts" else "not_asked_for"


def _pair(row: Fact | Wording, fact: Fact | None, source: Source) -> JudgedRow:
    return JudgedRow(
        id=row.id,
        language=row.language,
        said=_said([(row.question, row.answer)], row.language),
        evidence=_evidence([fact] if fact is not None else [], row.language),
        sources=(source,),
        is_abstention=isinstance(row, Wording) and row.kind == "abstention",
    )


def _other(
    row: WrittenRow, facts: Mapping[str, Fact], sources: Mapping[str, Source]
) -> JudgedRow | Unjudged:
    """A row of another kind. A text is the document's own, and a worse answer is meant to be
    wrong: neither is judged."""
    if not row.chunk_ids:
        return "no_source"
    content = row.content
    if isinstance(content, WrittenConversation):
        turns = [(turn.question, turn.answer) for turn in content.turns]
    elif isinstance(content, WrittenPreference):
        turns = [(content.question, content.chosen)]
    elif isinstance(content, WrittenFeedback) and content.desirable:
        turns = [(content.question, content.completion)]
    else:
        return "no_answer"
    return JudgedRow(
        id=row.id,
        language=row.language,
        said=_said(turns, row.language),
        evidence=_evidence([facts[one] for one in row.fact_ids], row.language),
        sources=tuple(sources[chunk] for chunk in row.chunk_ids),
    )


def _said(turns: Sequence[tuple[str, str]], language: str) -> str:
    ask, answer = ("问题：", "答案：") if language == "zh" else ("Question: ", "Answer: ")
    return "\n".join(f"{ask}{question}\n{answer}{told}" for question, told in turns)


def _evidence(facts: Sequence[Fact], language: str) -> str:
    quotes = dict.fromkeys(quote for fact in facts for quote in fact.quotes)
    text = " / ".join(quotes)
    formulas = [fact.formula for fact in facts if fact.formula]
    if formulas:
        word = "计算" if language == "zh" else "computed"
        text += f" ({word}: {'; '.join(formulas)})"
    return text


def _fallen(row: WrittenRow) -> Drop:
    return Drop(
        subject_id=row.id,
        subject="row",
        reason="fact_dropped",
        detail="rated_low",
        text=_short(row.said),
    )


_SHOWN = 200


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _refuse_to_go_on_with_too_little(state: StepState, context: Context) -> None:
    """Where rows are dropped by their ratings, too many unrated ones stop the work."""
    if context.recipe.curation.judge.use != "drop":
        return
    if state.total - state.done > context.recipe.generation.tolerated_failures * state.total:
        lines = [f"  {failure.subject}: {failure.reason}" for failure in state.failures[:20]]
        raise ModelError(
            "\n".join([f"{state.total - state.done} of {state.total} rows are not rated:", *lines]),
            hint="What was rated is kept: run again to ask only for the rest. "
            "generation.tolerated_failures lets a run go on with less.",
        )


__all__ = [
    "ToJudge",
    "is_judging",
    "judge_rows",
    "judging_state",
    "rated_rows",
    "ratings_of",
    "refuse_unsuited_judge",
    "to_judge",
    "without_low",
]
