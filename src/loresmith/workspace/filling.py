"""Fills what no row says yet: tells what it would ask, asks, and tells what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loresmith.records import AskedStatement, Chunk, Document, Record
from loresmith.workspace.background import Background
from loresmith.workspace.context import Context
from loresmith.workspace.covered import covered_passages, kept_rows
from loresmith.workspace.documents.estimate import Estimate, estimate_of_fill
from loresmith.workspace.fill_rounds import fact_rounds
from loresmith.workspace.progress import ProgressListener, silent
from loresmith.workspace.scope import FillOrder, Scope
from loresmith.workspace.steps.asking import asked_passages, passages
from loresmith.workspace.steps.fill import planned, refuse_unable_teacher
from loresmith.workspace.workspace import Outcome, Workspace
from loresmith.workspace.writing import opening_task


class FillPlan(Record):
    """What a fill would ask for."""

    statements: int
    """Statements that no fact rests on, or of which a figure is asked for by none."""
    figures: int
    """Their figures that are missing."""
    facts: int
    """Facts for which wordings are missing."""
    estimate: Estimate
    """What it would take."""


class FillSummary(Record):
    """What became of the statements that were asked about again, each at its latest asking."""

    asked: int = 0
    filled: int = 0
    """Nothing is missing of them any more."""
    not_there: int = 0
    """The teacher says that there is no fact in them."""
    thrown_out: int = 0
    """What was written did not pass the checks, or left a figure out."""
    passages_not_asked: int = 0
    """Passages about which nothing was ever asked: `generate` does that."""


class Filling:
    """The filling of one project's gaps."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def plan(self, order: FillOrder | None = None) -> FillPlan:
        """What `run` would ask for and what it would take; asks nobody.

        Raises NotFound before the rows are curated, ModelUnavailable for a teacher that cannot
        fill gaps.
        """
        with self._workspace.opened() as context:
            refuse_unable_teacher(context)
            context.scope = Scope(fill=order)
            calls = list(planned(context))
            gaps = [one for call in calls if call.gaps for one in call.gaps.statements]
            return FillPlan(
                statements=len(gaps),
                figures=sum(len(one.figures) for one in gaps),
                facts=len({fact.id for call in calls for fact in call.facts}),
                estimate=estimate_of_fill(context, calls),
            )

    def run(
        self, order: FillOrder | None = None, *, on_progress: ProgressListener = silent
    ) -> Outcome:
        """Asks, and checks what comes. Raises what stops it."""
        with self._workspace.opened() as context:
            refuse_unable_teacher(context)
        return self._workspace.do(
            "fill", scope=Scope(fill=order or FillOrder()), on_progress=on_progress
        )

    def submit(self, order: FillOrder | None = None) -> str:
        """Has it done in the background; returns the job's id. Raises ModelUnavailable for a
        teacher that cannot fill gaps."""
        with self._workspace.opened() as context:
            refuse_unable_teacher(context)
        return Background(self._workspace).submit("fill", scope=Scope(fill=order or FillOrder()))

    def so_far(self) -> FillSummary:
        """What all fills have brought for today's passages. Raises NotFound before curation."""
        with self._workspace.opened() as context:
            return _summary(context)


def asked_again(
    context: Context, chunk: Chunk, document: Document
) -> Mapping[tuple[int, int], Sequence[AskedStatement]]:
    """By its place: how each statement of a passage was asked about again, oldest first."""
    found: dict[tuple[int, int], list[AskedStatement]] = {}
    for one in fact_rounds(context, opening_task(context, chunk, document).key):
        for asked in one.statements:
            found.setdefault((asked.start, asked.end), []).append(asked)
    return found


def _summary(context: Context) -> FillSummary:
    asked = filled = not_there = 0
    for one in covered_passages(context, kept_rows(context)):
        left = {(gap.start, gap.end) for gap in one.coverage.open}
        for place, times in asked_again(context, one.chunk, one.document).items():
            asked += 1
            filled += place not in left
            not_there += place in left and bool(times[-1].not_there)
    return FillSummary(
        asked=asked,
        filled=filled,
        not_there=not_there,
        thrown_out=asked - filled - not_there,
        passages_not_asked=len(passages(context)) - len(asked_passages(context)),
    )
