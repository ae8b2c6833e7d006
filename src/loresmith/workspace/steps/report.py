"""Writes what came of a run: report.json and report.html in its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from loresmith import __version__
from loresmith.exams import HandMark, compare, regraded
from loresmith.models import OpenAICompatible
from loresmith.models.prices import Prices
from loresmith.records import Dataset, Document, Drop, Provenance, Regrade, Run, StepLog, Usage
from loresmith.whole_files import write_whole
from loresmith.workspace.context import Context
from loresmith.workspace.frozen_rows import frozen_rows
from loresmith.workspace.model_card import write_run_card
from loresmith.workspace.report.model import (
    DatasetSummary,
    DocumentSummary,
    Failure,
    RunReport,
    RunSummary,
    RunUsage,
    TrainingSummary,
)
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.chunk import ChunkDocuments, chunks
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.steps.dataset import dataset, exam_sheet
from loresmith.workspace.steps.examine import transcripts
from loresmith.workspace.steps.generate import Generate, skipped
from loresmith.workspace.steps.parse import Parse, documents
from loresmith.workspace.steps.train import run_folder, run_id
from loresmith.workspace.training_process import finished_training

_EXAMPLES_A_REASON = 5


class WriteReport(Step):
    """Both sittings and all that led to them -> a report."""

    name = "report"

    def state(self, context: Context) -> StepState:
        return StepState(int(finished_report(context) is not None), 1)

    def run(self, context: Context) -> None:
        write_report(_report(context), run_folder(context), documents(context))


def write_report(report: RunReport, folder: Path, sources: Sequence[Document]) -> None:
    """Writes report.json and report.html into a run's folder; `sources` show the evidence."""
    from loresmith.workspace.report.page import render_page

    read = {document.name: document for document in sources}
    languages = [document.language for document in read.values()]
    language: Literal["en", "zh"] = "zh" if 2 * languages.count("zh") > len(languages) else "en"
    (folder / "report.html").write_text(
        render_page(report, read, language=language), encoding="utf-8"
    )
    write_whole(folder / "report.json", report.model_dump_json(indent=1))
    write_run_card(folder, language=language)


def hand_marks(context: Context, run: str) -> list[HandMark]:
    """The marks that people gave in the exam of the run with this id, as they count today."""
    latest: dict[tuple[str, str], Regrade] = {}
    for regrade in context.store.all(Regrade):
        if regrade.run_id == run:
            latest[regrade.item_id, regrade.sitting] = regrade
    return [
        HandMark(item_id=one.item_id, sitting=one.sitting, score=one.score, note=one.note)
        for one in latest.values()
        if one.score is not None
    ]


def finished_report(context: Context) -> RunReport | None:
    """The report of today's run, if it is written and nothing that it tells has changed since."""
    path = report_path(context)
    if path is None or not path.exists():
        return None
    try:
        report = RunReport.model_validate_json(path.read_bytes())
    except ValidationError:  # of another version, or edited: it is written anew
        return None
    is_current = (report.recipe, report.failures) == (context.recipe.to_yaml(), _failures(context))
    marks = hand_marks(context, run_id(context) or "")
    is_marked = report.exam == regraded(report.exam.items, marks)
    return report if is_current and is_marked else None


def report_path(context: Context) -> Path | None:
    """Where today's run has its report; None before there is a dataset."""
    return run_folder(context) / "report.json" if dataset(context) is not None else None


