"""Prompts begin with what stays the same, so that servers can reuse what they computed for it."""

from __future__ import annotations

import pytest

from loresmith.generation import ExamWordingWriter, FactWriter, TrainingWordingWriter
from loresmith.generation.prompts import PromptedWriter

CHANGING = ("passage", "facts", "count", "types", "difficulties", "with_abstentions")
"""What differs from call to call of one project; all else is set once."""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("writer", [FactWriter(), TrainingWordingWriter(), ExamWordingWriter()])
def test_the_instruction_comes_first_and_is_the_same_for_every_passage(
    writer: PromptedWriter, language: str
) -> None:
    prompts = writer.prompt  # type: ignore[attr-defined]
    instructions = set()
    for index, sample in enumerate(prompts.samples):
        passage = sample["passage"]._replace(text=f"Passage {index}", title=f"Title {index}")
        of_call = {name: value for name, value in sample.items() if name in CHANGING}
        values = {**prompts.samples[0], **of_call, "passage": passage}
        system, request = prompts.of(language).messages(**values)
        assert (system.role, request.role) == ("system", "user")
        assert f"Passage {index}" in request.content
        assert len(system.content) > len(request.content.replace(passage.text, ""))
        instructions.add(system.content)
    assert len(instructions) == 1
