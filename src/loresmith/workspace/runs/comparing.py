"""Several runs' exams side by side: scores with intervals, and the questions that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loresmith.exams.compare import Accuracy, ExamReport, ReportItem
from loresmith.records import Record
from loresmith.workspace.runs.listing import RunSummary
from loresmith.workspace.runs.result import GroupKind, groups_of


class ComparedGroup(Record):
    """One group of questions in every run."""

    kind: GroupKind
    name: str
    scores: tuple[Accuracy | None, ...]
    """After training, in the order of the runs; None where a run's exam has no such question."""


class ComparedReply(Record):
    """What one run's tuned model said."""

    reply: str
    score: float


class ComparedItem(Record):
    """A question that all of the runs were asked and that not all answered equally well."""

    id: str
    document: str
    language: str
    kind: str
    prompt: str
    short_answer: str
    replies: tuple[ComparedReply, ...]
    """In the order of the runs."""


class ExamComparison(Record):
    """Some runs beside one another."""

    runs: tuple[RunSummary, ...]
    groups: tuple[ComparedGroup, ...]
    shared: int
    """Questions that every run was asked."""
    differing: tuple[ComparedItem, ...]
    """Those of the shared questions that the runs' marks differ in, in the order of the exam."""


def comparison_of(runs: Sequence[RunSummary], exams: Sequence[ExamReport]) -> ExamComparison:
    """The exams of `runs`, given in their order."""
    by_run = [{(g.kind, g.name): g.after for g in groups_of(exam)} for exam in exams]
    keys = list(dict.fromkeys(key for groups in by_run for key in groups))
    items = [{item.id: item for item in exam.items} for exam in exams]
    shared = [key for key in (items[0] if items else {}) if all(key in one for one in items)]
    return ExamComparison(
        runs=tuple(runs),
        groups=tuple(
            ComparedGroup(kind=kind, name=name, scores=tuple(g.get((kind, name)) for g in by_run))
            for kind, name in keys
        ),
        shared=len(shared),
        differing=tuple(_compared(key, items) for key in shared if _differs(key, items)),
    )


def _differs(key: str, items: Sequence[Mapping[str, ReportItem]]) -> bool:
    return len({one[key].after.score for one in items}) > 1


def _compared(key: str, items: Sequence[Mapping[str, ReportItem]]) -> ComparedItem:
    first = items[0][key]
    return ComparedItem(
        id=key,
        document=first.document,
        language=first.language,
        kind=first.kind,
        prompt=first.prompt,
        short_answer=first.short_answer,
        replies=tuple(
            ComparedReply(reply=one[key].after.reply, score=one[key].after.score) for one in items
        ),
    )
