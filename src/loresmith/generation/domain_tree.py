"""The subjects of a corpus as a tree of two or more levels, from the titles and headings alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.tree_text import label_faults, sibling_faults, tree_text
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import Document, Heading, Tag


class Outline(NamedTuple):
    """What a document says of itself."""

    title: str
    headings: tuple[str, ...]
    """Each with a `- ` and set in by its level."""


class TreePrompts(TaskPrompts):
    """What the teacher is told when it makes the domain tree."""

    task = "tags"
    variables = MappingProxyType(
        {
            "documents": "the documents, each with its title and headings",
            "levels": "how many levels the tree has",
            "most": "how many subjects there may be at the top, and below each other one",
            "present": "the tree that there is, to be kept and added to; empty for a new one",
        }
    )
    samples = (
        {
            "documents": (Outline("Annual Review", ("- Cargo", "- Fish")),),
            "levels": 2,
            "most": 10,
            "present": "",
        },
        {
            "documents": (Outline("年报", ()),),
            "levels": 3,
            "most": 8,
            "present": "Harbour\n  Cargo\n",
        },
    )
    shown = ("documents[0].title", "present.strip()")


class WrittenTag(BaseModel):
    """A subject as a teacher writes it; a bare text is one without narrower ones."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)
    label: str = Field(min_length=1)
    children: Annotated[tuple[WrittenTagOrText, ...], BeforeValidator(lambda v: v or ())] = ()

    @property
    def tag(self) -> Tag:
        return Tag(label=self.label, children=tuple(one.tag for one in self.children))


def _with_label(value: Any) -> Any:
    return {"label": value} if isinstance(value, str) else value


WrittenTagOrText = Annotated[WrittenTag, BeforeValidator(_with_label)]


class WrittenTree(BaseModel):
    """What `DomainTree` asks for."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    tags: tuple[WrittenTagOrText, ...] = Field(min_length=1)


class DomainTree(PromptedWriter):
    """The subjects that questions are sorted by. Once there is a tree, it is kept until somebody
    asks for another, and each question is given its subject in the call that writes it."""

    source: Literal["none", "headings", "teacher"] = Field(
        default="none", json_schema_extra={"common": True}
    )
    """Where the tree comes from before the first question is written: `headings` takes it from the
    titles and headings as they stand; `teacher` lets the teacher sort them, in one call. With
    `none` there is no tree until somebody makes one."""
    levels: int = Field(default=2, ge=1, le=5)
    """How many levels the tree has."""
    most: int = Field(default=10, ge=2, le=50)
    """Most subjects at the top, and below each subject."""
    most_outline: int = Field(default=20_000, ge=500, json_schema_extra={"unit": "characters"})
    """Longest list of titles and headings that the teacher is shown, in characters: the deepest
    headings are left out first."""
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    max_tokens: int = Field(default=4096, ge=256)
    """Longest reply, in tokens."""
    prompt: TreePrompts = TreePrompts()
    """What the teacher is told."""

    def request(
        self, documents: Sequence[Document], *, present: Sequence[Tag] = ()
    ) -> Request[WrittenTree]:
        """What to ask about the titles and headings of `documents`; a `present` tree is to be
        kept, and added to where it lacks a subject."""
        language = documents[0].language if documents else "en"
        return Request(
            messages=self.prompt.of(language).messages(
                documents=outlines(documents, most=self.most_outline),
                levels=self.levels,
                most=self.most,
                present=tree_text(present),
            ),
            schema=WrittenTree,
            sampling=Sampling(temperature=self.temperature, max_tokens=self.max_tokens),
            purpose="domain tree",
            check=lambda reply: self._faults(tags_of(reply), present),
        )

    def from_headings(self, documents: Sequence[Document]) -> tuple[Tag, ...]:
        """The tree that titles and headings make as they stand, without any call: the title of each
        document, and below it its highest headings, at most `levels` deep."""
        return _merged(_tag_of(document, levels=self.levels) for document in documents)

    def _faults(self, tags: Sequence[Tag], present: Sequence[Tag]) -> list[str]:
        paths = list(_paths(tags))
        faults = [fault for path in paths for fault in label_faults(path[-1], repr(path[-1]))]
        faults += sibling_faults(tags)
        deepest = max(map(len, paths))
        if deepest > self.levels:
            faults.append(f"the tree has {deepest} levels; at most {self.levels} are wanted")
        if deepest < min(2, self.levels):
            faults.append("the tree has one level: sort narrower subjects below its subjects")
        if len(tags) > self.most:
            faults.append(f"{len(tags)} subjects at the top: at most {self.most} are wanted")
        lost = [path for path in _paths(present) if path not in paths]
        if lost:
            faults.append(f"keep what is there: {', '.join(' > '.join(path) for path in lost[:5])}")
        return faults


def tags_of(reply: WrittenTree) -> tuple[Tag, ...]:
    """The tree that a reply holds."""
    return tuple(one.tag for one in reply.tags)


def outlines(documents: Sequence[Document], *, most: int) -> tuple[Outline, ...]:
    """Titles and headings of all documents, with as many levels as fit into `most` characters; of
    too many documents, as many as fit, evenly chosen."""
    for levels in (6, 3, 2, 1, 0):
        found = tuple(_outline(document, levels) for document in documents)
        size = sum(_size(one) for one in found)
        if size <= most:
            return found
    fit = max(1, most * len(found) // size)
    return tuple(found[number * len(found) // fit] for number in range(fit))


def _size(outline: Outline) -> int:
    return len(outline.title) + 1 + sum(len(line) + 1 for line in outline.headings)


def _outline(document: Document, levels: int) -> Outline:
    headings = [one for one in document.headings if one.title != document.title]
    top = min((one.level for one in headings), default=1)
    return Outline(
        document.title.strip() or document.name,
        tuple(
            f"{'  ' * (one.level - top)}- {' '.join(one.title.split())[:120]}"
            for one in headings
            if one.level - top < levels
        ),
    )


def _tag_of(document: Document, *, levels: int) -> Tag:
    """A document as a subject, with its headings below it."""
    headings = [one for one in document.headings if one.title != document.title and one.title]
    return Tag(
        label=_label(document.title or document.name),
        children=_children(headings, levels - 1),
    )


def _children(headings: Sequence[Heading], levels: int) -> tuple[Tag, ...]:
    """The highest of `headings` as subjects, each with those below it."""
    if levels <= 0 or not headings:
        return ()
    top = min(one.level for one in headings)
    starts = [number for number, one in enumerate(headings) if one.level == top]
    return _merged(
        Tag(
            label=_label(headings[start].title),
            children=_children(headings[start + 1 : end], levels - 1),
        )
        for start, end in zip(starts, [*starts[1:], len(headings)], strict=True)
    )


def _merged(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Subjects of the same label as one, with what is below them all, in the order of the first."""
    children: dict[str, list[Tag]] = {}
    for tag in tags:
        children.setdefault(tag.label, []).extend(tag.children)
    return tuple(Tag(label=label, children=_merged(below)) for label, below in children.items())


def _label(title: str) -> str:
    return " ".join(title.replace(">", "›").split())[:60].strip() or "-"


def _paths(tags: Sequence[Tag], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every subject of the tree by its path, the wider ones too."""
    for tag in tags:
        path = (*above, tag.label)
        yield path
        yield from _paths(tag.children, path)
