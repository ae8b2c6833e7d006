"""The exam's questions as the page shows them: by document, with outcome and evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from loresmith.exams.compare import MarkedReply, ReportItem
from loresmith.records import Document
from loresmith.workspace.report.formatting import PageLanguage
from loresmith.workspace.report.passages import Passage, Sources
from loresmith.workspace.report.phrases import phrases

Outcome = Literal["learned", "still_wrong", "forgotten", "made_up", "kept", "declined", "control"]

_IN_ORDER: tuple[Outcome, ...] = (
    "learned",
    "still_wrong",
    "forgotten",
    "made_up",
    "kept",
    "declined",
    "control",
)


class QuestionRow(NamedTuple):
    """One question with what came of it and where its answer stands."""

    item: ReportItem
    outcome: Outcome
    right_before: bool
    right_after: bool
    passages: tuple[Passage, ...]


class QuestionSet(NamedTuple):
    """The questions on one document, or the general ones."""

    key: str
    """Stands for the document in the page's filters."""
    title: str
    name: str
    """The document's name where the title is another; else empty."""
    rows: tuple[QuestionRow, ...]

    @property
    def right_before(self) -> int:
        """How many were right before training."""
        return sum(row.right_before for row in self.rows)

    @property
    def right_after(self) -> int:
        """How many are right after training."""
        return sum(row.right_after for row in self.rows)


class OutcomeCount(NamedTuple):
    """An outcome that occurs, and how often."""

    outcome: Outcome
    label: str
    number: int


def question_sets(
    items: Sequence[ReportItem],
    documents: Mapping[str, Document],
    *,
    language: PageLanguage = "en",
) -> tuple[QuestionSet, ...]:
    """Questions by document in the order of the exam, general questions last."""
    sources = Sources(documents.values())
    titles = {document.name: document.title for document in documents.values()}
    by_document: dict[str, list[QuestionRow]] = {}
    for item in sorted(items, key=lambda item: not item.document):
        by_document.setdefault(item.document, []).append(_row(item, sources))
    return tuple(
        QuestionSet(
            key=f"d{number}",
            title=titles.get(name) or name or phrases(language)["general"],
            name=name if titles.get(name) not in (None, "", name) else "",
            rows=tuple(rows),
        )
        for number, (name, rows) in enumerate(by_document.items())
    )


def outcome_counts(
    sets: Sequence[QuestionSet], *, language: PageLanguage = "en"
) -> tuple[OutcomeCount, ...]:
    """The outcomes that occur."""
    number = Counter(row.outcome for one in sets for row in one.rows)
    t = phrases(language)
    return tuple(OutcomeCount(o, t[o], number[o]) for o in _IN_ORDER if number[o])


def outcome_of(item: ReportItem) -> Outcome:
    """What training did for one question; right is the full score only."""
    before, after = _is_right(item.before), _is_right(item.after)
    if item.kind == "abstention":
        return "declined" if after else "made_up"
    if item.withheld:
        return "control"
    if after:
        return "kept" if before else "learned"
    return "forgotten" if before else "still_wrong"


def _row(item: ReportItem, sources: Sources) -> QuestionRow:
    passages = sources.passages(evidence=item.evidence, quotes=item.quotes, document=item.document)
    return QuestionRow(
        item, outcome_of(item), _is_right(item.before), _is_right(item.after), passages
    )


def _is_right(reply: MarkedReply) -> bool:
    return reply.score == 1.0
