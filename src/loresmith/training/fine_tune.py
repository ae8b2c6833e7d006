"""Why: from rows and a base model to a finished training, whatever happened to earlier attempts."""

from __future__ import annotations

import hashlib
import importlib.util
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from loresmith.component import content_id
from loresmith.devices import Device
from loresmith.errors import CheckpointError, MissingDependency, TrainingError
from loresmith.models.chat_templates import template_text
from loresmith.models.templates import ChatTemplate
from loresmith.records import Checkpoint, Drop, Example
from loresmith.training.checkpoints import Checkpoints, Position
from loresmith.training.delivery import deliver, read_result, write_result
from loresmith.training.forward import Forward
from loresmith.training.interrupts import Interrupts
from loresmith.training.lock import trainer_lock
from loresmith.training.loop import Callbacks, Prepared, TrainingLoop
from loresmith.training.method import Precision, TrainingMethod
from loresmith.training.obstacles import refuse_obstacles
from loresmith.training.placement import keeps_whole, place, placement_notes
from loresmith.training.plan import make_plan
from loresmith.training.ranks import Ranks, is_first_process, join_ranks
from loresmith.training.result import TrainingProgress, TrainingResult
from loresmith.training.rows import Row, encode_rows, rows_id

# Settings that change how a training is computed, not what comes out.
_OF_NO_EFFECT = {
    "packing",
    "pass_tokens",
    "gradient_checkpointing",
    "checkpoint_seconds",
    "save_total_limit",
    "processes",
    "rank_timeout",
}


