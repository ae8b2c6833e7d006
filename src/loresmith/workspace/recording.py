"""Renders a hand-written teacher into recorded replies: what `make recordings` does.

An example that ships `teacher.jsonl` replays it through `recordings.jsonl`, keyed by today's
requests, so that a changed prompt or document shows as a miss and not as an old answer.
"""

from __future__ import annotations

import sys
from pathlib import Path

from loresmith.generation.recordings import read_teacher_lines, recordings
from loresmith.models import Recorded
from loresmith.models.cache import reply_key
from loresmith.models.recorded import Recording, write_recordings
from loresmith.records import Chunk, Fact
from loresmith.workspace import Workspace
from loresmith.workspace.context import Context
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.parse import documents
from loresmith.workspace.writing import teacher_of


def record(project: Path, *, teacher_lines: str = "teacher.jsonl") -> int:
    """Writes the file that the recipe's recorded teacher reads; returns how many replies it has."""
    workspace = Workspace(project)
    with workspace.context_after("chunk") as context:
        spec = teacher_of(context)
        if not isinstance(spec, Recorded):
            raise TypeError(f"the teacher of {project} is not of type `recorded`")
        found = _recordings(context, project / teacher_lines, model=spec.model)
    write_recordings(spec.path, found)
    return len(found)


def _recordings(context: Context, lines: Path, *, model: str) -> list[Recording]:
    read, cut = documents(context), chunks(context)
    generation, curation = context.recipe.generation, context.recipe.curation

    def keep(facts: list[Fact]) -> list[Fact]:
        return [fact for chunk in cut for fact in _kept(chunk, facts)]

    def _kept(chunk: Chunk, facts: list[Fact]) -> tuple[Fact, ...]:
        own = [fact for fact in facts if fact.chunk_id == chunk.id]
        return curation.curate_facts(own, [chunk], read).kept

    return [
        Recording(
            reply_key(model, one.request.messages, one.request.sampling),
            one.request.purpose,
            one.reply,
        )
        for one in recordings(
            read_teacher_lines(lines),
            cut,
            read,
            fact_writer=generation.facts,
            training_writer=generation.training,
            exam_writer=generation.exam,
            keep=keep,
            model=model,
        )
    ]


if __name__ == "__main__":
    print(f"{record(Path(sys.argv[1]))} replies recorded")
