"""Instructions to a model: one readable file for each task and language, or a text of yours.

A prompt holds the instruction first and, after a line `<!-- user -->`, what changes from call to
call: so servers that keep the state of a common prefix compute the instruction once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, ClassVar

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, field_validator

from loresmith.component import Component, content_id
from loresmith.records import Message


class Prompt:
    """One prompt; `version` is a hash of its text, so that a changed prompt changes ids."""

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


class TaskPrompts(Component):
    """What a teacher is told about one task: the prompts of this version, or a text of yours.

    A text of yours is a Jinja template. It is refused where it would fail later: where it has no
    line `<!-- user -->`, names a variable that there is not, or leaves out what a teacher must see.
    """

    folder: ClassVar[str]
    """The package that its files are in."""
    task: ClassVar[str]
    """The name of its files there: `<task>.en.md` and `<task>.zh.md`."""
    variables: ClassVar[Mapping[str, str]]
    """What a prompt may name, each with what it is."""
    samples: ClassVar[tuple[Mapping[str, Any], ...]]
    """Values as calls have them, on which a prompt is tried."""
    shown: ClassVar[tuple[str, ...]]
    """Expressions whose values have to stand in each request: the passage, the pairs."""

    en: str | None = Field(default=None, max_length=40_000)
    """The prompt for passages in any language but Chinese; empty for that of this version."""
    zh: str | None = Field(default=None, max_length=40_000)
    """The prompt for Chinese passages; empty for that of this version."""

    @field_validator("en", "zh")
    @classmethod
    def _would_work(cls, text: str | None) -> str | None:
        if text is None or not text.strip():
            return None
        text = text.replace("\r\n", "\n")
        if faults := cls.faults(text):
            raise ValueError("; ".join(faults))
        return text

    def of(self, language: str) -> Prompt:
        """The prompt in Chinese for a Chinese passage, in English for every other language."""
        chinese = language == "zh"
        name = f"{self.task}.{'zh' if chinese else 'en'}.md"
        own = self.zh if chinese else self.en
        return _prompt(name, _shipped(self.folder, name) if own is None else own)

    @classmethod
    def faults(cls, text: str) -> list[str]:
        """Everything for which a prompt of this task would fail, in readers' words."""
        faults: list[str] = []
        parts = text.split(_DIVIDER)
        if len(parts) != 2 or not all(part.strip() for part in parts):
            faults.append(
                "one line `<!-- user -->` has to part the instruction from what changes "
                "from call to call"
            )
        try:
            named = set[str]().union(*map(_variables, parts))
        except TemplateError as error:
            faults.append(f"it is no Jinja template: {error.message}")
        else:
            unknown = sorted(named - {name.split(".")[0] for name in cls.variables})
            if unknown:
                faults.append(
                    f"there is no variable {', '.join(unknown)}; there are {cls._known()}"
                )
        return faults or cls._faults_when_tried(Prompt("tried", text))

    @classmethod
    def _faults_when_tried(cls, prompt: Prompt) -> list[str]:
        faults: list[str] = []
        for sample in cls.samples:
            try:
                _, request = prompt.messages(**sample)
            except UndefinedError as error:
                name = _missing(str(error.message), prompt.text)
                faults.append(f"there is no variable {name}; there are {cls._known()}")
            except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
                faults.append(f"it cannot be filled in: {error}")
            else:
                missing = [
                    name for name in cls.shown if _value(name, sample) not in request.content
                ]
                if missing:
                    faults.append(f"below `<!-- user -->` it has to show {', '.join(missing)}")
        return list(dict.fromkeys(faults))

    @classmethod
    def _known(cls) -> str:
        return ", ".join(cls.variables)


_DIVIDER = "<!-- user -->\n"
_JINJA = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


def _variables(text: str) -> set[str]:
    return find_undeclared_variables(_JINJA.parse(text))


def _missing(message: str, text: str) -> str:
    """What a template names in vain, as it is written there: `passage.txt`."""
    found = re.search(r"has no (?:attribute|element) '?(\w+)|'(\w+)' is undefined", message)
    if found is None:
        return message
    name = found[1] or found[2]
    written = re.search(rf"\w+\.{name}\b", text)
    return written[0] if written is not None else name


def _value(name: str, sample: Mapping[str, Any]) -> str:
    return str(_JINJA.compile_expression(name)(**sample))


def _template(text: str) -> Template:
    return _JINJA.from_string(text)


@lru_cache(maxsize=64)
def _prompt(name: str, text: str) -> Prompt:
    return Prompt(name, text)


@lru_cache(maxsize=16)
def _shipped(folder: str, name: str) -> str:
    return resources.files(folder).joinpath(name).read_text(encoding="utf-8")
