"""Reads every file of the documents folder into a Document; one bad file stops no other.

Where a person has corrected a document's text, the corrected text is what is worked with, as long
as the file is the one that the correction was made to.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loresmith.component import content_id
from loresmith.documents import readable_suffixes
from loresmith.documents.archive import Member, PassedOver
from loresmith.documents.folder import Listing, shown_name
from loresmith.documents.reading_ahead import read_ahead
from loresmith.documents.revised import revised
from loresmith.errors import DocumentError
from loresmith.records import Document, DocumentRevision, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.document_titles import fill_titles
from loresmith.workspace.imported_rows import live_imports
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.file_contents import content_hash, contents
from loresmith.workspace.steps.revisions import current_revision_id

if TYPE_CHECKING:
    from loresmith.documents.reading_process import ReadingProcesses


class Source(NamedTuple):
    """A file to read, maybe one in an archive. `key` changes with its name, its content, its
    correction and the parsers."""

    path: Path
    name: str
    key: str
    sha256: str
    """Of the file's content."""
    revision: str = ""
    """The correction that holds; empty where the file is read as it stands."""
    member: Member | None = None
    """The file in the archive at `path`."""

    @property
    def bytes(self) -> int:
        """Size of the file; 0 where it is gone."""
        if self.member is not None:
            return self.member.size
        return self.path.stat().st_size if self.path.exists() else 0


class Parse(Step):
    """Documents folder -> documents."""

    name = "parse"

    def state(self, context: Context) -> StepState:
        found = sources(context)
        outcomes = _outcomes(context, found)
        failures = tuple(
            Failure(self.name, source.name, outcomes[source.key].failure)
            for source in found
            if source.key in outcomes and outcomes[source.key].failure
        )
        done = sum(s.key in outcomes and not outcomes[s.key].failure for s in found)
        return StepState(done, len(found), failures)

    def run(self, context: Context) -> None:
        from loresmith.documents.reading_process import ReadingProcesses

        found = sources(context)
        outcomes = _outcomes(context, found)
        missing = [s for s in found if s.key not in outcomes or outcomes[s.key].failure]
        with ReadingProcesses() as processes:

            def read(source: Source) -> Document | DocumentError:
                try:
                    return _read_file(context, source, processes)
                except DocumentError as error:
                    return error

            at_once = context.recipe.documents.files_at_once()
            done = len(found) - len(missing)
            with closing(
                read_ahead(missing, read, at_once=at_once, check=context.check)
            ) as results:
                for number, source in enumerate(missing, done):
                    context.tell(self.name, number, len(found), source.name)
                    _keep(context, source, next(results))
        fill_titles(context)
        context.tell(self.name, len(found), len(found))
        if found and not documents(context):
            reasons = "\n".join(f"  {one.reason}" for one in self.state(context).failures)
            raise DocumentError(f"none of the documents can be read:\n{reasons}")


@remembered
def sources(context: Context) -> list[Source]:
    """The files of today's documents folder and of archives in it, by name, with their content
    hashed.

    Raises DocumentError where there are none, unless imported rows, or rows of a kind that needs no
    document, can be trained on without.
    """
    settings = context.recipe.documents
    listing = settings.listing(context.project.folder)
    if not (listing.found or context.recipe.generation.needs_no_document or live_imports(context)):
        raise DocumentError(
            f"there is no document to read in {listing.folder}",
            hint=f"Put files ({', '.join(readable_suffixes())}) into it."
            + "".join(
                f"\n{shown_name(item.path.name)}: {item.reason}" for item in listing.ignored[:10]
            ),
        )
    return [source_of(context, found) for found in _found_in(context, listing)]


class FoundFile(NamedTuple):
    """A document's file, or one in an archive, whose content nobody has looked at yet."""

    path: Path
    name: str
    member: Member | None = None


