"""The files of the documents folder, as they are found today."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from loresmith.documents.folder import Listing
from loresmith.errors import Conflict, DocumentError, NotFound
from loresmith.records import Document
from loresmith.workspace.context import Context
from loresmith.workspace.places import document_key
from loresmith.workspace.steps.chunk import chunk_document
from loresmith.workspace.steps.parse import Source, found_files, parse_source, source_of, sources


class Read(NamedTuple):
    """A file, and the document that it was read as."""

    source: Source
    document: Document


def listing_of(context: Context) -> Listing:
    """What the folder holds; raises DocumentError where the recipe names one that is not there."""
    return context.recipe.documents.listing(context.project.folder)


def sources_today(context: Context) -> list[Source]:
    """The files to read, by name; none in an empty project."""
    return sources(context) if listing_of(context).found else []


def source_by_key(context: Context, key: str) -> Source:
    """The file of a document; raises NotFound."""
    for found in found_files(context):
        if document_key(found.name) == key:
            return source_of(context, found)
    raise NotFound("there is no such document", hint="It may have been deleted or renamed.")


def read_now(context: Context, key: str) -> Read:
    """The document, read and cut into passages on the spot if need be.

    Raises NotFound, and DocumentError where the file cannot be read.
    """
    source = source_by_key(context, key)
    outcome = parse_source(context, source)
    if outcome.failure:
        raise DocumentError(outcome.failure)
    document = context.store.get(Document, outcome.made)[0]
    chunk_document(context, document)
    return Read(source, document)


def folder_for_uploads(context: Context) -> Path:
    """Where new documents go, created if need be: `documents/`, or where files lie already.

    Raises Conflict where the recipe reads documents from outside of the project.
    """
    base = (context.project.folder / context.recipe.documents.path).resolve()
    if not base.is_relative_to(context.project.folder.resolve()):
        raise Conflict(
            "this project reads documents from a folder outside of its own",
            hint="Change the files there, or set documents.path back to `.`.",
        )
    base.mkdir(parents=True, exist_ok=True)
    listing = listing_of(context)
    folder = listing.folder if listing.found else base / "documents"
    folder.mkdir(exist_ok=True)
    return folder
