"""Asks a teacher for answers that are wrong in a way that has a name, beside the right one: what
DPO and KTO learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.generation.batches import SHOWN_OF_PAIRS, sample_batches
from loresmith.generation.passages import PASSAGE_WORDS
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, evenly
from loresmith.models.structured import Request
from loresmith.records import Fact, Flaw, WrittenFeedback, WrittenPreference, WrittenRow

FLAWS: tuple[Flaw, ...] = (
    "wrong_figure",
    "wrong_period",
    "dropped_qualifier",
    "wrong_subject",
    "invented_detail",
    "not_answering",
)


class WrongAnswer(Form):
    """An answer to the question of the fact that the prompt gave this number."""

    number: int
    flaw: Flaw
    answer: Text = ""


class WrittenWrongAnswers(Form):
    """What `PreferenceRows` asks for."""

    answers: tuple[WrongAnswer, ...]


class PreferencePrompts(TaskPrompts):
    """What the teacher is told when it writes wrong answers."""

    task = "preference"
    variables = PASSAGE_WORDS | {
        "facts": "the facts, each with question, answer and short_answer; the teacher names each "
        "by its place, from 1",
        "flaws": "the names of the flaws that may be chosen from",
        "rejected": "how many wrong answers to each question",
    }
    samples = sample_batches(flaws=FLAWS, rejected=1)
    shown = SHOWN_OF_PAIRS


class PreferenceRows(AskedRows):
    """Pairs of a right and a wrong answer to the question of a fact. The right one is the fact's
    own; the wrong one is kept only where it differs as its flaw says: its figure is not in the
    evidence, its qualifier is gone, and so on."""

    type: Literal["preference"] = "preference"
    form: Literal["pairs", "marked", "both"] = Field(
        default="pairs", json_schema_extra={"common": True}
    )
    """`pairs` go to `dpo.json`; `marked` are the same answers one by one, marked as right or wrong,
    in `kto.json`; `both` writes both files, for no further call."""
    rejected: int = Field(default=1, ge=1, le=4, json_schema_extra={"common": True})
    """Wrong answers to each question, of different flaws."""
    flaws: tuple[Flaw, ...] = Field(default=FLAWS, min_length=1)
    """The ways to be wrong that the teacher chooses from: another figure, another period, a lost
    qualifier, another subject, a detail that nobody told, or no answer at all."""
    facts_per_call: int = Field(default=12, ge=1)
    """A chunk with more facts than this is written about in several calls."""
    prompt: PreferencePrompts = PreferencePrompts()
    """What the teacher is told."""

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        return [batch for one in passages for batch in evenly(one, size=self.facts_per_call)]

    def request(self, batch: RowBatch) -> Request[WrittenWrongAnswers]:
        return Request(
            messages=self.prompt.of(batch.language).messages(
                passage=batch.passages[0].passage,
                facts=batch.facts,
                flaws=self.flaws,
                rejected=min(self.rejected, len(self.flaws)),
            ),
            schema=WrittenWrongAnswers,
            sampling=self.sampling,
            purpose="wrong answers",
            check=lambda reply: self._faults(reply, batch.facts),
        )

    def reply_tokens(self, batch: RowBatch) -> float:
        return len(batch.facts) * self.rejected * _ANSWER_TOKENS

    def rows(self, batch: RowBatch, reply: WrittenWrongAnswers, *, model: str) -> list[WrittenRow]:
        """Pairs fact by fact; of marked answers each fact's right one first."""
        found: list[WrittenRow] = []
        for number, fact in enumerate(batch.facts, start=1):
            wrong = [one for one in reply.answers if one.number == number]
            for content in self._contents(fact, wrong):
                found.append(self.row(batch, len(found), content, [fact], model=model))
        return found

    def _contents(
        self, fact: Fact, wrong: Sequence[WrongAnswer]
    ) -> list[WrittenPreference | WrittenFeedback]:
        found: list[WrittenPreference | WrittenFeedback] = []
        if self.form != "marked":
            found += [
                WrittenPreference(
                    question=fact.question, chosen=fact.answer, rejected=one.answer, flaw=one.flaw
                )
                for one in wrong
            ]
        if self.form != "pairs" and wrong:
            found.append(
                WrittenFeedback(question=fact.question, completion=fact.answer, desirable=True)
            )
            found += [
                WrittenFeedback(
                    question=fact.question, completion=one.answer, desirable=False, flaw=one.flaw
                )
                for one in wrong
            ]
        return found

    def _faults(self, reply: WrittenWrongAnswers, facts: Sequence[Fact]) -> list[str]:
        faults = []
        wanted = min(self.rejected, len(self.flaws))
        for number in range(1, len(facts) + 1):
            given = [one for one in reply.answers if one.number == number and one.answer]
            if len(given) < wanted:
                faults.append(f"fact {number}: {wanted} answers asked for, {len(given)} given")
            faults += [
                f"fact {number}: {one.flaw} is none of {', '.join(self.flaws)}"
                for one in given
                if one.flaw not in self.flaws
            ]
        unknown = sorted({one.number for one in reply.answers} - {*range(1, len(facts) + 1)})
        faults += [f"there is no fact {number}" for number in unknown]
        return faults


_ANSWER_TOKENS = 60.0
