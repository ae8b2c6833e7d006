"""Reads every file of the documents folder into a Document; one bad file stops no other."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.errors import DocumentError
from loresmith.records import Document, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.base import Failure, Step, StepState


class Source(NamedTuple):
    """A file to read. `key` changes with its name, its content and the parsers."""

    path: Path
    name: str
    key: str


class Parse(Step):
    """Documents folder -> documents."""

    name = "parse"

    def state(self, context: Context) -> StepState:
        found = sources(context)
        outcomes = [context.store.one(Outcome, source.key) for source in found]
        failures = tuple(
            Failure(self.name, source.name, outcome.failure)
            for source, outcome in zip(found, outcomes, strict=True)
            if outcome is not None and outcome.failure
        )
        done = sum(outcome is not None and not outcome.failure for outcome in outcomes)
        return StepState(done, len(found), failures)

    def run(self, context: Context) -> None:
        found = sources(context)
        for number, source in enumerate(found):
            context.tell(self.name, number, len(found), source.name)
            if context.done(source.key) is None:
                _parse(context, source)
        context.tell(self.name, len(found), len(found))
        if not documents(context):
            reasons = "\n".join(f"  {one.reason}" for one in self.state(context).failures)
            raise DocumentError(f"none of the documents can be read:\n{reasons}")


@remembered
def sources(context: Context) -> list[Source]:
    """The files of today's documents folder, by name. Raises DocumentError where there are none."""
    settings = context.recipe.documents
    listing = settings.listing(context.project.folder)
    if not listing.found:
        raise DocumentError(
            f"there is no document to read in {listing.folder}",
            hint="Put files (txt, md, html, docx, pdf) into it."
            + "".join(f"\n{item.path.name}: {item.reason}" for item in listing.ignored[:10]),
        )
    version = settings.version()
    return [
        Source(path, name, content_id("parse", version, name, _content(path)))
        for path in listing.found
        for name in [listing.name_of(path)]
    ]


@remembered
def documents(context: Context) -> list[Document]:
    """Today's documents, as far as they are parsed, in the order of their names."""
    ids: list[str] = []
    for source in sources(context):
        outcome = context.done(source.key)
        ids += outcome.made if outcome is not None else ()
    return context.store.get(Document, ids)


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:  # reading it properly will say so, with the document's name
        return f"unreadable: {error.errno}"


def _parse(context: Context, source: Source) -> None:
    try:
        document = context.recipe.documents.read(source.path, name=source.name)
    except DocumentError as error:
        context.fail(source.key, "parse", source.name, f"{error.message}. {error.hint}".strip())
    else:
        context.finish(source.key, "parse", source.name, [document])
