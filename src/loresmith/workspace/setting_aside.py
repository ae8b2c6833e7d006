"""How many questions a change of the recipe would take out of today's, told before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from loresmith.errors import LoresmithError
from loresmith.recipe import Recipe
from loresmith.records import Chunk, Document
from loresmith.workspace.context import Context
from loresmith.workspace.recipes import changed_recipe
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.workspace import Workspace
from loresmith.workspace.writing import tasks_for


def questions_set_aside(folder: Path, changed: Recipe | Mapping[str, Any]) -> int:
    """Questions about today's passages that were written otherwise than `changed`, a recipe or some
    of its settings, says: by another teacher, or with another prompt. They are kept, and are
    today's again with the recipe of now.

    0 where a recipe cannot be read. Asks no model and changes nothing; what a change of
    the documents or of chunking does is not part of it.
    """
    try:
        workspace = Workspace(folder)
        recipe = workspace.recipe
        if not isinstance(changed, Recipe):
            changed = changed_recipe(recipe, changed)
        if (recipe.teacher, recipe.generation) == (changed.teacher, changed.generation):
            return 0
        with workspace.opened() as context:
            then = replace(context, recipe=changed, memory={})
            return sum(_of_passage(context, then, *one) for one in passages(context))
    except LoresmithError:
        return 0


def _of_passage(now: Context, then: Context, chunk: Chunk, document: Document) -> int:
    kept = {task.key for task in tasks_for(then, chunk, document)}
    aside = [task.key for task in tasks_for(now, chunk, document) if task.key not in kept]
    return sum(len(done.made) for key in aside if (done := now.done(key)) is not None)
