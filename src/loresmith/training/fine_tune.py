"""Why: from rows and a base model to a finished training, whatever happened to earlier attempts."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

from loresmith.component import content_id
from loresmith.devices import Device, free_memory
from loresmith.errors import CheckpointError, MissingDependency, TrainingError
from loresmith.models.chat_templates import template_text
from loresmith.records import Checkpoint, Drop, TrainingRow
from loresmith.training.best import measure_of
from loresmith.training.checkpoints import Checkpoints, Position
from loresmith.training.delivery import deliver, read_result, write_result
from loresmith.training.fused.liger import reason_against_fused_kernels, use_fused_kernels
from loresmith.training.interrupts import Interrupts
from loresmith.training.lock import trainer_lock
from loresmith.training.loop import Callbacks, Prepared, TrainingLoop
from loresmith.training.memory import MemoryEstimate, estimate_memory
from loresmith.training.method import TrainingMethod
from loresmith.training.model_shape import shape_of
from loresmith.training.obstacles import refuse_obstacles
from loresmith.training.placement import keeps_whole, place, placement_notes
from loresmith.training.plan import Plan, make_plan
from loresmith.training.profiling import profiled
from loresmith.training.ranks import Ranks, is_first_process, join_ranks
from loresmith.training.result import TrainingProgress, TrainingResult
from loresmith.training.rows import Row, rows_id
from loresmith.training.sample import Sample, sample_of, write_sample
from loresmith.training.sample_replies import chosen_prompts
from loresmith.training.shortage import checkpoint_activations, shortage_explained
from loresmith.training.stages import Encoding
from loresmith.training.stages.reference import Reference
from loresmith.training.token_cache import forget_tokens
from loresmith.training.watchers.watching import watched

# Settings that change how a training is computed, not what comes out.
_OF_NO_EFFECT = {
    "packing",
    "pass_tokens",
    "gradient_checkpointing",
    "fused_kernels",
    "checkpoint_seconds",
    "save_total_limit",
    "report_to",
    "run_name",
    "profile_steps",
    "save_steps",
    "sample_prompts",
    "processes",
    "rank_timeout",
}


def fine_tune(
    method: TrainingMethod,
    examples: Sequence[TrainingRow],
    validation: Sequence[TrainingRow],
    *,
    base: Path,
    folder: Path,
    seed: int,
    device: Device,
    callbacks: Callbacks,
) -> TrainingResult:
    """See `TrainingMethod.train`."""
    _require_libraries()
    wrong = list(method.stage.wrong_rows([*examples, *validation]))
    refuse_obstacles([*method.obstacles(base=base), *wrong])
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if is_first_process():
            stack.enter_context(trainer_lock(folder))
        interrupts = stack.enter_context(Interrupts(callbacks.should_stop))
        stack.enter_context(_threads(device))
        ranks = stack.enter_context(join_ranks(device, timeout=method.rank_timeout))
        session = _Session(method, base, folder, seed, ranks.device(device), callbacks, ranks)
        return session.train(examples, validation, interrupts)


class _Material(NamedTuple):
    model: Any
    tokenizer: Any
    parameters: int
    rows: list[Any]
    validation: list[Any]
    dropped: list[Drop]
    sample_prompts: tuple[str, ...]


class _Session:
    """What one call of `train` was given, and the notes that it gathers."""

    def __init__(
        self,
        method: TrainingMethod,
        base: Path,
        folder: Path,
        seed: int,
        device: Device,
        callbacks: Callbacks,
        ranks: Ranks,
    ) -> None:
        self._method = method
        self._base = base
        self._folder = folder
        self._seed = seed
        self._device = device
        self._callbacks = callbacks
        self._ranks = ranks
        self._notes: list[str] = []
        self._precision = method.computed_in(device)

    def train(
        self,
        examples: Sequence[TrainingRow],
        validation: Sequence[TrainingRow],
        interrupts: Interrupts,
    ) -> TrainingResult:
        """All of it, or what is missing. The first process's result is that of all."""
        ranks, folder = self._ranks, self._folder
        material = self.load(examples, validation)
        run_id, made_of = self.run_id(material), self.made_of(material)
        ranks.require_same(run_id, "rows, settings or base model")
        finished = ranks.from_first(lambda: read_result(folder, run_id=run_id, made_of=made_of))
        if finished is not None:
            return finished
        self._note_processes()
        with self._at_once(interrupts):
            prepared = self.prepare(material, run_id=run_id)
        checkpoints = Checkpoints(
            folder,
            run_id=run_id,
            limit=self._method.save_total_limit,
            keep_every=self._method.save_steps,
            made_of=made_of,
        )
        with self.watched(run_id) as watching:
            threads = self._device.threads
            loop = TrainingLoop(prepared, watching, interrupts, checkpoints, threads=threads)
            loop.resume(self.note)
            position = loop.run()
        whole = prepared._replace(model=prepared.placement.whole_model())

        def finish() -> TrainingResult:
            step = deliver(whole, position, base=self._base, on_note=self.note)
            result = self.result(prepared, material, position, delivered_step=step)
            write_result(folder, result, run_id=run_id, made_of=made_of)
            checkpoints.clear()
            forget_tokens(folder)
            self.tell("finished", result.steps, result.total_steps)
            return result

        return ranks.from_first(finish)

    def _at_once(self, interrupts: Interrupts) -> AbstractContextManager[None]:
        """A lone process has nobody who waits for it: it can leave at any moment."""
        return interrupts.at_once() if self._ranks.world_size == 1 else nullcontext()

    def _note_processes(self) -> None:
        method, ranks = self._method, self._ranks
        if ranks.world_size > 1:
            self.note(f"{ranks.world_size} processes share the rows of each step")
        if ranks.world_size > method.batch_size:
            self.note(f"only {method.batch_size} of them have a row in a step: see batch_size")
        if ranks.world_size == 1 and method.fsdp != "off":
            self.note("one process alone: fsdp has nothing to cut into shards")
        for text in placement_notes(method):
            self.note(text)
        if self._callbacks.evaluate is not None and not keeps_whole(method, ranks):
            self._callbacks = self._callbacks._replace(evaluate=None)
            self.note("practice questions are not asked of a model in shards")

    def load(self, examples: Sequence[TrainingRow], validation: Sequence[TrainingRow]) -> _Material:
        """The base model, and the rows as its tokens. Raises TrainingError when none is left."""
        self.tell("preparing", 0, 0)
        device = self._device
        if not keeps_whole(self._method, self._ranks):  # no card may be able to hold all of it
            device = device.model_copy(update={"torch_device": "cpu"})
        model, tokenizer = self._method.load(self._base, device=device, precision=self._precision)
        if self._method.chat_template is not None:  # saved with what is trained
            tokenizer.chat_template = template_text(self._method.chat_template)
        window = getattr(model.config, "max_position_embeddings", None)
        longest = min(self._method.max_length, window or self._method.max_length)
        encoding = Encoding(
            tokenizer,
            max_length=longest,
            too_long=self._method.too_long,
            learn=self._method.learn,
            seed=self._seed,
            folder=self._folder if self._ranks.first else None,
        )
        stage = self._method.stage
        rows, measured = stage.encode(examples, encoding), stage.encode(validation, encoding)
        if rows.shortened:
            first = rows.shortened[0]
            self.note(
                f"{len(rows.shortened)} rows were shortened to {longest} tokens, the first of them "
                f"{first.subject_id} ({first.detail})"
            )
        if not rows.kept:
            reasons = "; ".join(sorted({f"{drop.reason}: {drop.detail}" for drop in rows.dropped}))
            raise TrainingError(
                f"none of the {len(examples)} rows can be trained on",
                hint=f"Why: {reasons[:500]}." if reasons else "Give at least one row.",
            )
        self._show(sample_of(rows.kept[0].rows[0], tokenizer))
        parameters = _count_parameters(model)
        model = stage.adapted(model, pad_id=tokenizer.pad_token_id, seed=self._seed)
        return _Material(
            model,
            tokenizer,
            parameters,
            rows.kept,
            measured.kept,
            rows.dropped,
            chosen_prompts(
                self._method.sample_prompts if stage.chats else (),
                self._callbacks.sample_prompts,
                validation or examples,
            ),
        )

    def run_id(self, material: _Material) -> str:
        """Equal for trainings that give the same result."""
        settings = self._method.model_dump(mode="json", exclude=_OF_NO_EFFECT)
        rows = [rows_id(material.rows), rows_id(material.validation)]
        started_from = [_base_id(self._base), self._method.content()]
        return content_id("training/2", settings, rows, self._seed, started_from)

    def made_of(self, material: _Material) -> dict[str, str]:
        """What `run_id` is made of, by name."""
        settings = self._method.model_dump(mode="json", exclude=_OF_NO_EFFECT)
        return {
            **{f"training.{name}": json.dumps(value) for name, value in settings.items()},
            "seed": str(self._seed),
            "rows": rows_id(material.rows),
            "validation rows": rows_id(material.validation),
            "base model": _base_id(self._base),
            "earlier adapters": self._method.content(),
        }

    def prepare(self, material: _Material, *, run_id: str) -> Prepared:
        """The model made ready to learn, and how it is taken through. Seeds all generators."""
        _seed_everything(self._seed)
        plan = make_plan(self._method, rows=len(material.rows), parameters=material.parameters)
        model = self._method.prepare(material.model, base=self._base)
        if self._ranks.first:
            self._require_space(model, plan)
        self._fuse(model, material.rows[0].rows[0])
        trained = [row for item in material.rows for row in item.rows]
        estimate = self._estimate(model, trained, material.parameters)
        saves_memory = self._method.gradient_checkpointing == "on"
        if estimate is not None:
            saves_memory = estimate.gradient_checkpointing
        if saves_memory:
            checkpoint_activations(model)
            self.note("gradient checkpointing is on")
        placement = place(
            model, self._method, self._ranks, device=self._device, precision=self._precision
        )
        stage = self._method.stage
        forward = stage.forward(
            model,
            device=self._device.torch_device,
            precision=self._precision,
            pad_id=material.tokenizer.pad_token_id or 0,
            pass_tokens=self._method.pass_tokens,
            noise_alpha=self._method.neftune_noise_alpha,
            placement=placement,
            ranks=self._ranks,
        )
        items = [*material.rows, *material.validation]
        rows = [row for item in items for row in item.rows]
        forward.choose(rows, self._method.packing)
        for note in self._method.notes():
            self.note(note)
        if estimate is not None and estimate.largest_pass < forward.pass_tokens:
            self._take_less(forward, estimate)
        if stage.referred:
            with shortage_explained(practice=True):
                items = self._reference(run_id).known_to(items, forward)
        return Prepared(
            method=self._method,
            plan=plan,
            rows=items[: len(material.rows)],
            validation=items[len(material.rows) :],
            objective=stage.objective(forward),
            sample_prompts=material.sample_prompts,
            best_by=measure_of(
                self._method.best_by,
                practice=self._callbacks.evaluate is not None,
                validation=bool(material.validation),
            ),
            model=model,
            tokenizer=material.tokenizer,
            forward=forward,
            saves_memory=saves_memory,
            device=self._device,
            folder=self._folder,
            seed=self._seed,
            placement=placement,
            ranks=self._ranks,
        )

    def _reference(self, run_id: str) -> Reference:
        asked = self._callbacks.should_stop
        return Reference(
            self._folder,
            run_id=run_id,
            on_note=lambda text: self.tell("preparing", 0, 0, note=text),
            stopped=lambda: asked is not None and asked(),
        )

    @contextmanager
    def watched(self, run_id: str) -> Iterator[Callbacks]:
        """Yields the callbacks of a loop that is watched, and traced, as the settings say."""
        if not self._ranks.first:
            yield self._callbacks
            return
        method, folder = self._method, self._folder
        settings = method.model_dump(mode="json")
        with (
            watched(
                method.report_to,
                folder,
                run_id=run_id,
                name=method.run_name,
                settings=settings,
                on_note=self.note,
            ),
            profiled(
                method.profile_steps, folder, self._callbacks.on_progress, self.note
            ) as on_progress,
        ):
            yield self._callbacks._replace(on_progress=on_progress)

    def result(
        self, prepared: Prepared, material: _Material, position: Position, *, delivered_step: int
    ) -> TrainingResult:
        """The record of a training whose weights are delivered."""
        plan = prepared.plan
        return TrainingResult(
            checkpoint=Checkpoint(
                folder=str(self._folder / self._method.delivery),
                step=delivered_step,
                base_model=str(self._base),
                adapter=self._method.delivery == "adapter",
            ),
            steps=position.step,
            total_steps=plan.total_steps,
            epochs=plan.epoch(position.step),
            learning_rate=plan.learning_rate,
            batch_size=self._method.batch_size,
            losses=position.losses,
            stage=self._method.stage.type,
            measures=position.measures,
            practice=position.practice,
            useful_tokens=position.useful_tokens,
            seconds=position.seconds,
            useful_tokens_per_second=position.useful_tokens / max(position.seconds, 1e-9),
            rows=len(material.rows),
            dropped=tuple(material.dropped),
            trainable_parameters=_count_trainable(prepared.model),
            parameters=material.parameters,
            device=self._device.name,
            threads=position.threads,
            precision=self._precision,
            packed=prepared.forward.packed,
            notes=(*self._notes, *position.notes),
        )

    def note(self, text: str) -> None:
        """Keeps something for the result, and tells it at once."""
        self._notes.append(text)
        self.tell("preparing", 0, 0, note=text)

    def _show(self, sample: Sample) -> None:
        """Keeps one row as it is trained in the run's folder, and tells it."""
        if not self._ranks.first:
            return
        write_sample(sample, self._folder)
        if self._callbacks.on_progress is not None:
            self._callbacks.on_progress(
                TrainingProgress(phase="preparing", step=0, total_steps=0, epoch=0.0, sample=sample)
            )

    def tell(
        self, phase: Literal["preparing", "finished"], step: int, total: int, *, note: str = ""
    ) -> None:
        """Reports what is not a step."""
        if self._ranks.first and self._callbacks.on_progress is not None:
            epoch = 0.0
            self._callbacks.on_progress(
                TrainingProgress(phase=phase, step=step, total_steps=total, epoch=epoch, note=note)
            )

    def _require_space(self, model: Any, plan: Plan) -> None:
        """Refuses at once what would fail at the first checkpoint, or the last."""
        weights = 4 * _count_trainable(model)
        # Each checkpoint holds the weights and two moments of each; then the best and the result.
        limit, every = self._method.save_total_limit, self._method.save_steps
        to_keep = min(limit, plan.total_steps // every) if every is not None else 0
        newest = limit if every is None else min(2, limit)
        needed = 3 * weights * (newest + to_keep + 1) + 2 * weights
        if self._method.delivery == "model":  # with what was not learned
            needed += sum(p.numel() for p in model.parameters()) * 4 - weights
        there = [*self._folder.glob("attempt-*/*/*"), *self._folder.glob("best-*/*")]
        reused = sum(path.stat().st_size for path in there)
        free = shutil.disk_usage(self._folder).free
        if free + reused < needed:
            raise CheckpointError(
                f"checkpoints in {self._folder} need {needed / 1e9:.1f} GB, and "
                f"{free / 1e9:.1f} GB of that disk are free",
                hint="Make room, choose another disk, or set training.save_total_limit to 1.",
            )

    def _fuse(self, model: Any, row: Row) -> None:
        """Takes fused kernels, where that is wanted and works."""
        wanted = self._method.fused_kernels
        if wanted == "off":
            return
        reason = reason_against_fused_kernels(self._device.torch_device)
        if not reason:
            inner = model.get_base_model() if hasattr(model, "get_base_model") else model
            use_fused_kernels(inner, row.input_ids)
            self.note("fused kernels are used")
        elif wanted == "on":
            raise TrainingError(
                f"fused kernels cannot be used: {reason}",
                hint="Set training.fused_kernels to auto or off.",
            )

    def _take_less(self, forward: Any, estimate: MemoryEstimate) -> None:
        """Lets no more through at once than memory is likely to hold."""
        wanted = min(forward.pass_tokens, self._method.batch_size * estimate.row_tokens)
        forward.pass_tokens = max(estimate.largest_pass, estimate.row_tokens)
        if forward.pass_tokens < wanted:
            self.note(
                f"by the memory that is free, at most {forward.pass_tokens} tokens go through the "
                "model at once; what a step learns is the same"
            )

    def _estimate(self, model: Any, rows: Sequence[Row], parameters: int) -> MemoryEstimate | None:
        """What the loaded model's training needs; None of a model whose config tells no sizes."""
        try:
            shape = shape_of(model.config.to_dict(), parameters=parameters)
        except (LookupError, TypeError, ValueError, AttributeError):
            return None
        held = sum(p.numel() * p.element_size() for p in model.parameters())
        return estimate_memory(
            self._method,
            shape,
            device=self._device,
            free=min(self._device.memory_bytes, held + free_memory(self._device)),
            row_tokens=max(len(row.input_ids) for row in rows),
            started=True,
        )


def _require_libraries() -> None:
    for package in ("torch", "transformers", "peft", "safetensors", "filelock", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependency(package, extra="train")


@contextmanager
def _threads(device: Device) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(device.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _seed_everything(seed: int) -> None:
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _base_id(base: Path) -> str:
    """Tells base models apart by their config, and by size and both ends of their weights."""
    digest = hashlib.sha256()
    for path in sorted([base / "config.json", *base.glob("*.safetensors")]):
        size = path.stat().st_size
        digest.update(f"{path.name} {size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read(1 << 20))
    return digest.hexdigest()


def _count_parameters(model: Any) -> int:
    """Of the model as it was made, however few bytes they are held in."""
    if getattr(model, "is_quantized", False):
        return int(model.num_parameters())
    return sum(parameter.numel() for parameter in model.parameters())


def _count_trainable(model: Any) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
