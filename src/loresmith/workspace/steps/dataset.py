"""Freezes what curation kept into a versioned dataset, and writes its files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from loresmith.component import content_id
from loresmith.datasets import with_imported, with_written_rows, write_dataset
from loresmith.datasets.choosing import ChoosableRow, Chosen, subject_of
from loresmith.datasets.statistics import facts_of
from loresmith.errors import RecipeError
from loresmith.exams import ExamSheet, Material
from loresmith.records import (
    Curated,
    Dataset,
    Drop,
    Fact,
    Wording,
    WordingUse,
)
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.frozen_rows import keep_rows
from loresmith.workspace.imported_rows import imports_key, live_imports, reviewed_rows
from loresmith.workspace.reviews import answered, confirmed, with_stars
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.steps.parse import documents


class FreezeDataset(Step):
    """Curated rows, and those that were imported -> a dataset."""

    name = "dataset"

    def state(self, context: Context) -> StepState:
        return StepState(int(_is_frozen(context)), 1)

    def run(self, context: Context) -> None:
        kept = curated(context)
        if kept is None or not (kept.facts or kept.rows or live_imports(context)):
            raise RecipeError(
                "there is no row to train on: every row was thrown out, or none was written",
                faults=_reasons(kept),
                hint="`loresmith status` says what is missing; a stronger --teacher helps most.",
            )
        chosen = chosen_rows(context)
        written = context.recipe.dataset.freeze(
            kept.facts,
            kept.wordings,
            documents(context),
            seed=context.recipe.seed,
            version=_next_version(context),
            confirmed=confirmed(context),
            edited=answered(context),
            only=chosen.ids if chosen is not None else None,
        )
        rows = (row for row in kept.rows if chosen is None or row.id in chosen.ids)
        with_rows = with_written_rows(written, rows, kept.facts, documents(context))
        imported = (row for row in reviewed_rows(context) if chosen is None or row.id in chosen.ids)
        frozen, left_out = with_imported(with_rows.dataset, imported)
        if not frozen.examples:
            raise RecipeError(
                "there is no row to train on: " + _why_none(context),
                hint="`loresmith studio` has a page on which rows are reviewed.",
            )
        known = _stored_version(context, frozen.id)
        if known is not None:
            frozen = frozen.model_copy(update={"version": known})
        folder = context.project.datasets / f"v{frozen.version}"
        with _dated_as_before(folder / "statistics.json", known is not None):
            write_dataset(
                frozen,
                folder,
                project=context.project.name,
                drops=[*kept.drops, *_unchosen(chosen), *with_rows.left_out, *left_out],
            )
        context.finish(_key(context, kept), self.name, f"version {frozen.version}", [frozen])
        keep_rows(context, frozen)


@remembered
def dataset(context: Context) -> Dataset | None:
    """Today's dataset, if it is frozen."""
    kept = curated(context)
    outcome = context.done(_key(context, kept)) if kept is not None else None
    return context.store.one(Dataset, outcome.made[0]) if outcome is not None else None


def exam_material(context: Context, use: WordingUse) -> Material:
    """What an exam (or the practice for it) is set from: wordings of `use`, never trained on."""
    kept, frozen = curated(context), dataset(context)
    assert kept is not None and frozen is not None  # the steps before this one are complete
    trained = facts_of(frozen.examples)
    facts: Mapping[str, Fact] = {
        fact.id: fact
        for fact in kept.facts
        if fact.id in trained or not context.recipe.dataset.is_choosing
    }
    asked: Sequence[Wording] = [wording for wording in kept.wordings if wording.use == use]
    return Material(
        wordings=[wording for wording in asked if wording.fact_id in facts],
        facts=facts,
        document_names={document.id: document.name for document in documents(context)},
        training_prompts=[
            message.content
            for example in frozen.examples
            if example.split == "train"
            for message in example.messages
            if message.role == "user"
        ],
        withheld=frozenset(frozen.withheld),
        abstentions=[wording for wording in asked if wording.kind == "abstention"],
    )


@remembered
def exam_sheet(context: Context) -> ExamSheet:
    """The exam of today's dataset."""
    return context.recipe.exam.set(exam_material(context, "exam"))


def _is_frozen(context: Context) -> bool:
    """Whether today's dataset is there; its rows are not read for that."""
    kept = curated(context)
    outcome = context.done(_key(context, kept)) if kept is not None else None
    return outcome is not None and _stored_version(context, outcome.made[0]) is not None


