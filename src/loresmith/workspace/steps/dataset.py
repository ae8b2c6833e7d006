"""Freezes what curation kept into a versioned dataset, and writes its files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from loresmith.component import content_id
from loresmith.datasets import write_dataset
from loresmith.datasets.statistics import facts_of
from loresmith.errors import RecipeError
from loresmith.exams import ExamSheet, Material
from loresmith.records import (
    Curated,
    Dataset,
    Fact,
    Wording,
    WordingUse,
)
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.dataset_parts import RowsInFiles, rows_in_files, store_parts
from loresmith.workspace.fill_rounds import added_ids
from loresmith.workspace.frozen_rows import frozen_rows, keep_rows
from loresmith.workspace.imported_rows import imports_key, live_imports, reviewed_rows
from loresmith.workspace.reviews import answered, confirmed, with_stars
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.chosen_rows import chosen_rows, unchosen
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
        with rows_in_files(context) as files:
            self._freeze(context, kept, files)

    def _freeze(self, context: Context, kept: Curated, files: RowsInFiles) -> None:
        chosen = chosen_rows(context)
        freezing = context.recipe.dataset.freeze(
            kept.facts,
            kept.wordings,
            documents(context),
            seed=context.recipe.seed,
            rows=files,
            confirmed=confirmed(context),
            edited=answered(context),
            added=added_ids(context),
            only=chosen.ids if chosen is not None else None,
        )
        rows = (row for row in kept.rows if chosen is None or row.id in chosen.ids)
        imported = (row for row in reviewed_rows(context) if chosen is None or row.id in chosen.ids)
        drops = [
            *kept.drops,
            *unchosen(chosen),
            *freezing.take_written(rows, kept.facts, documents(context)),
            *freezing.take_imported(imported),
        ]
        if not freezing:
            raise RecipeError(
                "there is no row to train on: "
                + (
                    "none has the subjects and stars that the settings of the dataset ask for"
                    if context.recipe.dataset.subjects or context.recipe.dataset.min_stars
                    else "nobody has confirmed one, and dataset.confirmed_only takes no other"
                    if context.recipe.dataset.confirmed_only
                    else "every imported row was rejected"
                ),
                hint="`loresmith studio` has a page on which rows are reviewed.",
            )
        frozen = freezing.dataset(_next_version(context))
        known = _stored_version(context, frozen.id)
        if known is not None:
            frozen = frozen._replace(version=known)
        folder = context.project.datasets / f"v{frozen.version}"
        with _dated_as_before(folder / "statistics.json", known is not None):
            write_dataset(
                frozen,
                folder,
                project=context.project.name,
                drops=drops,
                documents=documents(context),
            )
        stored = store_parts(context, frozen)
        context.finish(_key(context, kept), self.name, f"version {frozen.version}", [stored])
        keep_rows(context, frozen.id, frozen.examples)


@remembered
def dataset(context: Context) -> Dataset | None:
    """Today's dataset, if it is frozen; `frozen_rows` has its rows."""
    kept = curated(context)
    outcome = context.done(_key(context, kept)) if kept is not None else None
    return context.store.one(Dataset, outcome.made[0]) if outcome is not None else None


def exam_material(context: Context, use: WordingUse) -> Material:
    """What an exam (or the practice for it) is set from: wordings of `use`, never trained on."""
    kept, frozen = curated(context), dataset(context)
    assert kept is not None and frozen is not None  # the steps before this one are complete
    trained: set[str] = set()
    prompts: list[str] = []
    for example in frozen_rows(context, frozen.id):
        trained |= facts_of(example)
        if example.split == "train":
            prompts += [one.content for one in example.messages if one.role == "user"]
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
        training_prompts=prompts,
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
