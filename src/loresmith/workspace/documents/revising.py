"""Corrections of a document's text: each is kept, none changes the file, the latest one counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from loresmith.documents.base import clean
from loresmith.errors import Conflict, DocumentError, NotFound
from loresmith.records import Chunk, Document, DocumentRevision, Record
from loresmith.workspace.context import Context
from loresmith.workspace.documents.difference import Difference, difference, operations
from loresmith.workspace.documents.folder import Read, read_now, source_by_key
from loresmith.workspace.documents.listing import version_of
from loresmith.workspace.documents.own_spans import own_spans
from loresmith.workspace.steps.asking import asked_of, keep_asking
from loresmith.workspace.steps.chunk import chunks_of
from loresmith.workspace.steps.parse import Source, key_of, parse_source
from loresmith.workspace.steps.revisions import all_revision_ids, revision_id

FILE = "file"
"""Names the text of the file itself among the revisions."""
LONGEST_TEXT = 10_000_000
"""Most characters of a corrected text."""


class RevisionLine(Record):
    """One state of a document's text."""

    id: str
    """`file` for the text as it is in the file."""
    number: int
    """0 for the file, then from 1 upwards."""
    at: str = ""
    """ISO 8601, UTC; empty for the file."""
    author: str = ""
    note: str = ""
    characters: int
    current: bool
    """Whether this is the text that is worked with."""


class Revised(Record):
    """What a correction brought."""

    revision: str
    """The id of the new revision."""
    version: str
    """The document's version from here on."""
    unchanged: int
    """Passages that read as before: what was paid for them is kept."""
    changed: tuple[str, ...]
    """Ids of the passages that read otherwise: the teacher is to be asked about them."""


def history(context: Context, key: str) -> tuple[RevisionLine, ...]:
    """The file's text and all corrections of it, the newest first. Raises as `read_now` does."""
    source = source_by_key(context, key)
    ids = all_revision_ids(context, source.name, source.sha256)
    found = context.store.get(DocumentRevision, ids)
    lines = [
        RevisionLine(
            id=FILE,
            number=0,
            characters=len(_file_text(context, source)),
            current=not source.revision,
        ),
        *(
            RevisionLine(
                id=one.id,
                number=number,
                at=one.at,
                author=one.author,
                note=one.note,
                characters=len(one.text),
                current=one.id == source.revision,
            )
            for number, one in enumerate(found, 1)
        ),
    ]
    return tuple(reversed(lines))


def text_of_revision(context: Context, key: str, revision: str) -> str:
    """The text of a revision, or of the file. Raises NotFound."""
    source = source_by_key(context, key)
    if revision == FILE:
        return _file_text(context, source)
    known = all_revision_ids(context, source.name, source.sha256)
    found = context.store.get(DocumentRevision, [one for one in known if one == revision])
    if not found:
        raise NotFound("there is no such revision of this document")
    return found[0].text


def compare(context: Context, key: str, older: str, newer: str) -> Difference:
    """What differs between two revisions; `file` names the file's own text."""
    return difference(text_of_revision(context, key, older), text_of_revision(context, key, newer))


def revise(
    context: Context, key: str, text: str, *, expected: str, note: str, author: str
) -> Revised:
    """Makes `text` the document's text. Raises Conflict unless `expected` is today's version."""
    before = read_now(context, key)
    _refuse_stale(before.source, expected)
    text, _ = clean(text)
    if not text.strip():
        raise DocumentError("a document without text cannot be worked with", hint="Delete it.")
    if len(text) > LONGEST_TEXT:
        raise DocumentError(f"the text is longer than {LONGEST_TEXT:,} characters")
    source = before.source
    record = DocumentRevision(
        id=_next_id(source),
        name=source.name,
        source_sha256=source.sha256,
        text=text,
        note=note,
        author=author,
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    asked = asked_of(context, before.document, chunks_of(context, before.document))
    if not context.store.add([record]):
        raise _stale()
    context.memory.clear()
    after = read_now(context, key)
    return _carried_over(context, before, after, asked, record.id)


def revise_span(
    context: Context,
    key: str,
    start: int,
    end: int,
    text: str,
    *,
    expected: str,
    note: str,
    author: str,
) -> Revised:
    """Puts `text` in place of the characters from `start` to `end`: how one edits a passage.

    Raises Conflict unless `expected` is today's version, and DocumentError for a span that the
    document does not have.
    """
    before = read_now(context, key)
    _refuse_stale(before.source, expected)
    whole = before.document.text
    if not 0 <= start <= end <= len(whole):
        raise DocumentError(f"the document has no characters {start} to {end}")
    changed = whole[:start] + text + whole[end:]
    return revise(context, key, changed, expected=expected, note=note, author=author)


def _refuse_stale(source: Source, expected: str) -> None:
    if expected != version_of(source):
        raise _stale()


def _stale() -> Conflict:
    return Conflict(
        "somebody else has changed this document meanwhile",
        hint="Load it again, and repeat your change there.",
    )


def _next_id(source: Source) -> str:
    """The id of the correction that follows the one in `source`: of two at once, one finds it
    taken."""
    number = int(source.revision.rpartition("-")[2]) if source.revision else 0
    return revision_id(source.name, source.sha256, number + 1)


def _file_text(context: Context, source: Source) -> str:
    """The text of the file itself, read once and kept."""
    key = key_of(context, source.name, source.sha256, "")
    outcome = parse_source(context, source._replace(key=key, revision=""))
    if outcome.failure:
        raise DocumentError(outcome.failure)
    return context.store.get(Document, outcome.made)[0].text


def _carried_over(
    context: Context, before: Read, after: Read, asked: Sequence[Chunk], revision: str
) -> Revised:
    """What has changed; of that, what took the place of selected passages is selected too."""
    now = chunks_of(context, after.document)
    same_title = after.document.title == before.document.title
    known = {(c.context, c.text) for c in chunks_of(context, before.document)}
    changed = [c for c in now if not same_title or (c.context, c.text) not in known]
    if asked and changed:
        moved = _Moved(before.document.text, after.document.text)
        earlier, own = own_spans(chunks_of(context, before.document)), own_spans(now)
        spans = [(moved.start(s), moved.end(e)) for s, e in (earlier[one.id] for one in asked)]
        keep_asking(
            context,
            [
                c
                for c in changed
                if any(own[c.id].start < e and s < own[c.id].end for s, e in spans)
            ],
        )
    return Revised(
        revision=revision,
        version=version_of(after.source),
        unchanged=len(now) - len(changed),
        changed=tuple(chunk.id for chunk in changed),
    )


class _Moved:
    """Where positions of one text lie in another one, by the lines that both have."""

    def __init__(self, old: str, new: str) -> None:
        old_lines, new_lines = old.split("\n"), new.split("\n")
        old_starts, new_starts = _line_starts(old_lines), _line_starts(new_lines)
        self._blocks = [
            (tag == "equal", old_starts[i], old_starts[j], new_starts[k], new_starts[m])
            for tag, i, j, k, m in operations(old_lines, new_lines)
        ]

    def start(self, position: int) -> int:
        """Where a span begins that began at `position`: at the latest there."""
        for equal, old, old_end, new, _ in self._blocks:
            if position < old_end:
                return new + position - old if equal else new
        return self._blocks[-1][4] if self._blocks else position

    def end(self, position: int) -> int:
        """Where a span ends that ended at `position`: at the earliest there."""
        for equal, old, old_end, new, new_end in self._blocks:
            if position <= old_end:
                return new + position - old if equal else new_end
        return self._blocks[-1][4] if self._blocks else position


def _line_starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts
