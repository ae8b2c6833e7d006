"""The exams of a project's runs: results, questions, marks by hand, and runs side by side."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Literal

from loresmith.errors import NotFound
from loresmith.exams import regraded
from loresmith.exams.compare import ExamReport
from loresmith.records import Document, Regrade, Run
from loresmith.workspace.context import Context
from loresmith.workspace.report.model import RunReport
from loresmith.workspace.runs.comparing import ExamComparison, comparison_of
from loresmith.workspace.runs.items import (
    ItemDetail,
    ItemFilter,
    ItemRow,
    detail_of,
    matching,
    rows_of,
)
from loresmith.workspace.runs.listing import (
    folder_of,
    names_to_compare,
    report_of,
    run_named,
    summaries,
)
from loresmith.workspace.runs.result import ExamResult, result_of
from loresmith.workspace.steps.report import hand_marks, write_report
from loresmith.workspace.workspace import Workspace


class Exams:
    """What the exams of one project's runs brought, earlier recipes' too."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def result(self, run_id: str, *, language: Literal["en", "zh"] = "en") -> ExamResult:
        """The exam of a run in figures. Raises NotFound where there is no run, or no exam yet."""
        with self._workspace.opened() as context:
            run = run_named(context, run_id)
            summary = next(one for one in summaries(context) if one.id == run_id)
            exam = self._exam(context, run)
        return result_of(summary, exam, language=language)

    def items(self, run_id: str, wanted: ItemFilter | None = None) -> list[ItemRow]:
        """The questions that are asked for, in the order of the exam. Raises NotFound."""
        with self._workspace.opened() as context:
            exam = self._exam(context, run_named(context, run_id))
        return matching(rows_of(exam), wanted or ItemFilter())

    def item(self, run_id: str, item_id: str, *, among: ItemFilter | None = None) -> ItemDetail:
        """One question with its evidence, and its neighbours among those that are looked through.

        Raises NotFound.
        """
        with self._workspace.opened() as context:
            run = run_named(context, run_id)
            rows = rows_of(self._exam(context, run))
            row = next((one for one in rows if one.item.id == item_id), None)
            if row is None:
                raise NotFound(f"the exam of {run_id} has no question {item_id!r}")
            ids = list({span.document_id for span in row.item.evidence})
            documents = context.store.get(Document, ids)
            marks = [one for one in context.store.all(Regrade) if one.run_id == run.id]
        return detail_of(row, documents, marks, among=matching(rows, among or ItemFilter()))

    def regrade(
        self,
        run_id: str,
        item_id: str,
        *,
        sitting: Literal["before", "after"],
        score: float | None,
        note: str = "",
        author: str = "",
    ) -> ItemDetail:
        """Puts a person's mark in place of the grader's, or takes it back with `score` None.

        The grader's mark stays beside it. The run's report.json and report.html tell it at once.
        Raises NotFound.
        """
        self.item(run_id, item_id)
        with self._workspace.opened() as context:
            run = run_named(context, run_id)
            context.add(
                [
                    Regrade(
                        id=uuid.uuid4().hex,
                        run_id=run.id,
                        item_id=item_id,
                        sitting=sitting,
                        score=score,
                        note=note,
                        author=author,
                        at=datetime.now(timezone.utc).isoformat(timespec="microseconds"),
                    )
                ]
            )
            report = self._report(context, run)
            exam = regraded(report.exam.items, hand_marks(context, run.id))
            write_report(
                report.model_copy(update={"exam": exam}),
                folder_of(context, run),
                _sources(context, exam),
            )
        return self.item(run_id, item_id)

    def compare(self, run_ids: Sequence[str]) -> ExamComparison:
        """Two to six examined runs beside one another. Raises NotFound, and RecipeError for a
        number of runs that cannot be compared."""
        wanted = names_to_compare(run_ids)
        with self._workspace.opened() as context:
            known = {run.id: run for run in summaries(context)}
            exams = [self._exam(context, run_named(context, name)) for name in wanted]
        return comparison_of([known[name] for name in wanted], exams)

    def _exam(self, context: Context, run: Run) -> ExamReport:
        """With the marks of today, also where the report was written before they were given."""
        return regraded(self._report(context, run).exam.items, hand_marks(context, run.id))

    def _report(self, context: Context, run: Run) -> RunReport:
        report = report_of(folder_of(context, run))
        if report is None:
            raise NotFound(
                "this run has sat no exam yet, or its report is of another version",
                hint="Start it again: what is done is not done twice.",
            )
        return report


def _sources(context: Context, exam: ExamReport) -> list[Document]:
    """The documents that the questions' evidence is in, as they were then."""
    ids = {span.document_id for item in exam.items for span in item.evidence}
    return context.store.get(Document, sorted(ids))
