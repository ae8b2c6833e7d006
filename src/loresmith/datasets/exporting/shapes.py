"""Brings rows into the shape that a form is made of, and changes what they say as it was asked."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.datasets.exporting.base import RowShape
from loresmith.datasets.reasoning import parted, without_reasoning
from loresmith.records import (
    Example,
    FeedbackExample,
    Message,
    PreferenceExample,
    TextExample,
    TrainingRow,
)


def shaped(row: TrainingRow, shape: RowShape) -> Iterator[TrainingRow]:
    """The row as rows of `shape`, if it can be said so.

    Of a preference, the better answer was liked and the worse was not; a conversation is a text
    whose turns are paragraphs. A conversation tells of no worse answer and of nobody's liking, so
    nothing comes of it there.
    """
    if isinstance(row, _KINDS[shape]):
        yield row
    elif shape == "feedback" and isinstance(row, PreferenceExample):
        for completion, desirable in ((row.chosen, True), (row.rejected, False)):
            yield FeedbackExample(
                id=f"{row.id}-{'chosen' if desirable else 'rejected'}",
                prompt=row.prompt,
                completion=completion,
                desirable=desirable,
                language=row.language,
                split=row.split,
                provenance=row.provenance,
            )
    elif shape == "text" and isinstance(row, Example):
        yield TextExample(
            id=row.id,
            text="\n\n".join(message.content for message in row.messages if message.content),
            language=row.language,
            split=row.split,
            provenance=row.provenance,
        )


_KINDS: dict[RowShape, type[TrainingRow]] = {
    "conversation": Example,
    "preference": PreferenceExample,
    "feedback": FeedbackExample,
    "text": TextExample,
}


def with_system_prompt(row: TrainingRow, prompt: str | None) -> TrainingRow:
    """`row` as it is (None), without its system message (""), or with `prompt` where it has none
    of its own."""
    if prompt is None or isinstance(row, TextExample):
        return row
    name = "messages" if isinstance(row, Example) else "prompt"
    turns: tuple[Message, ...] = row.messages if isinstance(row, Example) else row.prompt
    own = turns[0].role == "system"
    if own and not prompt:
        return row.model_copy(update={name: turns[1:]})
    if own or not prompt:
        return row
    return row.model_copy(update={name: (Message(role="system", content=prompt), *turns)})


def without_thoughts(row: TrainingRow) -> TrainingRow:
    """`row` without the chains of thought of its answers."""
    if isinstance(row, Example):
        return row.model_copy(update={"messages": without_reasoning(row.messages)})
    if isinstance(row, TextExample):
        return row
    changes: dict[str, object] = {"prompt": without_reasoning(row.prompt)}
    for name in ("chosen", "rejected", "completion"):
        if hasattr(row, name):
            changes[name] = parted(getattr(row, name)).answer
    return row.model_copy(update=changes)
