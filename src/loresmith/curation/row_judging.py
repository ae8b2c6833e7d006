"""Judges rows of other kinds than question and answer by the filters that judge those: turn by
turn, each answer against the evidence of all facts that it states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from loresmith.curation.claim import Claim, Source
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.curation.flaws import flaw_fault
from loresmith.curation.grounds import Ground, joined
from loresmith.curation.kept import Kept
from loresmith.curation.swapped import swapped
from loresmith.records import (
    Chunk,
    Document,
    Verdict,
    WordingKind,
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenText,
    WrittenTopics,
    WrittenTurn,
)


class RowJudge:
    """The filters of a project, put to rows. `grounds` are the kept facts by id; reasons in
    `overruled` do not count."""

    def __init__(
        self,
        filters: Sequence[Filter],
        grounds: Mapping[str, Ground],
        *,
        overruled: frozenset[str] = frozenset(),
    ) -> None:
        self._filters = filters
        self._grounds = grounds
        self._overruled = overruled

    def judge(self, row: WrittenRow, source: Source | None) -> Verdict:
        """The first objection to `row`. `source` is its first passage; None where it has none."""
        if any(fact not in self._grounds for fact in row.fact_ids):
            return drop("fact_dropped", "")
        content = row.content
        if isinstance(content, WrittenText):
            return _readable(content.text)
        if isinstance(content, WrittenConversation):
            return self._conversation(row, content, source)
        if isinstance(content, WrittenTopics):
            return KEEP
        return self._answers(row, content)

    def _conversation(
        self, row: WrittenRow, content: WrittenConversation, source: Source | None
    ) -> Verdict:
        said = ""
        for number, turn in enumerate(content.turns):
            later = frozenset({"subject_missing"}) if number else frozenset[str]()
            verdict = self._first(self._turn_claims(row, turn, source, said), ignored=later)
            if verdict.keep and len(turn.fact_ids) > 1:
                verdict = self._facts_in_place(turn)
            if not verdict.keep:
                return _at_turn(verdict, number) if len(content.turns) > 1 else verdict
            said = f"{said}\n{turn.question}\n{turn.answer}"
        return KEEP if content.turns else drop("empty", "no turn")

    def _turn_claims(
        self, row: WrittenRow, turn: WrittenTurn, source: Source | None, said: str
    ) -> Iterator[Claim]:
        if turn.fact_ids:
            ground = joined([self._grounds[fact] for fact in turn.fact_ids], said=said)
            for fact_id in turn.fact_ids:
                short = self._grounds[fact_id].fact.short_answer
                yield _claim(row, turn.question, turn.answer, short, ground, formula=turn.formula)
        elif row.grounded and source is not None:
            yield _without_fact(row, turn, "abstention", "", source)
        else:  # nothing to hold it against but itself
            yield _without_fact(row, turn, "restatement", turn.answer, _itself(row, turn))

    def _facts_in_place(self, turn: WrittenTurn) -> Verdict:
        found = swapped(turn.answer, [self._grounds[one].fact for one in turn.fact_ids])
        if found is None:
            return KEEP
        one, other = found[0].short_answer, found[1].short_answer
        return drop("facts_swapped", f"{one!r} and {other!r} stand the wrong way round")

    def _answers(self, row: WrittenRow, content: WrittenPreference | WrittenFeedback) -> Verdict:
        """A right answer is judged like any other; a wrong one has to be wrong as it says."""
        if not row.fact_ids:
            return drop("no_evidence", "it names no fact")
        ground = self._grounds[row.fact_ids[0]]
        if isinstance(content, WrittenPreference):
            right, wrong, flaw = content.chosen, content.rejected, content.flaw
        elif content.desirable:
            right, wrong, flaw = content.completion, "", None
        else:
            right, wrong, flaw = ground.fact.answer, content.completion, content.flaw
        short = ground.fact.short_answer
        claim = _claim(row, content.question, right, short, ground, kind="paraphrase")
        verdict = self._first([claim], ignored=frozenset())
        if not verdict.keep or flaw is None:
            return verdict
        fault = flaw_fault(flaw, claim, wrong)
        return drop("flaw_not_shown", fault) if fault else KEEP

    def _first(self, claims: Iterator[Claim] | list[Claim], *, ignored: frozenset[str]) -> Verdict:
        for claim in claims:
            for one in self._filters:
                verdict = one.judge(claim)
                if not verdict.keep and verdict.reason not in ignored | self._overruled:
                    return verdict
        return KEEP


def _claim(
    row: WrittenRow,
    question: str,
    answer: str,
    short_answer: str,
    ground: Ground,
    *,
    kind: WordingKind = "restatement",
    formula: str | None = None,
) -> Claim:
    """A turn is judged as a restatement is: what its question leaves to what was said before, its
    answer has to say."""
    parts = {"short_answer": short_answer, "formula": formula or ground.fact.formula}
    return Claim(
        id=row.id,
        question=question,
        answer=answer,
        short_answer=short_answer,
        kind=kind,
        language=row.language,
        source=ground.source,
        fact=ground.fact.model_copy(update=parts),
        earlier=Kept(),
    )


def _without_fact(
    row: WrittenRow, turn: WrittenTurn, kind: WordingKind, short_answer: str, source: Source
) -> Claim:
    return Claim(
        id=row.id,
        question=turn.question,
        answer=turn.answer,
        short_answer=short_answer,
        kind=kind,
        language=row.language,
        source=source,
        fact=None,
        earlier=Kept(),
    )


def _itself(row: WrittenRow, turn: WrittenTurn) -> Source:
    """A stand-in for a source, of a row that has none."""
    text = f"{turn.question}\n{turn.answer}"
    document = Document(
        id=row.id,
        name="",
        title="",
        text=text,
        language=row.language,
        media_type="text/plain",
        source_sha256="",
    )
    chunk = Chunk(id=row.id, document_id=row.id, index=0, start=0, end=len(text), text=text)
    return Source(document, chunk)


def _at_turn(verdict: Verdict, number: int) -> Verdict:
    detail = f"turn {number + 1}: {verdict.detail}"
    return verdict.model_copy(update={"detail": detail})


def _readable(text: str) -> Verdict:
    if not re.search(r"\w", text):
        return drop("empty", "no text")
    lost = text.count("\ufffd")
    return drop("unreadable", f"{lost} lost characters") if lost else KEEP
