"""What the teacher of a project is told: each prompt, to read, to try and to put in other words."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from loresmith.errors import Conflict, RecipeError
from loresmith.generation.generation import Generation
from loresmith.generation.prompts import Prompt, TaskPrompts
from loresmith.generation.prompts import Task as PromptTask
from loresmith.recipe import Recipe
from loresmith.records import Message, Record
from loresmith.workspace.project import Project
from loresmith.workspace.recipes import change_recipe, load_recipe, recipe_etag
from loresmith.workspace.setting_aside import questions_set_aside
from loresmith.workspace.workspace import Workspace

__all__ = [
    "PromptLanguage",
    "PromptTask",
    "TeacherPrompt",
    "prompt_sets_aside",
    "set_prompt",
    "teacher_prompt",
    "teacher_prompts",
    "tried",
]

TASKS: tuple[PromptTask, ...] = ("tags", "facts", "training", "exam", "fill")
PromptLanguage = Literal["en", "zh"]
LANGUAGES: tuple[PromptLanguage, ...] = ("en", "zh")


class TeacherPrompt(Record):
    """One prompt. What stands in double braces is filled in for each call."""

    task: PromptTask
    """`tags` makes the domain tree; `facts` writes questions and answers about a passage,
    `training` and `exam` put them into other words, `fill` asks for what no row says yet."""
    language: PromptLanguage
    """The language of the passages it is used for: `zh` for Chinese, `en` for all others."""
    text: str
    """The instruction and, after a line `<!-- user -->`, what changes from call to call."""
    own: bool
    """Whether it is the project's own and not that of this version."""
    variables: dict[str, str]
    """What it may name in double braces, each with what it is."""
    version: str
    """A hash of its text."""


def teacher_prompts(recipe: Recipe) -> tuple[TeacherPrompt, ...]:
    """Every prompt, in the order in which a run uses them."""
    return tuple(teacher_prompt(recipe, task, language) for task in TASKS for language in LANGUAGES)


def teacher_prompt(recipe: Recipe, task: PromptTask, language: PromptLanguage) -> TeacherPrompt:
    """The prompt of one task for passages in one language."""
    prompts = _prompts(recipe.generation, task)
    prompt = prompts.of(language)
    return TeacherPrompt(
        task=task,
        language=language,
        text=prompt.text,
        own=getattr(prompts, language) is not None,
        variables=dict(prompts.variables),
        version=prompt.version,
    )


def set_prompt(
    folder: Path, task: PromptTask, language: PromptLanguage, text: str, *, expected: str
) -> TeacherPrompt:
    """Makes `text` the project's own prompt; an empty one, or that of this version, takes it back.

    Raises RecipeError with what is wrong with it, and Conflict where the prompt has another
    version than `expected`: somebody else has changed it since.
    """
    etag, path = recipe_etag(folder), Project.at(folder).recipe
    before = load_recipe(path if path.exists() else None)
    own = _own(before, task, language, text, expected=expected)
    changed = change_recipe(folder, {f"generation.{task}.prompt.{language}": own}, expected=etag)
    return teacher_prompt(changed, task, language)


def prompt_sets_aside(
    folder: Path, task: PromptTask, language: PromptLanguage, text: str, *, expected: str
) -> int:
    """How many of today's questions `set_prompt` with the same would set aside; changes nothing.

    Raises as it does.
    """
    before = Workspace(folder).recipe
    own = _own(before, task, language, text, expected=expected)
    return questions_set_aside(folder, {f"generation.{task}.prompt.{language}": own})


def tried(task: PromptTask, language: PromptLanguage, text: str) -> tuple[Message, ...]:
    """What would be sent about a sample passage. Raises RecipeError with what is wrong."""
    text = _lines(text)
    _refuse(task, text)
    sample = _prompts(Generation(), task).samples[LANGUAGES.index(language)]
    return Prompt("tried", text).messages(**sample)


def _own(
    before: Recipe, task: PromptTask, language: PromptLanguage, text: str, *, expected: str
) -> str | None:
    """What the recipe is to say; None for the prompt of this version."""
    if teacher_prompt(before, task, language).version != expected:
        raise Conflict("somebody else has changed this prompt", hint="Load it again.")
    text = _lines(text)
    shipped = teacher_prompt(Recipe(), task, language).text
    own = text if text.strip() and text.strip() != shipped.strip() else None
    _refuse(task, own)
    return own


def _refuse(task: PromptTask, text: str | None) -> None:
    faults = _prompts(Generation(), task).faults(text) if text is not None else []
    if faults:
        raise RecipeError("the prompt would not work", faults=faults)


def _lines(text: str) -> str:
    """A field's text: browsers send every line end as two characters."""
    return text.replace("\r\n", "\n").rstrip() + "\n" if text.strip() else ""


def _prompts(generation: Generation, task: PromptTask) -> TaskPrompts:
    prompts: TaskPrompts = getattr(generation, task).prompt
    return prompts