def _report(context: Context) -> RunReport:
    sat, kept, frozen = transcripts(context), curated(context), dataset(context)
    run = context.store.one(Run, run_id(context) or "")
    assert sat and kept and frozen and run  # the steps before this one are complete
    items, before, after = sat
    training = finished_training(run_folder(context))
    drops = [*skipped(context), *kept.drops, *exam_sheet(context).drops, *training.dropped]
    return RunReport(
        run=RunSummary(
            id=run_folder(context).name,
            created=run.created_at,
            base_model=run.base_model,
            teacher=_teacher(context),
            version=__version__,
        ),
        exam=compare(before, after, items, by_hand=hand_marks(context, run.id)),
        dropped=_counted(drops),
        dropped_examples=_examples(drops),
        usage=_usage(context),
        training=TrainingSummary(
            steps=training.steps,
            useful_tokens_per_second=training.useful_tokens_per_second,
            losses=training.losses,
            epochs=training.epochs,
            learning_rate=training.learning_rate,
            method=context.recipe.training.type,
            trainable_parameters=training.trainable_parameters,
            device=training.device,
            practice=training.practice,
        ),
        documents=_documents(context),
        failures=_failures(context),
        dataset=DatasetSummary(
            id=frozen.id,
            version=frozen.version,
            rows=frozen.rows + frozen.validation_rows,
            facts=len({one.fact_id for one in _origins(context, frozen) if one.fact_id}),
            withheld=len(frozen.withheld),
        ),
        recipe=context.recipe.to_yaml(),
        notes=(*training.notes, *_notes(context)),
    )


def _usage(context: Context) -> RunUsage:
    """All attempts together: what was paid for, and how long each stage took.

    A stage that was done under an earlier recipe, and has nothing to do under this one, cost what
    it did then.
    """
    recipe = context.recipe.fingerprint()
    logs: dict[str, dict[str, list[StepLog]]] = {}
    for log in context.store.all(StepLog):
        logs.setdefault(log.step, {}).setdefault(log.recipe_id, []).append(log)
    counted = {
        step: by_recipe.get(recipe) or list(by_recipe.values())[-1]
        for step, by_recipe in logs.items()
    }
    total = sum((log.usage for stage in counted.values() for log in stage), Usage())
    seconds = {step: round(sum(log.seconds for log in stage), 3) for step, stage in counted.items()}
    return RunUsage(**total.model_dump(), money=_money(context, total), seconds=seconds)


def _money(context: Context, usage: Usage) -> dict[str, float]:
    teacher = context.recipe.teacher
    if not isinstance(teacher, OpenAICompatible):
        return {}
    price = Prices(context.settings.home).of(teacher.base_url, teacher.model)
    return {} if price is None else {price.currency: round(price.of(usage), 6)}


def _documents(context: Context) -> tuple[DocumentSummary, ...]:
    kept, frozen = curated(context), dataset(context)
    assert kept is not None and frozen is not None  # asked for only when they are there
    cut = Counter(chunk.document_id for chunk in chunks(context))
    rows = Counter(one.document_id for one in _origins(context, frozen))
    written = Counter(fact.document_id for fact in kept.facts)
    return tuple(
        DocumentSummary(
            name=document.name,
            title=document.title,
            language=document.language,
            characters=len(document.text),
            chunks=cut[document.id],
            facts=written[document.id],
            rows=rows[document.id],
            warnings=document.warnings,
        )
        for document in documents(context)
    )


def _origins(context: Context, frozen: Dataset) -> Iterator[Provenance]:
    return (example.provenance for example in frozen_rows(context, frozen.id))


def _failures(context: Context) -> tuple[Failure, ...]:
    steps: tuple[Step, ...] = (Parse(), ChunkDocuments(), Generate())
    return tuple(
        Failure(**failure._asdict()) for step in steps for failure in step.state(context).failures
    )


def _notes(context: Context) -> tuple[str, ...]:
    if context.recipe.teacher.type == "embedded":
        return (
            "The embedded model wrote the questions: it copies sentences and asks about them. "
            "A stronger teacher does much better: try --teacher.",
        )
    if context.recipe.teacher.type == "recorded":
        return ("The teacher's replies were replayed from a recording, not asked for anew.",)
    return ()


def _teacher(context: Context) -> str:
    teacher = context.recipe.teacher
    model = getattr(teacher, "model", "")
    return f"{teacher.type}: {model}" if model else teacher.type


def _counted(drops: Iterable[Drop]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for drop in drops:
        counts[drop.reason] = counts.get(drop.reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _examples(drops: Iterable[Drop]) -> dict[str, tuple[Drop, ...]]:
    shown: dict[str, tuple[Drop, ...]] = {}
    for drop in drops:
        known = shown.get(drop.reason, ())
        shown[drop.reason] = (*known, drop)[:_EXAMPLES_A_REASON]
    return shown