def _stored_version(context: Context, dataset_id: str) -> int | None:
    """The version of a dataset that is stored, without its rows; None where there is none."""
    from sqlalchemy import select

    from loresmith.database import transaction
    from loresmith.store.tables import TABLES

    table = TABLES[Dataset]
    mine = (table.c.project_id == context.project_id, table.c.id == dataset_id)
    with transaction(context.engine) as connection:
        version: int | None = connection.scalar(select(table.c.version).where(*mine))
    return version


@contextmanager
def _dated_as_before(file: Path, frozen_before: bool) -> Iterator[None]:
    """A version that is written anew keeps the date of its first freezing."""
    try:
        before = file.stat().st_mtime_ns if frozen_before else None
    except OSError:
        before = None
    yield
    if before is not None:
        os.utime(file, ns=(before, before))


def _next_version(context: Context) -> int:
    """One more than the highest that there is."""
    from sqlalchemy import func, select

    from loresmith.database import transaction
    from loresmith.store.tables import TABLES

    table = TABLES[Dataset]
    highest = select(func.max(table.c.version)).where(table.c.project_id == context.project_id)
    with transaction(context.engine) as connection:
        return 1 + (connection.scalar(highest) or 0)


@remembered
def chosen_rows(context: Context) -> Chosen | None:
    """Which of the rows that were kept are trained on, and why others are not; None for all."""
    kept, assembly = curated(context), context.recipe.dataset
    if kept is None or not assembly.is_choosing:
        return None
    left_out: dict[str, str] = {}
    rows = list(_choosable(context, kept))
    if assembly.confirmed_only:
        left_out |= {one.id: "unconfirmed" for one in rows if one.id not in confirmed(context)}
    if assembly.min_stars:
        starred = with_stars(context, assembly.min_stars)
        few = (one.id for one in rows if one.id not in starred)
        left_out = {**dict.fromkeys(few, "too_few_stars"), **left_out}
    by_subject = assembly.choose(
        (one for one in rows if one.id not in left_out), seed=context.recipe.seed
    )
    return Chosen(by_subject.ids, {**left_out, **by_subject.left_out})


def _choosable(context: Context, kept: Curated) -> Iterator[ChoosableRow]:
    """Every kept row that would be trained on, with its subject."""
    subjects = {fact.id: subject_of(fact.tag) for fact in kept.facts}
    for fact in kept.facts:
        yield ChoosableRow(fact.id, subjects[fact.id])
    turns: dict[str | None, int] = {}
    for wording in kept.wordings:
        if wording.use != "training":
            continue
        turn = turns[wording.fact_id] = turns.get(wording.fact_id, 0) + 1
        about = subjects.get(wording.fact_id or "", "")
        yield ChoosableRow(wording.id, about, turn, is_free=wording.fact_id is None)
    for row in kept.rows:
        about = subjects.get(row.fact_ids[0], "") if row.fact_ids else ""
        yield ChoosableRow(row.id, about, 1 + row.index)
    for imported in reviewed_rows(context):
        yield ChoosableRow(imported.id, subject_of(imported.tags[:1]))


def _unchosen(chosen: Chosen | None) -> list[Drop]:
    """The rows that were not chosen, as drops with their reasons."""
    return [
        Drop(subject_id=row, subject="row", reason=reason, detail="", text="")
        for row, reason in (chosen.left_out.items() if chosen is not None else ())
    ]


def _why_none(context: Context) -> str:
    assembly = context.recipe.dataset
    if assembly.subjects or assembly.min_stars:
        return "none has the subjects and the stars that dataset.subjects and min_stars ask for"
    if assembly.confirmed_only:
        return "nobody has confirmed one, and dataset.confirmed_only takes no other"
    return "every imported row was rejected"


def _key(context: Context, kept: Curated) -> str:
    settings = context.recipe.dataset.fingerprint()
    key = content_id("dataset", kept.id, settings, context.recipe.seed)
    paraphrases = {one.id for one in kept.wordings if one.kind == "paraphrase"}
    edited = sorted(paraphrases & answered(context))
    if edited:  # once, what a person wrote there was not trained on: such a dataset is not today's
        key = content_id("as edited", key, edited)
    if context.recipe.dataset.min_stars:
        key = content_id(
            "with stars", key, sorted(with_stars(context, context.recipe.dataset.min_stars))
        )
    imports = imports_key(context)
    return content_id("with imports", key, imports) if imports else key


def _reasons(kept: Curated | None) -> list[str]:
    counts: dict[str, int] = {}
    for drop in kept.drops if kept is not None else ():
        counts[drop.reason] = counts.get(drop.reason, 0) + 1
    return [f"{reason}: {count}" for reason, count in sorted(counts.items())]
