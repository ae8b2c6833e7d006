"""The questions of an exam as lists and single sheets show them: filtered, with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from loresmith.exams.compare import ExamReport, MarkedReply, ReportItem
from loresmith.records import Document, Record, Regrade, Section
from loresmith.text.normalising import normalise
from loresmith.workspace.places import first_words
from loresmith.workspace.report.passages import Block, Passage, Sources
from loresmith.workspace.report.questions import Outcome, outcome_of

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class ItemFilter(Record):
    """Which questions are asked for; an empty member means all."""

    outcome: Outcome | Literal["", "unchanged"] = ""
    """`unchanged`: those that are marked after training as they were before."""
    document: str = ""
    """The name of a document."""
    language: str = ""
    """Its code, such as `zh`."""
    kind: str = ""
    """`direct`, `reversed`, `abstention` or `retention`."""
    hand_graded: bool = False
    """True for those only that a person has marked."""
    search: str = ""
    """Words of the question, an answer or a reply; in any case and width of letters."""


class ItemRow(Record):
    """One question in a list."""

    item: ReportItem
    outcome: Outcome
    """What training did for it: learned, still_wrong, forgotten, made_up, kept, declined, or
    control where the fact was withheld."""


class EvidencePart(Record):
    """A piece of text; the marked ones are the evidence."""

    text: str
    marked: bool


class EvidenceBlock(Record):
    """Running text or the rows of a table; the other is empty."""

    text: tuple[EvidencePart, ...] = ()
    rows: tuple[tuple[tuple[EvidencePart, ...], ...], ...] = ()


class EvidencePassage(Record):
    """Evidence where it stands in its source."""

    document: str
    """The document's name; empty for a quote that was not found in one."""
    document_id: str = ""
    document_key: str = ""
    """What the document is addressed by, in the list of documents."""
    start: int | None = None
    """Where the first evidence of the passage begins in the document's text."""
    sections: tuple[Section, ...] = ()
    """The pages, slides, sheets or chapters that its evidence stands on."""
    blocks: tuple[EvidenceBlock, ...]
    goes_before: bool
    goes_after: bool
    found: bool

    @property
    def first_marked(self) -> str:
        """The beginning of the evidence, within one line of it; empty where none is marked."""
        parts = (
            part.text.strip()
            for block in self.blocks
            for part in (*block.text, *(one for row in block.rows for cell in row for one in cell))
            if part.marked
        )
        return first_words(next(filter(None, parts), ""))


class ItemDetail(Record):
    """All that is known of one question of one run."""

    item: ReportItem
    outcome: Outcome
    passages: tuple[EvidencePassage, ...]
    regrades: tuple[Regrade, ...]
    """What people said of it, in the order in which they did."""
    previous: str = ""
    """The id of the question before it in the list that is looked through."""
    next: str = ""


def rows_of(exam: ExamReport) -> list[ItemRow]:
    """Every question with its outcome, in the order of the exam."""
    return [ItemRow(item=item, outcome=outcome_of(item)) for item in exam.items]


def matching(rows: Iterable[ItemRow], wanted: ItemFilter) -> list[ItemRow]:
    """The rows that are asked for, in order."""
    words = normalise(wanted.search, fold_case=True).split()
    return [row for row in rows if _matches(row, wanted) and _says(row.item, words)]


def detail_of(
    row: ItemRow,
    documents: Sequence[Document],
    regrades: Iterable[Regrade],
    *,
    among: Sequence[ItemRow] = (),
) -> ItemDetail:
    """The question with its evidence in `documents`, and its neighbours `among` some rows."""
    ids = [other.item.id for other in among]
    at = ids.index(row.item.id) if row.item.id in ids else None
    return ItemDetail(
        item=row.item,
        outcome=row.outcome,
        passages=_passages(row.item, documents),
        regrades=tuple(one for one in regrades if one.item_id == row.item.id),
        previous=ids[at - 1] if at else "",
        next=ids[at + 1] if at is not None and at + 1 < len(ids) else "",
    )


def _matches(row: ItemRow, wanted: ItemFilter) -> bool:
    item = row.item
    return (
        (
            wanted.outcome in ("", row.outcome)
            or (wanted.outcome == "unchanged" and _as_before(item))
        )
        and wanted.document in ("", item.document)
        and wanted.language in ("", item.language)
        and wanted.kind in ("", item.kind)
        and (not wanted.hand_graded or _by_hand(item.before) or _by_hand(item.after))
    )


def _as_before(item: ReportItem) -> bool:
    return item.before.score == item.after.score


def _by_hand(reply: MarkedReply) -> bool:
    return reply.graded is not None


def _says(item: ReportItem, words: Sequence[str]) -> bool:
    if not words:
        return True
    texts = (item.prompt, item.expected, item.short_answer, item.before.reply, item.after.reply)
    whole = normalise("\n".join(texts), fold_case=True)
    return all(word in whole for word in words)


def _passages(item: ReportItem, documents: Sequence[Document]) -> tuple[EvidencePassage, ...]:
    cited = {span.document_id for span in item.evidence}
    at_hand = [one for one in documents if one.id in cited or one.name == item.document]
    found = Sources(at_hand).passages(
        evidence=item.evidence, quotes=item.quotes, document=item.document
    )
    ids = {document.name: document.id for document in at_hand}
    return tuple(_passage(passage, ids.get(passage.document, "")) for passage in found)


def _passage(passage: Passage, document_id: str) -> EvidencePassage:
    place = passage.place
    return EvidencePassage(
        document=passage.document,
        document_id=document_id,
        document_key=place.document_key if place is not None else "",
        start=place.start if place is not None else None,
        sections=place.sections if place is not None else (),
        blocks=tuple(map(_block, passage.blocks)),
        goes_before=passage.goes_before,
        goes_after=passage.goes_after,
        found=passage.found,
    )


def _block(block: Block) -> EvidenceBlock:
    return EvidenceBlock(
        text=tuple(EvidencePart(text=part.text, marked=part.marked) for part in block.text),
        rows=tuple(
            tuple(
                tuple(EvidencePart(text=part.text, marked=part.marked) for part in cell)
                for cell in row
            )
            for row in block.rows
        ),
    )
