"""The domain tree of a project: to read, to have made, and to write by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from loresmith.errors import Conflict, DocumentError
from loresmith.generation.tree_text import read_tree, tree_text
from loresmith.records import Fact, Record, TagPath, TagTree
from loresmith.workspace.background import Background
from loresmith.workspace.progress import ProgressListener, silent
from loresmith.workspace.scope import NewTree, Scope
from loresmith.workspace.steps.generate import facts
from loresmith.workspace.steps.tags import put_tree
from loresmith.workspace.workspace import Workspace
from loresmith.workspace.writing import tree

TreeSource = Literal["none", "headings", "teacher"]


class SubjectCount(Record):
    """A subject of the tree with the questions that belong to it."""

    path: TagPath
    """Its labels from the top down."""
    facts: int
    """Facts with this subject or a narrower one."""
    narrowest: bool
    """Whether there is none below it."""


class TreeView(Record):
    """The domain tree as it stands."""

    id: str = ""
    """Changes with the tree; empty where there is none."""
    text: str = ""
    """One subject a line, narrower ones set in by two spaces."""
    origin: str = ""
    """`teacher`, `headings` or `person`; empty where there is no tree."""
    author: str = ""
    at: str = ""
    subjects: tuple[SubjectCount, ...] = ()
    """Every subject in the order of the tree, wider ones before what is below them."""
    untagged: int = 0
    """Facts without a subject, or with one that the tree has no longer."""


class DomainTrees:
    """The domain tree of one project."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def now(self) -> TreeView:
        """The tree that counts, with the facts of today below each subject."""
        with self._workspace.opened() as context:
            try:
                today = facts(context)
            except DocumentError:  # there is no document yet
                today = []
            return _view(tree(context), today)

    def write(self, text: str, *, expected: str | None = None, author: str = "") -> TreeView:
        """Makes `text` the tree. Questions keep the subject that they were given.

        Raises RecipeError with every fault of the text, and Conflict where `expected` is not the
        id of the tree that there is: somebody else has changed it.
        """
        tags = read_tree(text)
        with self._workspace.opened() as context:
            now = tree(context)
            if expected is not None and expected != (now.id if now is not None else ""):
                raise Conflict(
                    "somebody else has changed the domain tree", hint="Load it again, then edit it."
                )
            put_tree(context, tags, origin="person", author=author)
        return self.now()

    def make(
        self,
        *,
        source: TreeSource = "none",
        revise: bool = False,
        anew: bool = False,
        on_progress: ProgressListener = silent,
    ) -> TreeView:
        """Makes a tree where there is none; with `revise` adds to the one that there is, with
        `anew` makes another in its place. Raises what stops it."""
        scope = self._scope(source, revise=revise, anew=anew)
        self._workspace.do("tags", scope=scope, on_progress=on_progress)
        return self.now()

    def submit(
        self, *, source: TreeSource = "none", revise: bool = False, anew: bool = True
    ) -> str:
        """Has the tree made in the background; returns the job's id."""
        scope = self._scope(source, revise=revise, anew=anew)
        return Background(self._workspace).submit("tags", scope=scope)

    def _scope(self, source: TreeSource, *, revise: bool, anew: bool) -> Scope:
        with self._workspace.opened() as context:
            now = tree(context)
        instead_of = now.id if now is not None and (revise or anew) else ""
        return Scope(tree=NewTree(instead_of=instead_of, revise=revise, source=source))


def _view(now: TagTree | None, today: Sequence[Fact]) -> TreeView:
    if now is None:
        return TreeView(untagged=len(today))
    narrowest = set(now.subjects)
    counts = Counter(
        fact.tag[:depth]
        for fact in today
        if fact.tag in narrowest
        for depth in range(1, len(fact.tag) + 1)
    )
    every = dict.fromkeys(
        path[:depth] for path in now.subjects for depth in range(1, len(path) + 1)
    )
    return TreeView(
        id=now.id,
        text=tree_text(now.tags),
        origin=now.origin,
        author=now.author,
        at=now.at,
        subjects=tuple(
            SubjectCount(path=path, facts=counts[path], narrowest=path in narrowest)
            for path in every
        ),
        untagged=sum(fact.tag not in narrowest for fact in today),
    )
