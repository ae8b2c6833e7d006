"""What the teacher of a project is told: each prompt, to read, to try and to put in other words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from loresmith.errors import Conflict, NotFound, RecipeError
from loresmith.generation.generation import Generation
from loresmith.models.prompting import Prompt
from loresmith.models.prompting import TaskPrompts as Prompts
from loresmith.recipe import Recipe
from loresmith.records import Message, Record
from loresmith.workspace.project import Project
from loresmith.workspace.recipes import change_recipe, components_in, load_recipe, recipe_etag
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

PromptTask = str
RUN_TASKS = ("tags", "facts", "training", "exam", "fill")
_OF_ROWS: Mapping[str, Prompts] = {
    prompts.task: prompts
    for field in [Generation.model_fields["rows"]]
    for member in components_in(field.annotation)
    if isinstance(prompts := getattr(member.model_fields.get("prompt"), "default", None), Prompts)
}
"""The prompts of this version for each row kind that has some; a kind's task is its type."""
_JUDGE = "judge"
TASKS: tuple[PromptTask, ...] = (*RUN_TASKS, *_OF_ROWS, _JUDGE)
PromptLanguage = Literal["en", "zh"]
LANGUAGES: tuple[PromptLanguage, ...] = ("en", "zh")


class TeacherPrompt(Record):
    """One prompt. What stands in double braces is filled in for each call."""

    task: PromptTask
    """`tags` makes the domain tree; `facts` writes questions and answers about a passage,
    `training` and `exam` put them into other words, `fill` asks for what no row says yet; a row
    kind's name writes rows of that kind; `judge` rates rows."""
    language: PromptLanguage
    """The language of the passages it is used for: `zh` for Chinese, `en` for all others."""
    text: str
    """The instruction and, after a line `<!-- user -->`, what changes from call to call."""
    changeable: bool
    """False for a row kind that the project does not write: its recipe has no place for a text."""
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
    prompts = _prompts(recipe, task)
    prompt = prompts.of(language)
    kinds = {one.type for one in recipe.generation.rows}
    return TeacherPrompt(
        task=task,
        language=language,
        text=prompt.text,
        changeable=task not in _OF_ROWS or task in kinds,
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
    changed = change_recipe(folder, _changes(before, task, language, own), expected=etag)
    return teacher_prompt(changed, task, language)


def prompt_sets_aside(
    folder: Path, task: PromptTask, language: PromptLanguage, text: str, *, expected: str
) -> int:
    """How many of today's questions `set_prompt` with the same would set aside; changes nothing.

    Raises as it does.
    """
    before = Workspace(folder).recipe
    own = _own(before, task, language, text, expected=expected)
    return questions_set_aside(folder, _changes(before, task, language, own))


def tried(task: PromptTask, language: PromptLanguage, text: str) -> tuple[Message, ...]:
    """What would be sent about a sample passage. Raises RecipeError with what is wrong."""
    text = _lines(text)
    _refuse(task, text)
    sample = _prompts(Recipe(), task).samples[LANGUAGES.index(language)]
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
    faults = _prompts(Recipe(), task).faults(text) if text is not None else []
    if faults:
        raise RecipeError("the prompt would not work", faults=faults)


def _lines(text: str) -> str:
    """A field's text: browsers send every line end as two characters."""
    return text.replace("\r\n", "\n").rstrip() + "\n" if text.strip() else ""


def _prompts(recipe: Recipe, task: PromptTask) -> Prompts:
    """The prompts of one task; of a row kind that is not written, those of this version."""
    if task in _OF_ROWS:
        written = (one for one in recipe.generation.rows if one.type == task)
        prompts: Prompts = getattr(next(written, None), "prompt", _OF_ROWS[task])
    elif task == _JUDGE:
        prompts = recipe.curation.judge.prompt
    elif task in RUN_TASKS:
        prompts = getattr(recipe.generation, task).prompt
    else:
        raise NotFound(f"there is no prompt {task!r}", hint=f"Known: {', '.join(TASKS)}.")
    return prompts


def _changes(
    recipe: Recipe, task: PromptTask, language: PromptLanguage, own: str | None
) -> dict[str, Any]:
    """What is changed in a recipe. Raises Conflict for a row kind that it does not have."""
    if task not in _OF_ROWS:
        owner = "curation.judge" if task == _JUDGE else f"generation.{task}"
        return {f"{owner}.prompt.{language}": own}
    rows = [
        {"type": one.type, **one.model_dump(mode="json", exclude_defaults=True)}
        for one in recipe.generation.rows
    ]
    row = next((row for row in rows if row["type"] == task), None)
    if row is None:
        raise Conflict(
            f"this project writes no rows of the kind {task}",
            hint="Add the kind to its settings first.",
        )
    texts = {**row.pop("prompt", {}), language: own}
    if kept := {name: text for name, text in texts.items() if text is not None}:
        row["prompt"] = kept
    return {"generation.rows": rows}