def fine_tune(
    method: TrainingMethod,
    examples: Sequence[Example],
    validation: Sequence[Example],
    *,
    base: Path,
    folder: Path,
    seed: int,
    device: Device,
    callbacks: Callbacks,
) -> TrainingResult:
    """See `TrainingMethod.train`."""
    _require_libraries()
    refuse_obstacles(list(method.obstacles(base=base)))
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
    rows: list[Row]
    validation: list[Row]
    dropped: list[Drop]


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
        self._precision: Precision = "fp32"
        if method.precision == "bf16" or (method.precision == "auto" and device.bf16):
            self._precision = "bf16"

    def train(
        self, examples: Sequence[Example], validation: Sequence[Example], interrupts: Interrupts
    ) -> TrainingResult:
        """All of it, or what is missing. The first process's result is that of all."""
        ranks, folder = self._ranks, self._folder
        material = self.load(examples, validation)
        run_id = self.run_id(material)
        ranks.require_same(run_id, "rows, settings or base model")
        finished = ranks.from_first(lambda: read_result(folder, run_id=run_id))
        if finished is not None:
            return finished
        prepared = self.prepare(material)
        self._note_processes()
        checkpoints = Checkpoints(folder, run_id=run_id, limit=self._method.save_total_limit)
        loop = TrainingLoop(
            prepared,
            self._callbacks,
            interrupts,
            checkpoints,
            run_id=run_id,
            threads=self._device.threads,
        )
        loop.resume(self.note)
        position = loop.run()
        whole = prepared._replace(model=prepared.placement.whole_model())

        def finish() -> TrainingResult:
            step = deliver(whole, position, base=self._base, on_note=self.note)
            result = self.result(prepared, material, position, delivered_step=step)
            write_result(folder, result, run_id=run_id)
            checkpoints.clear()
            self.tell("finished", result.steps, result.total_steps)
            return result

        return ranks.from_first(finish)

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

    def load(self, examples: Sequence[Example], validation: Sequence[Example]) -> _Material:
        """The base model, and the rows as its tokens. Raises TrainingError when none is left."""
        self.tell("preparing", 0, 0)
        device = self._device
        if not keeps_whole(self._method, self._ranks):  # no card may be able to hold all of it
            device = device.model_copy(update={"torch_device": "cpu"})
        model, tokenizer = self._method.load(self._base, device=device, precision=self._precision)
        if self._method.chat_template is not None:  # saved with what is trained
            tokenizer.chat_template = template_text(self._method.chat_template)
        template = ChatTemplate(tokenizer)
        window = getattr(model.config, "max_position_embeddings", None)
        longest = min(self._method.max_length, window or self._method.max_length)
        encode = partial(
            encode_rows,
            template=template,
            max_length=longest,
            too_long=self._method.too_long,
            learn=self._method.learn,
        )
        rows, measured = encode(examples), encode(validation)
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
        return _Material(
            model,
            tokenizer,
            _count_parameters(model),
            rows.kept,
            measured.kept,
            rows.dropped,
        )

    def run_id(self, material: _Material) -> str:
        """Equal for trainings that give the same result."""
        settings = self._method.model_dump(mode="json", exclude=_OF_NO_EFFECT)
        rows = [rows_id(material.rows), rows_id(material.validation)]
        started_from = [_base_id(self._base), self._method.content()]
        return content_id("training/2", settings, rows, self._seed, started_from)

    def prepare(self, material: _Material) -> Prepared:
        """The model made ready to learn, and how it is taken through. Seeds all generators."""
        _seed_everything(self._seed)
        plan = make_plan(self._method, rows=len(material.rows), parameters=material.parameters)
        model = self._method.prepare(material.model, base=self._base)
        if self._ranks.first:
            self._require_space(model)
        if self._saves_memory(model, material.rows):
            _checkpoint_activations(model)
            self.note("gradient checkpointing is on")
        placement = place(
            model, self._method, self._ranks, device=self._device, precision=self._precision
        )
        forward = Forward(
            model,
            device=self._device.torch_device,
            precision=self._precision,
            pad_id=material.tokenizer.pad_token_id or 0,
            pass_tokens=self._method.pass_tokens,
            noise_alpha=self._method.neftune_noise_alpha,
            placement=placement,
            ranks=self._ranks,
        )
        forward.choose([*material.rows, *material.validation], self._method.packing)
        for note in self._method.notes():
            self.note(note)
        return Prepared(
            method=self._method,
            plan=plan,
            rows=material.rows,
            validation=material.validation,
            model=model,
            tokenizer=material.tokenizer,
            forward=forward,
            device=self._device,
            folder=self._folder,
            seed=self._seed,
            placement=placement,
            ranks=self._ranks,
        )

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
            notes=tuple(self._notes),
        )

    def note(self, text: str) -> None:
        """Keeps something for the result, and tells it at once."""
        self._notes.append(text)
        self.tell("preparing", 0, 0, note=text)

    def tell(
        self, phase: Literal["preparing", "finished"], step: int, total: int, *, note: str = ""
    ) -> None:
        """Reports what is not a step."""
        if self._ranks.first and self._callbacks.on_progress is not None:
            epoch = 0.0
            self._callbacks.on_progress(
                TrainingProgress(phase=phase, step=step, total_steps=total, epoch=epoch, note=note)
            )

    def _require_space(self, model: Any) -> None:
        """Refuses at once what would fail at the first checkpoint, or the last."""
        weights = 4 * _count_trainable(model)
        # Each checkpoint holds the weights and two moments of each; then the best and the result.
        needed = 3 * weights * (self._method.save_total_limit + 1) + 2 * weights
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

    def _saves_memory(self, model: Any, rows: Sequence[Row]) -> bool:
        """Whether to compute activations twice; by an estimate where the setting is `auto`."""
        if self._method.gradient_checkpointing != "auto":
            return self._method.gradient_checkpointing == "on"
        longest = max(len(row.input_ids) for row in rows)
        tokens = max(longest, min(self._method.pass_tokens, longest * self._method.batch_size))
        config = model.config
        hidden = getattr(config, "hidden_size", 1024)
        inner = getattr(config, "intermediate_size", None) or 4 * hidden
        # About 34 values of the hidden width and 8 of the MLP's width are kept a token and layer
        # (Korthikanti et al. 2022, arXiv 2205.05198), two bytes each.
        layers = getattr(config, "num_hidden_layers", 24)
        activations = tokens * layers * (34 * hidden + 8 * inner) * 2
        held = sum(p.numel() * p.element_size() for p in model.parameters())
        held += 12 * _count_trainable(model)
        return bool(activations > 0.7 * max(0, self._device.memory_bytes - held))


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


def _checkpoint_activations(model: Any) -> None:
    """The method has a new name from transformers 5.20 on, and the old one warns."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    old, new = "gradient_checkpointing_enable", "activation_checkpointing_enable"
    getattr(inner, new if hasattr(inner, new) else old)({"use_reentrant": False})


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