def found_files(context: Context) -> list[FoundFile]:
    """The files of today's documents folder and of archives in it, by name; quick for thousands.
    Raises DocumentError where the recipe names a folder that is not there."""
    return _found_in(context, context.recipe.documents.listing(context.project.folder))


def _found_in(context: Context, listing: Listing) -> list[FoundFile]:
    return [
        found for path in listing.found for found in _found_at(context, path, listing.name_of(path))
    ]


def _found_at(context: Context, path: Path, name: str) -> list[FoundFile]:
    inside = contents(context.recipe.documents, path, name=name)
    if inside is None:
        return [FoundFile(path, name)]
    return [FoundFile(path, one.name, one) for one in inside.members]


def source_of(context: Context, found: FoundFile) -> Source:
    """The file, known by its content."""
    path, name, member = found
    sha256 = content_hash(path) if member is None else member.sha256
    return _source(context, path, name, sha256, member)


def passed_over(context: Context) -> list[PassedOver]:
    """The files that are not read, in the folder and in its archives, with reasons."""
    listing = context.recipe.documents.listing(context.project.folder)
    found = [
        PassedOver(shown_name(listing.name_of(one.path)), one.reason) for one in listing.ignored
    ]
    for path in listing.found:
        inside = contents(context.recipe.documents, path, name=listing.name_of(path))
        found += inside.passed_over if inside is not None else ()
    return found


def _ignored(listing: Listing) -> list[PassedOver]:
    return [
        PassedOver(shown_name(listing.name_of(one.path)), one.reason) for one in listing.ignored
    ]


def sources_at(context: Context, path: Path, name: str) -> list[Source]:
    """The document in the file at `path`, or those in the archive that it is."""
    return [source_of(context, found) for found in _found_at(context, path, name)]


def _source(
    context: Context, path: Path, name: str, sha256: str, member: Member | None = None
) -> Source:
    revision = current_revision_id(context, name, sha256)
    key = key_of(context, name, sha256, revision)
    return Source(path, name, key, sha256, revision, member)


def key_of(context: Context, name: str, sha256: str, revision: str) -> str:
    """Where the outcome of reading a file is kept; with `revision` empty, of the file alone."""
    parts = ["parse", context.recipe.documents.version(), name, sha256]
    return content_id(*parts, revision) if revision else content_id(*parts)


def _outcomes(context: Context, found: Sequence[Source]) -> dict[str, Outcome]:
    """What became of the files that were read, by their keys."""
    known = context.store.get(Outcome, [source.key for source in found])
    return {outcome.id: outcome for outcome in known}


@remembered
def documents(context: Context) -> list[Document]:
    """Today's documents, as far as they are parsed, in the order of their names."""
    found = sources(context)
    outcomes = _outcomes(context, found)
    ids = [made for source in found if source.key in outcomes for made in outcomes[source.key].made]
    return context.store.get(Document, ids)


def parse_source(context: Context, source: Source) -> Outcome:
    """Reads one file, unless that is done already; what is wrong with it is in `failure`."""
    if context.done(source.key) is None:
        try:
            read: Document | DocumentError = _read_file(context, source)
        except DocumentError as error:
            read = error
        _keep(context, source, read)
    outcome = context.store.one(Outcome, source.key)
    assert outcome is not None  # one of the two has just been written
    return outcome


def _read_file(
    context: Context, source: Source, processes: ReadingProcesses | None = None
) -> Document:
    """The document as its file has it; raises DocumentError. Nothing is stored or looked up."""
    settings = context.recipe.documents
    return settings.read(source.path, name=source.name, member=source.member, processes=processes)


def _keep(context: Context, source: Source, read: Document | DocumentError) -> None:
    """Stores the document as it counts today, or why there is none."""
    if isinstance(read, DocumentError):
        context.fail(source.key, "parse", source.name, f"{read.message}. {read.hint}".strip())
        return
    if source.revision:
        (revision,) = context.store.get(DocumentRevision, [source.revision])
        read = revised(read, revision.text)
    context.finish(source.key, "parse", source.name, [read])
