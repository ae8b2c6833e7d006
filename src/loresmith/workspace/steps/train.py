"""Fine-tunes the base model on the dataset, in a process of its own."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from loresmith.component import content_id
from loresmith.models.base_models import resolve_base_model
from loresmith.records import Dataset, ExamItem, Example, Run, SplitName
from loresmith.training import TrainingProgress
from loresmith.workspace.context import Context
from loresmith.workspace.file_training import training_progress
from loresmith.workspace.frozen_rows import frozen_rows
from loresmith.workspace.model_card import card_language, write_run_card
from loresmith.workspace.rank_processes import refuse_several
from loresmith.workspace.run_notes import note_run
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.dataset import dataset, exam_material
from loresmith.workspace.training_process import TrainingTask, train_in_child


class Train(Step):
    """Dataset and base model -> a tuned model in `runs/<id>/`."""

    name = "train"

    def state(self, context: Context) -> StepState:
        run = run_id(context)
        done = run is not None and context.done(_key(run)) is not None
        return StepState(int(done and (run_folder(context) / "training.json").exists()), 1)

    def run(self, context: Context) -> None:
        refuse_several()
        run = start_run(context)
        rows = _rows_by_split(context)
        task = TrainingTask(
            training=context.recipe.training,
            base=str(
                resolve_base_model(
                    context.recipe.base_model,
                    context.settings,
                    on_progress=lambda words: context.tell("fetch", 0, 0, words),
                )
            ),
            seed=context.recipe.seed,
            examples=tuple(rows["train"]),
            validation=tuple(rows["validation"]),
            exam=context.recipe.exam,
            practice=_practice(context),
        )

        def tell(progress: TrainingProgress) -> None:
            context.pass_on(training_progress(progress))

        train_in_child(task, run_folder(context), on_progress=tell, check=context.check)
        write_run_card(run_folder(context), language=card_language(task.examples))
        context.finish(_key(run.id), self.name, run.folder, [])


def _rows_by_split(context: Context) -> dict[SplitName, list[Example]]:
    frozen = dataset(context)
    assert frozen is not None  # the step before this one is complete
    rows: dict[SplitName, list[Example]] = {"train": [], "validation": []}
    for example in frozen_rows(context, frozen.id):
        rows[example.split].append(example)
    return rows


def run_id(context: Context) -> str | None:
    """The id of today's run: equal for equal data, base model, training and seed."""
    frozen = dataset(context)
    return _run_id(context, frozen) if frozen is not None else None


def run_folder(context: Context) -> Path:
    """Where today's run is kept; a name that says which dataset it was trained on."""
    frozen = dataset(context)
    assert frozen is not None  # asked for only where there is a dataset
    return context.project.runs / f"v{frozen.version}-{_run_id(context, frozen)[:10]}"


def start_run(context: Context) -> Run:
    """Today's run, noted in the store and in its folder when it is first asked for."""
    frozen = dataset(context)
    assert frozen is not None  # the steps before this one are complete
    known = context.store.one(Run, _run_id(context, frozen))
    folder = run_folder(context)
    run = known or Run(
        id=_run_id(context, frozen),
        dataset_id=frozen.id,
        base_model=context.recipe.base_model,
        recipe=context.recipe.to_yaml(),
        folder=folder.relative_to(context.project.folder).as_posix(),
        created_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    note_run(folder, run.recipe, run.model_dump(mode="json", exclude={"recipe"}))
    context.store.add([run])
    return run


def _practice(context: Context) -> tuple[ExamItem, ...]:
    """Practice questions on trained facts: they steer the training and are not in the exam."""
    exam = context.recipe.exam
    sheet = exam.model_copy(update={"max_items": exam.max_practice}).set(
        exam_material(context, "practice")
    )
    return tuple(item for item in sheet.items if not item.withheld and item.kind == "direct")


def _run_id(context: Context, frozen: Dataset) -> str:
    recipe = context.recipe
    return content_id(
        "run", frozen.id, recipe.base_model, recipe.training.fingerprint(), recipe.seed
    )


def _key(run: str) -> str:
    return content_id("train", run)
