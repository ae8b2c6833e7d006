"""Makes the domain tree, where one is wanted and there is none, or where another is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Literal

from loresmith.component import content_id
from loresmith.errors import Conflict, DocumentError
from loresmith.generation.domain_tree import tags_of
from loresmith.models import Embedded
from loresmith.models.structured import Asker
from loresmith.records import Tag, TagTree
from loresmith.workspace.context import Context
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.parse import documents
from loresmith.workspace.writing import open_asker, tree


class MakeTree(Step):
    """Titles and headings -> domain tree."""

    name = "tags"

    def state(self, context: Context) -> StepState:
        if not is_wanted(context):
            return StepState(0, 0)
        return StepState(int(_is_made(context)), 1)

    def run(self, context: Context) -> None:
        context.tell(self.name, 0, 1)
        if source_of(context) == "headings":
            make_tree(context)
        else:
            with open_asker(context) as asker:
                make_tree(context, asker)
        context.tell(self.name, 1, 1)


def is_wanted(context: Context) -> bool:
    """Whether a tree is to be there before questions are written, or this job is to make one."""
    return context.scope.tree is not None or context.recipe.generation.tags.source != "none"


def source_of(context: Context) -> Literal["headings", "teacher"]:
    """Where a tree comes from: where nothing is said, from the teacher, if it can make one."""
    asked = context.scope.tree.source if context.scope.tree else "none"
    source = context.recipe.generation.tags.source if asked == "none" else asked
    if source == "none":
        return "headings" if isinstance(context.recipe.teacher, Embedded) else "teacher"
    if source == "teacher" and isinstance(context.recipe.teacher, Embedded):
        raise Conflict(
            "the embedded model cannot make a domain tree",
            hint="Take it from the headings (generation.tags.source: headings), or name a teacher.",
        )
    return source


def make_tree(context: Context, asker: Asker | None = None) -> None:
    """Makes the tree of today's documents, by `asker` where one is given; raises a ModelError."""
    found = documents(context)
    if not found:
        raise DocumentError("there is no document to make a domain tree of")
    writer = context.recipe.generation.tags
    if asker is None:
        put_tree(context, writer.from_headings(found), origin="headings")
        return
    now = tree(context)
    revising = context.scope.tree is not None and context.scope.tree.revise
    present = now.tags if now is not None and revising else ()
    made = tags_of(asker.ask(writer.request(found, present=present)))
    put_tree(context, made, origin="teacher", author=asker.model.name)


def put_tree(
    context: Context,
    tags: Sequence[Tag],
    *,
    origin: Literal["teacher", "headings", "person"],
    author: str = "",
) -> TagTree:
    """Makes `tags` the tree that counts; earlier ones stay in the store."""
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    plain = [tag.model_dump() for tag in tags]
    record = TagTree(
        id=content_id("domain tree", plain, now),
        tags=tuple(tags),
        origin=origin,
        author=author,
        at=now,
    )
    context.add([record])
    return record


def _is_made(context: Context) -> bool:
    now = tree(context)
    asked = context.scope.tree
    return now is not None and (asked is None or now.id != asked.instead_of)
