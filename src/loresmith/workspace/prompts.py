"""What the teacher is told, for people to read: each prompt as it stands in its file."""

from __future__ import annotations

from loresmith.generation.prompts import Task, prompt_for
from loresmith.records import Record

_TASKS: tuple[Task, ...] = ("facts", "training", "exam")
_LANGUAGES = ("en", "zh")


class TeacherPrompt(Record):
    """One prompt. What stands in double braces is filled in for each call."""

    task: Task
    """`facts` writes questions and answers about a passage, `training` and `exam` put them into
    other words."""
    language: str
    """The language of the passages it is used for: `zh` for Chinese, `en` for all others."""
    text: str
    """The instruction and, after a line `<!-- user -->`, what changes from call to call."""


def teacher_prompts() -> tuple[TeacherPrompt, ...]:
    """Every prompt, in the order in which a run uses them."""
    return tuple(
        TeacherPrompt(task=task, language=language, text=prompt_for(task, language).text)
        for task in _TASKS
        for language in _LANGUAGES
    )
