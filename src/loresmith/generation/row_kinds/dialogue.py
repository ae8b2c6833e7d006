"""Asks a teacher for conversations of several turns whose every answer rests on named facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from loresmith.generation.batches import SHOWN_OF_PAIRS, sample_batches
from loresmith.generation.passages import PASSAGE_WORDS
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text, as_list
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, evenly
from loresmith.models.structured import Request
from loresmith.records import Fact, WrittenConversation, WrittenRow, WrittenTurn
from loresmith.text.phrases import states


class DialogueTurn(Form):
    """A turn as the teacher writes it; `facts` are numbers of the prompt's list."""

    question: Text = ""
    answer: Text = ""
    facts: Annotated[tuple[int, ...], BeforeValidator(as_list)] = ()


class Dialogue(Form):
    turns: tuple[DialogueTurn, ...]


class WrittenDialogues(Form):
    """What `DialogueRows` asks for."""

    dialogues: tuple[Dialogue, ...]


class DialoguePrompts(TaskPrompts):
    """What the teacher is told when it writes conversations."""

    task = "dialogue"
    variables = PASSAGE_WORDS | {
        "facts": "the facts, each with question, answer and short_answer; the teacher names each "
        "by its place, from 1",
        "dialogues": "how many conversations",
        "rounds": "how many turns of the user each of them has",
        "scenario": "where and why they talk; may be empty",
        "user_role": "who asks; may be empty",
        "assistant_role": "who answers; may be empty",
    }
    samples = sample_batches(
        dialogues=1, rounds=3, scenario="A visit.", user_role="a skipper", assistant_role="a clerk"
    )
    shown = SHOWN_OF_PAIRS


class DialogueRows(AskedRows):
    """Conversations of several turns about the facts of one passage. Each answer names the facts
    that it states and is checked against their evidence; an answer that names none has to say
    honestly that it does not know."""

    type: Literal["dialogue"] = "dialogue"
    rounds: int = Field(default=3, ge=2, le=8, json_schema_extra={"common": True})
    """Turns of the user in each dialogue; fewer where a call has fewer facts, and none is
    written about a single fact."""
    dialogues: int = Field(default=1, ge=1, le=5, json_schema_extra={"common": True})
    """Dialogues of each call."""
    scenario: str = Field(default="", max_length=2_000)
    """Where and why they talk, such as: a client calls the harbour office. Empty leaves it to the
    teacher."""
    user_role: str = Field(default="", max_length=500)
    """Who asks, such as: a skipper with little time."""
    assistant_role: str = Field(default="", max_length=500)
    """Who answers, such as: a patient harbour clerk."""
    system_prompt: str = Field(default="", max_length=20_000)
    """Put before each dialogue in the dataset; empty for none."""
    facts_per_call: int = Field(default=8, ge=2)
    """A chunk with more facts than this is written about in several calls."""
    prompt: DialoguePrompts = DialoguePrompts()
    """What the teacher is told."""

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        return [
            batch
            for one in passages
            for batch in evenly(one, size=self.facts_per_call)
            if len(batch.facts) > 1
        ]

    def request(self, batch: RowBatch) -> Request[WrittenDialogues]:
        prompt = self.prompt.of(batch.language)
        rounds = self.rounds_of(batch)
        return Request(
            messages=prompt.messages(
                passage=batch.passages[0].passage,
                facts=batch.facts,
                dialogues=self.dialogues,
                rounds=rounds,
                scenario=self.scenario.strip(),
                user_role=self.user_role.strip(),
                assistant_role=self.assistant_role.strip(),
            ),
            schema=WrittenDialogues,
            sampling=self.sampling,
            purpose="dialogues",
            check=lambda reply: _faults(reply, batch.facts, self.dialogues, rounds),
        )

    def reply_tokens(self, batch: RowBatch) -> float:
        return self.dialogues * self.rounds_of(batch) * _TURN_TOKENS

    def rounds_of(self, batch: RowBatch) -> int:
        """How many turns to ask for: an answer for each fact at most, and at least two."""
        return max(2, min(self.rounds, len(batch.facts)))

    def rows(self, batch: RowBatch, reply: WrittenDialogues, *, model: str) -> list[WrittenRow]:
        return [
            self.row(
                batch,
                index,
                WrittenConversation(
                    system=self.system_prompt.strip(),
                    turns=tuple(_turn(turn, batch.facts) for turn in dialogue.turns),
                ),
                [batch.facts[n - 1] for turn in dialogue.turns for n in turn.facts],
                model=model,
            )
            for index, dialogue in enumerate(reply.dialogues)
        ]


_TURN_TOKENS = 90.0


def _turn(turn: DialogueTurn, facts: Sequence[Fact]) -> WrittenTurn:
    named = tuple(dict.fromkeys(facts[number - 1].id for number in turn.facts))
    return WrittenTurn(question=turn.question, answer=turn.answer, fact_ids=named)


def _faults(
    reply: WrittenDialogues, facts: Sequence[Fact], dialogues: int, rounds: int
) -> list[str]:
    """What is missing, and turns that cannot be right; what they say is left to the curation."""
    faults = []
    if len(reply.dialogues) < dialogues:
        faults.append(f"{dialogues} dialogues asked for, {len(reply.dialogues)} given")
    for number, dialogue in enumerate(reply.dialogues, start=1):
        if len(dialogue.turns) != rounds:
            given = len(dialogue.turns)
            faults.append(f"dialogue {number}: {rounds} turns asked for, {given} given")
        for place, turn in enumerate(dialogue.turns, start=1):
            where = f"dialogue {number}, turn {place}"
            if not (turn.question and turn.answer):
                faults.append(f"{where}: question or answer is empty")
            unknown = [n for n in turn.facts if not 1 <= n <= len(facts)]
            if unknown:
                faults.append(f"{where}: there is no fact {', '.join(map(str, unknown))}")
                continue
            unsaid = [n for n in turn.facts if not states(turn.answer, facts[n - 1].short_answer)]
            faults += [
                f"{where}: the answer must contain {facts[n - 1].short_answer!r} of fact {n}"
                for n in unsaid
            ]
    return faults
