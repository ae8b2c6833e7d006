"""The documents of a project: everything that pages and programs do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from loresmith.errors import Conflict, LoresmithError, NotFound, StoreError
from loresmith.recipe import Recipe
from loresmith.records import Chunk
from loresmith.workspace.background import Background
from loresmith.workspace.context import Context
from loresmith.workspace.documents import estimate as estimating
from loresmith.workspace.documents import listing, preview, rechunking, revising
from loresmith.workspace.documents.coverage import rows_by_document
from loresmith.workspace.documents.difference import Difference
from loresmith.workspace.documents.file_names import visible
from loresmith.workspace.documents.folder import read_now, source_by_key, sources_today
from loresmith.workspace.documents.shown import (
    DocumentLine,
    DocumentListing,
    DocumentPage,
    Outline,
    TextPage,
    Uploaded,
)
from loresmith.workspace.documents.upload import Stored, store_upload
from loresmith.workspace.places import document_key
from loresmith.workspace.recipes import change_recipe
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.chunk import chunks_of
from loresmith.workspace.workspace import Workspace


class Documents:
    """The documents of one project, addressed by keys (`document_key` of their names)."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> DocumentListing:
        """Every document with how far the work on it has come, and the files not read."""
        with self._workspace.opened() as context:
            return listing.listing(context)

    def page(self, *, search: str = "", start: int = 0, limit: int = 50) -> DocumentPage:
        """Some of the documents whose name or title has all words of `search`, in the order of
        their names, from the `start`th on."""
        with self._workspace.opened() as context:
            return listing.page(context, search=search, start=start, limit=limit)

    def rows(self) -> int:
        """How many rows the list of questions holds about documents."""
        with self._workspace.opened() as context:
            counts = rows_by_document(context)
        return sum(count for document, count in counts.items() if document)

    def folder(self) -> DocumentListing:
        """What can be uploaded, and the files that are not read; without the documents."""
        with self._workspace.opened() as context:
            return listing.folder(context)

    def get(self, key: str) -> DocumentLine:
        """One document. Raises NotFound."""
        with self._workspace.opened() as context:
            return listing.line_of(context, source_by_key(context, key))

    def upload(self, given: str, file: BinaryIO, *, replace: bool = False) -> Uploaded:
        """Takes in one file under the name that it came with; says what became of it.

        A file that is refused (its name, size, kind or content is wrong, or its name is taken and
        `replace` is not set) leaves no trace, and is no error: others beside it may be good.
        """
        with self._workspace.opened() as context:
            try:
                stored = store_upload(context, given, file, replace=replace)
            except StoreError:
                raise
            except LoresmithError as refusal:
                return Uploaded(
                    given=visible(given),
                    outcome="refused",
                    reason=refusal.message,
                    hint=refusal.hint,
                    exists=isinstance(refusal, Conflict),
                )
            return self._taken_in(context, given, stored)

    def file(self, key: str) -> Path:
        """Where the file is, for a download; of a document in an archive, the archive. Raises
        NotFound."""
        with self._workspace.opened() as context:
            return source_by_key(context, key).path

    def delete(self, key: str, *, with_archive: bool = False) -> None:
        """Deletes the file. Its rows are no longer part of the project's; raises NotFound.

        A document in an archive goes only with the archive and all that is in it: raises Conflict
        unless `with_archive`.
        """
        with self._workspace.opened() as context:
            source = source_by_key(context, key)
            if source.member is not None and not with_archive:
                raise Conflict(
                    f"{source.name} is part of the archive {source.path.name}",
                    hint="Delete the whole archive, or replace it by one without this file.",
                )
            try:
                source.path.unlink()
            except FileNotFoundError:
                raise NotFound("there is no such document", hint="It was just deleted.") from None
            except OSError as error:
                reason = error.strerror
                raise StoreError(f"{source.path.name} cannot be deleted: {reason}") from error

    def outline(self, key: str) -> Outline:
        """Headings and passages, without the text; raises NotFound and DocumentError."""
        with self._workspace.opened() as context:
            return preview.outline_of(context, key)

    def text(self, key: str, *, start: int = 0, length: int = 12_000) -> TextPage:
        """A part of the text with its passages; raises NotFound and DocumentError."""
        with self._workspace.opened() as context:
            return preview.text_page(context, key, start=start, length=length)

    def preview_chunking(
        self, changes: Mapping[str, Any], *, key: str | None = None
    ) -> rechunking.ChunkingPreview:
        """What changed settings would do; nothing is stored. Raises RecipeError."""
        with self._workspace.opened() as context:
            return rechunking.preview_chunking(context, changes, key=key)

    def apply_chunking(self, changes: Mapping[str, Any]) -> str:
        """Writes the settings into the recipe and cuts all documents anew; returns the job's id.

        Raises RecipeError, and then nothing is changed.
        """
        with self._workspace.opened() as context:
            rechunking.refuse_foreign(changes)
            folder = context.project.folder
        change_recipe(folder, changes)
        return Background(Workspace(folder)).submit("chunk")

    def history(self, key: str) -> tuple[revising.RevisionLine, ...]:
        """The file's text and its corrections, the newest first."""
        with self._workspace.opened() as context:
            return revising.history(context, key)

    def revision_text(self, key: str, revision: str) -> str:
        """The text of a revision; `file` names that of the file. Raises NotFound."""
        with self._workspace.opened() as context:
            return revising.text_of_revision(context, key, revision)

    def whole_text(self, key: str) -> str:
        """Today's text in one piece, for editing."""
        with self._workspace.opened() as context:
            return read_now(context, key).document.text

    def compare(self, key: str, older: str, newer: str) -> Difference:
        """What differs between two revisions; `file` names the file's own text."""
        with self._workspace.opened() as context:
            return revising.compare(context, key, older, newer)

    def revise(
        self, key: str, text: str, *, expected: str, note: str = "", author: str = ""
    ) -> revising.Revised:
        """Corrects the text; the file stays as it is.

        `expected` is the `version` of the document that was edited: raises Conflict where it has
        another one by now, so that nobody's correction is lost.
        """
        with self._workspace.opened() as context:
            return revising.revise(context, key, text, expected=expected, note=note, author=author)

    def revise_span(
        self,
        key: str,
        start: int,
        end: int,
        text: str,
        *,
        expected: str,
        note: str = "",
        author: str = "",
    ) -> revising.Revised:
        """Corrects a passage: the characters from `start` to `end`. Otherwise like `revise`."""
        with self._workspace.opened() as context:
            return revising.revise_span(
                context, key, start, end, text, expected=expected, note=note, author=author
            )

    def restore(
        self, key: str, revision: str, *, expected: str, author: str = ""
    ) -> revising.Revised:
        """Makes an earlier text (or with `file` the file's) today's, as a new revision."""
        text = self.revision_text(key, revision)
        number = next(one.number for one in self.history(key) if one.id == revision)
        note = "↩ file" if revision == revising.FILE else f"↩ {number}"
        return self.revise(key, text, expected=expected, note=note, author=author)

    def selection(self, *, keys: Sequence[str] = (), chunks: Sequence[str] = ()) -> Scope:
        """The scope of these documents and passages; of everything where none are named.

        Documents are read and cut on the spot if need be. Raises NotFound for passages that are
        not there, and DocumentError.
        """
        if not keys and not chunks:
            return Scope()
        with self._workspace.opened() as context:
            known = {chunk.id for chunk in context.store.get(Chunk, list(chunks))}
            if len(known) < len(set(chunks)):
                raise NotFound(
                    "some of the selected passages do not exist",
                    hint="Load the page again: the documents may have been cut anew.",
                )
            ids = [
                chunk.id
                for key in keys
                for chunk in chunks_of(context, read_now(context, key).document)
            ]
            return Scope(chunks=tuple(dict.fromkeys([*chunks, *ids])))

    def estimate(self, scope: Scope | None = None) -> estimating.Estimate:
        """What `generate` would take for `scope`; without one, for every passage."""
        with self._workspace.opened() as context:
            return estimating.estimate(context, scope or Scope())

    def read(self) -> str:
        """Reads and cuts every document that is not yet, in the background; the job's id."""
        return Background(self._workspace).submit("chunk")

    def generate(self, scope: Scope | None = None) -> str:
        """Has the teacher write what is missing for `scope`, in the background; the job's id."""
        return Background(self._workspace).submit("generate", scope=scope)

    @property
    def recipe(self) -> Recipe:
        """The recipe that the documents are worked with."""
        return self._workspace.recipe

    def _taken_in(self, context: Context, given: str, stored: Stored) -> Uploaded:
        inside = [s for s in sources_today(context) if s.name.startswith(f"{stored.name}/")]
        source = inside[0] if inside else source_by_key(context, document_key(stored.name))
        return Uploaded(
            given=visible(given),
            name=stored.name,
            outcome=stored.outcome,
            document=listing.line_of(context, source),
            documents=len(inside) or 1,
        )
