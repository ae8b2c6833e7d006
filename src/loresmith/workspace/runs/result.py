"""The exam of one run as figures: groups with intervals, and what became of the questions."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from loresmith.exams.compare import Accuracy, Comparison, ExamReport
from loresmith.records import Record
from loresmith.workspace.report.questions import Outcome
from loresmith.workspace.runs.items import OUTCOMES, rows_of
from loresmith.workspace.runs.listing import RunSummary

GroupKind = Literal[
    "all", "unknown", "language", "document", "kind", "withheld", "abstention", "retention"
]


class ScoreGroup(Record):
    """Some questions before and after training."""

    kind: GroupKind
    name: str = ""
    """Of a language its code, of a document its name, of a kind `direct` or `reversed`."""
    before: Accuracy
    after: Accuracy

    @property
    def gain(self) -> float:
        """After less before, as a share."""
        return self.after.accuracy - self.before.accuracy


class OutcomeShare(Record):
    """How many questions had one outcome."""

    outcome: Outcome
    count: int


class ExamResult(Record):
    """The exam of one run, without its questions."""

    run: RunSummary
    groups: tuple[ScoreGroup, ...]
    """Those that have questions: all on facts that were trained first, then by language, document
    and kind, then controls."""
    outcomes: tuple[OutcomeShare, ...]
    """Every outcome that occurs."""
    items: int
    """How many questions."""
    hand_graded: int
    """How many replies a person marked in the place of the grader."""
    created_at: str
    verdict: tuple[str, ...] = ()
    """What the scores say, in English sentences; the main finding first."""

    def by(self, kind: GroupKind) -> tuple[ScoreGroup, ...]:
        """The groups of one kind."""
        return tuple(group for group in self.groups if group.kind == kind)


def result_of(run: RunSummary, exam: ExamReport, *, language: Literal["en", "zh"]) -> ExamResult:
    """`exam` summed up; the verdict's sentences are in `language`."""
    from loresmith.workspace.report.verdict import verdict

    number = Counter(row.outcome for row in rows_of(exam))
    return ExamResult(
        run=run,
        groups=groups_of(exam),
        outcomes=tuple(
            OutcomeShare(outcome=one, count=number[one]) for one in OUTCOMES if number[one]
        ),
        items=len(exam.items),
        hand_graded=exam.hand_graded,
        created_at=run.created_at,
        verdict=verdict(exam, language=language),
    )


def groups_of(exam: ExamReport) -> tuple[ScoreGroup, ...]:
    """All groups that have questions."""
    from loresmith.exams.compare import accuracy

    taught = [one for one in exam.items if one.kind in ("direct", "reversed") and not one.withheld]
    kinds = {
        kind: Comparison(
            before=accuracy([one.before.score for one in taught if one.kind == kind]),
            after=accuracy([one.after.score for one in taught if one.kind == kind]),
        )
        for kind in ("direct", "reversed")
    }
    found = (
        _group("all", "", Comparison(before=exam.before, after=exam.after)),
        _group("unknown", "", exam.unknown),
        *(_group("language", code, both) for code, both in exam.languages.items()),
        *(_group("document", name, both) for name, both in exam.documents.items()),
        *(_group("kind", kind, both) for kind, both in kinds.items()),
        _group("withheld", "", exam.withheld),
        _group("abstention", "", exam.abstention),
        _group("retention", "", exam.retention),
    )
    return tuple(group for group in found if group.after.n)


def _group(kind: GroupKind, name: str, both: Comparison) -> ScoreGroup:
    return ScoreGroup(kind=kind, name=name, before=both.before, after=both.after)
