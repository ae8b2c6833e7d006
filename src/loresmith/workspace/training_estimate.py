"""Why: memory and time of a training are told before it, by a file of settings or a project."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.devices import detect_device, free_memory
from loresmith.errors import DocumentError, NotFound
from loresmith.llamafactory import faults_of_file
from loresmith.models.base_models import (
    BaseModelFacts,
    describe_base_model,
    folder_of_config,
    resolve_base_model,
)
from loresmith.recipe import Recipe
from loresmith.records import Record, TrainingRow
from loresmith.settings import Settings, load_settings
from loresmith.training.device_rate import REACHED, flop_of_training, matrix_rate
from loresmith.training.memory import MemoryEstimate, estimate_memory
from loresmith.training.model_shape import read_shape
from loresmith.training.plan import make_plan
from loresmith.workspace.frozen_rows import frozen_rows
from loresmith.workspace.settings_files import check_llamafactory_file, is_llamafactory_file
from loresmith.workspace.steps.dataset import dataset
from loresmith.workspace.training_process import TrainingTask, process_count, train_in_child
from loresmith.workspace.workspace import Workspace

_MEASURED_STEPS = 4


class TimeEstimate(Record):
    """How long a training would be."""

    seconds: float
    """Spent in steps, and before them with the reference; practice, saving and loading not
    counted."""
    reference_seconds: float = 0.0
    """Of these, what DPO and KTO take to ask the model as it starts about every row, once."""
    steps: int
    """Optimizer steps."""
    tokens: int
    """Of all rows that are learned, each time they are."""
    judged_by: str
    """What the time was judged by, in words."""


class TrainingEstimate(Record):
    """What a training would take of this machine."""

    base_model: str
    method: str
    rows: int | None
    """Rows that are learned; None where they are not there yet."""
    row_tokens: float | None
    """Of a row, on average; None where they could not be counted."""
    memory: MemoryEstimate
    time: TimeEstimate | None
    """None where the rows are not known."""


def memory_of(
    recipe: Recipe,
    facts: BaseModelFacts,
    settings: Settings,
    *,
    row_tokens: int | None = None,
    batch_of_each: bool = False,
) -> MemoryEstimate:
    """The memory by part beside what this machine has free; rows (or pairs) have `row_tokens`
    tokens at most, or those of `training.max_length`. With `batch_of_each`, the batch size is that
    of each process. Raises ModelUnavailable."""
    shape = read_shape(folder_of_config(facts, settings), parameters=facts.parameters)
    device, training = detect_device(), recipe.training
    processes = process_count(training, device, batch_of_each=batch_of_each)
    batch = training.batch_size * (processes if batch_of_each else 1)
    return estimate_memory(
        training.model_copy(update={"batch_size": batch}),
        shape,
        device=device,
        free=free_memory(device),
        row_tokens=row_tokens or training.max_length * training.stage.rows_together,
        processes=processes,
    )


def estimate_training(
    path: Path, changes: Sequence[str] = (), *, measure: bool = False
) -> TrainingEstimate:
    """Memory and time of a training by a LLaMA Factory file, a recipe, or in a project's folder.

    With `measure`, a few steps are done and timed; else the time is judged by the device's speed in
    matrix products. Raises RecipeError with all faults, NotFound, and ModelUnavailable.
    """
    planned, settings = _planned(path, changes), load_settings()
    recipe, rows = planned.recipe, planned.rows
    facts = describe_base_model(recipe.base_model, settings)
    lengths = _lengths(recipe, facts, rows)
    learned = lengths.learned
    memory = memory_of(
        recipe,
        facts,
        settings,
        row_tokens=max(learned, default=None),
        batch_of_each=planned.batch_of_each,
    )
    return TrainingEstimate(
        base_model=recipe.base_model,
        method=str(recipe.training.type),
        rows=len(learned or rows) or None,
        row_tokens=lengths.tokens / len(learned) if learned else None,
        memory=memory,
        time=_time(planned, lengths, memory, settings, measure=measure) if learned else None,
    )


class _Planned(NamedTuple):
    """What would be trained, and on what; no rows where there are none yet."""

    recipe: Recipe
    rows: tuple[TrainingRow, ...]
    batch_of_each: bool = False
    """Whether the batch size is that of each process."""


def _planned(path: Path, changes: Sequence[str]) -> _Planned:
    if path.is_dir():
        return _of_project(Workspace(path, overrides=changes))
    if not path.is_file():
        raise NotFound(f"there is no file {path}", hint="Check the path.")
    if not is_llamafactory_file(path):
        return _of_project(Workspace(path.parent, recipe=path, overrides=changes))
    checked = check_llamafactory_file(path, changes)
    if checked.file is None:
        raise faults_of_file(path, checked.faults)
    rows = checked.rows.learned if checked.rows else ()
    return _Planned(checked.file.recipe, rows, batch_of_each=True)


def _of_project(workspace: Workspace) -> _Planned:
    if not workspace.project.state.exists():  # nothing was done here, and nothing is begun
        return _Planned(workspace.recipe, ())
    with workspace.opened() as context:
        try:
            frozen = dataset(context)
        except DocumentError:
            frozen = None
        rows = () if frozen is None else frozen_rows(context, frozen.id)
        return _Planned(workspace.recipe, tuple(row for row in rows if row.split == "train"))


class _Lengths(NamedTuple):
    """Tokens of what would be learned."""

    learned: list[int]
    """Of each row; of a pair, both together."""
    read: int = 0
    """Of all that goes through the model beside it in an epoch, and is not learned from."""

    @property
    def tokens(self) -> int:
        """Of all that is learned, in one epoch."""
        return sum(self.learned)


def _lengths(recipe: Recipe, facts: BaseModelFacts, rows: Sequence[TrainingRow]) -> _Lengths:
    """Of each row that would be learned; none where the model's tokenizer is not here."""
    if not rows or facts.bytes_to_download or not facts.folder.is_dir():
        return _Lengths([])
    from transformers import AutoTokenizer

    from loresmith.models.chat_templates import template_text
    from loresmith.training.stages import Encoding

    method = recipe.training
    try:
        tokenizer = AutoTokenizer.from_pretrained(facts.folder)
    except (OSError, ValueError):
        return _Lengths([])
    if method.chat_template is not None:
        tokenizer.chat_template = template_text(method.chat_template)
    encoding = Encoding(
        tokenizer,
        max_length=method.max_length,
        too_long="shorten" if method.too_long == "shorten" else "drop",
        learn=method.learn,
        seed=recipe.seed,
    )
    items = method.stage.encode(rows, encoding).kept
    learned = [item.tokens for item in items]
    passed = sum(len(row.input_ids) for item in items for row in item.rows)
    return _Lengths(learned, passed - sum(learned))


