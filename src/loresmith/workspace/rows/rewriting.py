"""Proposes other words for a row, as a reviewer advises: checked like every row, and not stored.

Accepting a proposal is an edit, so that it stands in the row's history and can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from sqlalchemy import Connection

from loresmith.errors import Conflict, MalformedReply, ModelUnavailable
from loresmith.generation.passages import Passage
from loresmith.generation.rewriting import Rewritten, RowToRewrite
from loresmith.models import Embedded
from loresmith.records import Chunk, Document, Record, Review
from loresmith.store.review_log import ReviewLog
from loresmith.store.row_index import IndexedRow, RowIndex
from loresmith.workspace.context import Context
from loresmith.workspace.reviews import latest
from loresmith.workspace.rows.judging import Judge
from loresmith.workspace.rows.model import RowView
from loresmith.workspace.rows.rows import Rows, refuse_several_turns
from loresmith.workspace.workspace import Workspace
from loresmith.workspace.writing import open_asker

LONGEST_ADVICE = 2_000


class Proposal(Record):
    """Other words for a row, and what the filters say of them."""

    question: str
    answer: str
    short_answer: str
    remark: str
    """What the model says of its own change."""
    objection: str = ""
    """The reason for which such a row would be dropped; empty where it passes."""
    detail: str = ""
    """Why, in this case."""
    model: str
    version: str
    """Of the row that it is a proposal for: what an edit that accepts it names as `expected`."""

    @property
    def accepted(self) -> bool:
        """Whether it may take the place of the row."""
        return not self.objection


def propose(workspace: Workspace, row_id: str, advice: str) -> Proposal:
    """Asks the teacher for other words of a row; a proposal that the filters refuse is asked for
    anew, as often as `generation.attempts` says, and the last is given back with the objection.

    Raises NotFound, Conflict for advice that says nothing, DatasetError for a conversation of
    several turns, and ModelError.
    """
    view = Rows(workspace).row(row_id)
    advice = advice.strip()[:LONGEST_ADVICE]
    if not advice:
        raise Conflict("no advice is given", hint="Say what should be different.")
    if isinstance(workspace.recipe.teacher, Embedded):
        raise ModelUnavailable(
            "the embedded model cannot reword rows",
            hint="Name a teacher that can, for example --teacher deepseek:deepseek-chat.",
        )
    refuse_several_turns(view.row)
    with workspace.opened() as context:
        return _asked(context, view, advice)


def _asked(context: Context, view: RowView, advice: str) -> Proposal:
    seen: list[tuple[Rewritten, _Objection]] = []

    def check(written: Rewritten) -> list[str]:
        objection = _objection(context, view.row, written)
        seen.append((written, objection))
        return [": ".join(filter(None, objection))] if any(objection) else []

    with open_asker(context) as asker:
        request = context.recipe.generation.rewriting.request(
            _row_of(context, view), advice, check=check
        )
        model = asker.model.name
        try:
            written, objection = asker.ask(request), ("", "")
        except MalformedReply:
            if not seen:  # no reply had the form: there is nothing to show
                raise
            written, objection = seen[-1]
    short = written.short_answer if view.row.short_answer else ""
    return Proposal(
        question=written.question,
        answer=written.answer,
        short_answer=short,
        remark=written.remark,
        objection=objection[0],
        detail=objection[1],
        model=model,
        version=view.version,
    )


_Objection = tuple[str, str]
"""A reason and its detail; both empty where there is none."""


def _row_of(context: Context, view: RowView) -> RowToRewrite:
    row, source = view.row, view.source
    passage = None
    if source is not None and row.chunk_id is not None:
        (chunk,) = context.store.get(Chunk, [row.chunk_id])
        (document,) = context.store.get(Document, [chunk.document_id])
        passage = Passage(
            title=document.title.strip() or document.name,
            context=chunk.context.strip(),
            text=chunk.text.strip("\n"),
            language=row.language,
        )
    return RowToRewrite(
        question=row.question,
        answer=row.answer,
        short_answer=row.short_answer,
        language=row.language,
        passage=passage,
        evidence=_evidence(view),
    )


def _evidence(view: RowView) -> str:
    source = view.source
    if source is None:
        return ""
    here = [
        source.text[max(span.start - source.start, 0) : span.end - source.start]
        for span in source.evidence
        if span.start < source.end and span.end > source.start
    ]
    return "\n".join([*here, *source.elsewhere])


def _objection(context: Context, row: IndexedRow, written: Rewritten) -> _Objection:
    """What would be held against the row, were it edited so; nothing is stored."""
    empty = not (written.question and written.answer)
    if empty or (row.short_answer and not written.short_answer):
        return "empty", "question, answer and short answer have to be there"
    if (written.question, written.answer) == (row.question, row.answer):
        return "unchanged", "question and answer are as they were"
    index = RowIndex(context.engine, project_id=context.project_id)
    with index.reading() as connection:
        edited = _as_if_edited(context, index, connection, row, written)
    return (edited.reason, edited.detail) if edited.state == "dropped" else ("", "")


def _as_if_edited(
    context: Context,
    index: RowIndex,
    connection: Connection,
    row: IndexedRow,
    written: Rewritten,
) -> IndexedRow:
    family: Sequence[IndexedRow] = (
        index.families(connection, [row.fact_id]) if row.fact_id else [row]
    )
    log = ReviewLog(connection, project_id=context.project_id)
    history = log.history([one.id for one in family])
    said = dict(latest(review for reviews in history.values() for review in reviews))
    said[row.id] = Review(
        id="proposed",
        subject_id=row.id,
        verdict="edited",
        question=written.question,
        answer=written.answer,
        short_answer=written.short_answer if row.short_answer else None,
        at=datetime.now(timezone.utc).isoformat(),
    )
    judge = Judge(context.recipe.curation, context.store, index, connection)
    return next(one for one in judge.judged(family, said) if one.id == row.id)
