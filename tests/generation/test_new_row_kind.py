"""A new row kind is one file plus one line, with its two prompts: a toy is added to a copy of the
package, and a project writes its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import ChatMessages, TeacherServer
from toy_members import with_toy

KIND = '''
"""Why: a toy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from loresmith.generation.batches import SHOWN_OF_PAIRS, sample_batches
from loresmith.generation.passages import PASSAGE_WORDS
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, evenly
from loresmith.models.structured import Request
from loresmith.records import WrittenConversation, WrittenRow, WrittenTurn


class Asked(Form):
    question: Text = ""


class RiddlePrompts(TaskPrompts):
    """What the teacher is told."""

    task = "riddle"
    variables = PASSAGE_WORDS | {"facts": "the facts"}
    samples = sample_batches()
    shown = SHOWN_OF_PAIRS


class Riddle(AskedRows):
    """The first fact of a passage as a riddle."""

    type: Literal["riddle"] = "riddle"
    opening: str = Field(default="Riddle me this.", max_length=100)
    """How a riddle begins."""
    prompt: RiddlePrompts = RiddlePrompts()
    """What the teacher is told."""

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        return [batch for one in passages for batch in evenly(one, size=99)]

    def request(self, batch: RowBatch) -> Request[Asked]:
        prompt, passage = self.prompt.of(batch.language), batch.passages[0].passage
        messages = prompt.messages(passage=passage, facts=batch.facts)
        return Request(messages, Asked, self.sampling, purpose="riddles")

    def rows(self, batch: RowBatch, reply: Any, *, model: str) -> list[WrittenRow]:
        fact = batch.facts[0]
        turn = WrittenTurn(
            question=f"{self.opening} {reply.question}", answer=fact.answer, fact_ids=(fact.id,)
        )
        return [self.row(batch, 0, WrittenConversation(turns=(turn,)), [fact], model=model)]
'''
PROMPT = """RIDDLE

<!-- user -->
<passage>
{{ passage.text }}
</passage>
{% for fact in facts %}
{{ fact.question }} {{ fact.short_answer }}
{% endfor %}
"""
MEMBERS = "| DistillationRows,"


def teacher(messages: ChatMessages) -> str:
    if any("RIDDLE" in message["content"] for message in messages):
        return json.dumps({"question": "Calder Reach: how many?"})
    return sentence_teacher(messages)


def test_rows_of_a_new_kind_are_in_the_dataset(tmp_path: Path) -> None:
    environment = with_toy(
        tmp_path, family="generation/row_kinds", module="riddle", source=KIND, members=MEMBERS
    )
    prompts = tmp_path / "loresmith" / "generation" / "prompts"
    for language in ("en", "zh"):
        (prompts / f"riddle.{language}.md").write_text(PROMPT, encoding="utf-8")
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with TeacherServer(teacher) as server:
        words = ["dataset", str(project), "--teacher", f"openai:any@{server.url}"]
        words += ["--set", "generation.rows=[{type: riddle, opening: Guess.}]"]
        done = subprocess.run(
            [sys.executable, "-m", "loresmith", *words],
            capture_output=True,
            text=True,
            env={**environment, "OPENAI_API_KEY": "none"},
        )
    assert done.returncode == 0, done.stderr[-2000:]
    version = project / "datasets" / "v1"
    counted = json.loads((version / "statistics.json").read_text(encoding="utf-8"))
    assert counted["kinds"]["riddle"] > 0
    assert "Guess. Calder Reach: how many?" in (version / "sharegpt.json").read_text()