def _time(
    planned: _Planned,
    lengths: _Lengths,
    memory: MemoryEstimate,
    settings: Settings,
    *,
    measure: bool,
) -> TimeEstimate:
    method = planned.recipe.training
    whole = method.model_copy(update={"batch_size": memory.batch_size})
    plan = make_plan(whole, rows=len(lengths.learned), parameters=memory.parameters)
    tokens = round(lengths.tokens * plan.epoch(plan.total_steps))
    twice, beside = memory.gradient_checkpointing, lengths.read / lengths.tokens
    flop = flop_of_training(1, 1, computes_twice=twice, read=beside)
    if measure:
        speed = _measured_speed(planned, settings)
        judged_by = f"{_MEASURED_STEPS} steps of it on {memory.device}: {speed:,.0f} tokens/s"
    else:
        device = detect_device()
        rate = REACHED * matrix_rate(device, memory.precision)
        at_once = 1 if device.kind == "cpu" else memory.processes
        speed = at_once * rate / (flop * memory.parameters)
        judged_by = (
            f"{flop:.3g} FLOP a parameter and token at {_flop(rate)}, {REACHED:.0%} of "
            f"what matrix products reach on {memory.device} now; measured, it may be quite another"
        )
    asked = flop_of_training(1, 0, computes_twice=False, read=lengths.tokens + lengths.read)
    reference = asked / flop / max(speed, 1e-9) if method.stage.referred else 0.0
    return TimeEstimate(
        seconds=tokens / max(speed, 1e-9) + reference,
        reference_seconds=reference,
        steps=plan.total_steps,
        tokens=tokens,
        judged_by=judged_by,
    )


def _measured_speed(planned: _Planned, settings: Settings) -> float:
    """Useful tokens a second of a few steps, in a folder that is deleted afterwards."""
    recipe = planned.recipe
    changes = {"max_steps": _MEASURED_STEPS, "checkpoint_seconds": 86_400.0, "warmup_steps": 0}
    with tempfile.TemporaryDirectory() as folder:
        task = TrainingTask(
            training=recipe.training.model_copy(update=changes),
            base=str(resolve_base_model(recipe.base_model, settings).absolute()),
            seed=recipe.seed,
            examples=planned.rows,
            batch_of_each=planned.batch_of_each,
        )
        result = train_in_child(task, Path(folder), on_progress=lambda _: None, check=lambda: None)
    return result.useful_tokens_per_second


def _flop(rate: float) -> str:
    for size, name in ((1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s")):
        if rate >= size:
            return f"{rate / size:.3g} {name}"
    return f"{rate / 1e6:.3g} MFLOP/s"
