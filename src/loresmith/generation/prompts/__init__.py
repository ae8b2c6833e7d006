"""The instructions to a teacher, one readable file for each task and language.

A file holds the instruction first and, after a line `<!-- user -->`, what changes from call to
call: so servers that keep the state of a common prefix compute the instruction once.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

from jinja2 import Environment, StrictUndefined, Template

from loresmith.component import content_id
from loresmith.records import Message

Task = Literal["facts", "training", "exam"]


class Prompt:
    """One prompt file; `version` is a hash of its text, so that a changed prompt changes ids."""

    def __init__(self, name: str, text: str) -> None:
        instruction, _, request = text.partition(_DIVIDER)
        self.name = name
        self.text = text
        self.version = content_id("prompt", text)
        self._instruction = _template(instruction)
        self._request = _template(request)

    def messages(self, **values: object) -> tuple[Message, ...]:
        """The conversation to send. Raises jinja2.UndefinedError for a value that is not given."""
        return (
            Message(role="system", content=self._instruction.render(values).strip()),
            Message(role="user", content=self._request.render(values).strip()),
        )


@cache
def prompt_for(task: Task, language: str) -> Prompt:
    """The prompt in Chinese for a Chinese passage, in English for every other language."""
    name = f"{task}.{'zh' if language == 'zh' else 'en'}.md"
    return Prompt(name, resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))


@cache
def prompts_version() -> str:
    """One hash over all prompts."""
    tasks: tuple[Task, ...] = ("facts", "training", "exam")
    return content_id(*(prompt_for(task, code).version for task in tasks for code in ("en", "zh")))


_DIVIDER = "<!-- user -->\n"


def _template(text: str) -> Template:
    return Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    ).from_string(text)
