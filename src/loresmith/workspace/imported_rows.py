"""The rows that were imported and count today: what steps and lists read of imports."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.component import content_id
from loresmith.records import ImportedRow, Message, Outcome, Review
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.reviews import reviews

IMPORT = "import"
"""The step of the outcome of an import that counts; one that was taken back has another."""
TAKEN_BACK = "import taken back"
_AT_ONCE = 500


@remembered
def live_imports(context: Context) -> tuple[str, ...]:
    """Ids of the imports that count, oldest first; cheap."""
    from sqlalchemy import select

    from loresmith.database import transaction
    from loresmith.store.tables import TABLES

    table = TABLES[Outcome]
    query = (
        select(table.c.id)
        .where(table.c.project_id == context.project_id, table.c.step == IMPORT)
        .order_by(table.c.sequence)
    )
    with transaction(context.engine) as connection:
        return tuple(connection.scalars(query))


def imported_rows(context: Context) -> Iterator[ImportedRow]:
    """Every row of the imports that count, by source and number, as it stood in its file."""
    imports = context.store.get(Outcome, live_imports(context))
    for done in sorted(imports, key=lambda one: (one.subject, one.id)):
        for start in range(0, len(done.made), _AT_ONCE):
            yield from context.store.get(ImportedRow, done.made[start : start + _AT_ONCE])


def reviewed_rows(context: Context) -> Iterator[ImportedRow]:
    """The imported rows as people left them: edits are made; those rejected, and those edited to
    nothing, are not there."""
    said = reviews(context)
    for row in imported_rows(context):
        review = said.get(row.id)
        if review is None or review.verdict != "rejected":
            left = as_reviewed(row, review)
            if all(message.content.strip() for message in left.messages[-2:]):
                yield left


def imports_key(context: Context) -> str:
    """Changes with the imports that count and what people said of their rows; empty without."""
    live = live_imports(context)
    if not live:
        return ""
    said = reviews(context)
    rows = context.store.get(ImportedRow, sorted(said))
    decided = [
        [row.id, said[row.id].verdict, said[row.id].question, said[row.id].answer]
        for row in rows
        if said[row.id].verdict != "pending"
    ]
    return content_id("imports", sorted(live), decided)


def as_reviewed(row: ImportedRow, review: Review | None) -> ImportedRow:
    """The last question and the last answer as the review has them."""
    if review is None:
        return row
    *earlier, question, answer = row.messages
    if review.question is not None:
        question = Message(role=question.role, content=review.question)
    if review.answer is not None:
        answer = Message(role=answer.role, content=review.answer)
    return row.model_copy(update={"messages": (*earlier, question, answer)})
