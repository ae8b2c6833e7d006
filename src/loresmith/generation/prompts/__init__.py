"""The instructions to a teacher, one readable file for each task and language; or your own."""

from __future__ import annotations

from typing import Literal

from loresmith.component import Component, content_id
from loresmith.models import prompting
from loresmith.models.prompting import Prompt

__all__ = ["Prompt", "PromptedWriter", "Task", "TaskPrompts"]

Task = Literal["tags", "facts", "training", "exam", "fill"]
"""The tasks that every run has; each row kind brings one of its own."""


class TaskPrompts(prompting.TaskPrompts):
    """What a teacher is told about one task: the prompts of this version, or a text of yours.

    A text of yours is a Jinja template. It is refused where it would fail later: where it has no
    line `<!-- user -->`, names a variable that there is not, or leaves out what a teacher must see.
    """

    folder = __name__


class PromptedWriter(Component):
    """A writer that tells a teacher what to do; `prompt` is the field that holds the prompts."""

    def fingerprint(self) -> str:
        """A hash of all settings but the prompts: of those only the one that is sent matters."""
        return content_id(type(self).__name__, self.model_dump(mode="json", exclude={"prompt"}))
