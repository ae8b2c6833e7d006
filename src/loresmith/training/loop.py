"""Why: the training loop, told straight: step, look, save, and stop when it is time."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.devices import Device
from loresmith.errors import JobCancelled
from loresmith.models.base import ChatModel
from loresmith.models.local import LocalModel
from loresmith.training.best import Measure, worth
from loresmith.training.checkpoints import (
    Checkpoints,
    Position,
    Saved,
    write_or_explain,
    writing,
)
from loresmith.training.divergence import DivergenceWatch
from loresmith.training.forward import Forward
from loresmith.training.interrupts import Interrupts
from loresmith.training.log import TrainerLog
from loresmith.training.meter import StepMeter
from loresmith.training.method import TrainingMethod
from loresmith.training.optimizers import set_learning_rate
from loresmith.training.order import Order
from loresmith.training.placement import Copies
from loresmith.training.plan import Plan
from loresmith.training.ranks import Ranks
from loresmith.training.result import Phase, PracticeScore, TrainingProgress
from loresmith.training.sample_replies import Samples
from loresmith.training.sealed import seal, write_at_once
from loresmith.training.shortage import Fitting, shortage_explained
from loresmith.training.stages.measures import MeasuresBySteps
from loresmith.training.stages.stage import Objective, StepLoss

_WORTH_SAVING_SECONDS = 5.0


class Callbacks(NamedTuple):
    """What the caller of a training wants to be asked and told."""

    evaluate: Callable[[ChatModel], float] | None = None
    on_progress: Callable[[TrainingProgress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    sample_prompts: tuple[str, ...] = ()
    """Questions to be answered at each evaluation."""


class Prepared(NamedTuple):
    """Everything that a training needs and that does not change while it runs."""

    method: TrainingMethod
    plan: Plan
    rows: Sequence[Any]
    """Items of the stage: rows, or pairs of them."""
    validation: Sequence[Any]
    objective: Objective
    sample_prompts: tuple[str, ...]
    best_by: Measure
    model: Any
    tokenizer: Any
    forward: Forward
    saves_memory: bool
    """Whether activations are computed twice from the start."""
    device: Device
    folder: Path
    seed: int
    placement: Copies
    ranks: Ranks


class TrainingLoop:
    """One attempt to train, from a position to the end.

    Several processes go through it side by side: whatever one of them decides by its clock, its
    signals or its callbacks is agreed on by all, and the first alone writes and tells.
    """

    def __init__(
        self,
        prepared: Prepared,
        callbacks: Callbacks,
        interrupts: Interrupts,
        checkpoints: Checkpoints,
        *,
        threads: int,
    ) -> None:
        self._prepared = prepared
        self._callbacks = callbacks
        self._interrupts = interrupts
        self._checkpoints = checkpoints
        self._ranks, self._placement = prepared.ranks, prepared.placement
        plan = prepared.plan
        self._order = Order(prepared.rows, steps_per_epoch=plan.steps_per_epoch, seed=prepared.seed)
        self._meter = StepMeter()
        self._position = checkpoints.at_start(threads=threads)
        if prepared.forward.pass_tokens < prepared.method.pass_tokens:
            self._advance(pass_tokens=prepared.forward.pass_tokens)
        self._losses: list[float] = []
        self._measures = MeasuresBySteps({})
        self._saved_step = 0
        self._samples = Samples(prepared.folder / "samples.jsonl", prepared.sample_prompts)
        self._news: list[str] = []
        self._fitting = Fitting(
            prepared.objective,
            prepared.model,
            prepared.method,
            device=prepared.device.torch_device,
            saves_memory=prepared.saves_memory,
            on_note=self._news.append,
        )

    def resume(self, on_note: Callable[[str], None]) -> None:
        """Goes to the newest whole checkpoint, if there is one."""
        import torch

        saved: list[Saved] = []

        def newest() -> Position | None:
            saved.extend(found for found in (self._checkpoints.newest(on_note),) if found)
            return saved[0].position if saved else None

        position = self._ranks.from_first(newest)
        if position is None:
            return
        prepared = self._prepared

        def read(model: Any, optimizer: Any) -> None:
            self._checkpoints.restore(
                saved[0],
                optimizer,
                lambda folder: prepared.method.load_weights(model, folder),
                device=prepared.device.torch_device,
            )

        self._placement.restore(read)
        self._position = position
        self._losses = list(position.losses)
        self._measures = MeasuresBySteps(position.measures)
        self._saved_step = position.step
        self._fitting.as_before(
            pass_tokens=position.pass_tokens, saves_memory=position.saves_memory
        )
        torch.set_num_threads(position.threads)
        on_note(f"goes on after step {position.step}")

    def run(self) -> Position:
        """Trains to the end, which is early where practice says so. Raises what `train` does."""
        self._prepared.model.train()
        plan = self._prepared.plan
        log, watch = self._log(), self._divergence_watch()
        if self._samples_are_due():
            self._answer_samples()
        while True:
            if self._ranks.any(self._interrupts.wanted):
                self._save_and_stop()
            if self._practice_is_due():
                self._practise()
            if self._position.step >= plan.total_steps or self._is_past_its_best():
                break
            progress = self._step(watch)
            if log is not None:
                log.add(progress, seconds=self._position.seconds)
            self._tell(progress)
            if self._ranks.any(self._save_is_due()):
                self._save()
        if self._saved_step < self._position.step:
            self._save()
        return self._whole_position()

    def _log(self) -> TrainerLog | None:
        if not self._ranks.first:
            return None
        return TrainerLog(self._prepared.folder / "trainer_log.jsonl", done=self._position.step)

    def _step(self, watch: DivergenceWatch) -> TrainingProgress:
        """One optimizer step."""
        step, plan, forward = self._position.step, self._prepared.plan, self._prepared.forward
        rows = self._order.rows_of_step(step)
        rate = plan.learning_rate_at(step)
        set_learning_rate(self._placement.optimizer, rate)
        self._ranks.seed_step(self._prepared.seed, step)
        began = time.perf_counter()
        with forward.ready():
            # A process that runs out of memory does its own share again, before gradients meet.
            loss, measures = self._fitting.backward(rows)
        with shortage_explained(practice=False):
            norm = self._placement.clip_gradients(self._prepared.method.max_grad_norm)
            watch.look(loss=loss, norm=norm, rate=rate)
            self._placement.step()
        seconds = time.perf_counter() - began
        tokens = sum(row.tokens for row in rows)
        self._meter.add(tokens=tokens, seconds=seconds)
        self._losses.append(loss)
        self._measures.add(measures, step=step)
        self._advance(
            step=step + 1,
            useful_tokens=self._position.useful_tokens + tokens,
            seconds=self._position.seconds + seconds,
        )
        return self._progress(
            "training",
            self._note_news(),
            loss=loss,
            measures=measures,
            learning_rate=rate,
            grad_norm=norm,
        )

    def _note_news(self) -> str:
        """Keeps what is new about memory, for the result and for later attempts; returns it."""
        news, fitting = tuple(self._news), self._fitting
        self._news.clear()
        if news:
            self._advance(
                notes=(*self._position.notes, *news),
                pass_tokens=fitting.pass_tokens,
                saves_memory=fitting.saves_memory,
            )
        return "; ".join(news)

    def _practice_is_due(self) -> bool:
        step = self._position.step
        if not self._evaluates():
            return False
        done = self._position.practice
        return step in self._prepared.plan.practice_steps() and (not done or done[-1].step < step)

    def _evaluates(self) -> bool:
        """Whether there is anything to look at between steps."""
        measured = self._callbacks.evaluate is not None or bool(self._prepared.validation)
        return measured or (bool(self._prepared.method.sample_prompts) and self._samples.wanted)

    def _practise(self) -> None:
        """Measures the model as it is now; keeps its weights if they are the best so far."""
        waited = time.monotonic() - self._checkpoints.saved_at
        if self._ranks.any(waited > _WORTH_SAVING_SECONDS):
            self._save()
        self._tell(self._progress("practising"))
        try:
            with self._at_once(), shortage_explained(practice=True):
                score, validation = self._ranks.from_first(self._practice_score), self._validation()
                measured = PracticeScore(
                    step=self._position.step,
                    epoch=self._prepared.plan.epoch(self._position.step),
                    score=score,
                    validation_loss=validation.loss if validation else None,
                    validation_measures=dict(validation.measures) if validation else {},
                )
                self._answer_samples()
        except JobCancelled:
            self._save_and_stop()
        self._prepared.model.train()
        self._note_score(measured)
        practice = (*self._position.practice, measured)
        self._advance(practice=practice)
        if not self._ranks.first:
            return
        lines = (json.dumps(score.model_dump(mode="json")) for score in practice)
        path = self._prepared.folder / "practice_log.jsonl"
        with writing(path):
            write_at_once(path, "".join(f"{line}\n" for line in lines))

    def _practice_score(self) -> float | None:
        if self._callbacks.evaluate is None:
            return None
        # Of several processes only the first is here, and the others do not wait in a step.
        with self._interrupts.at_once(), self._prepared.forward.autocast():
            return float(self._callbacks.evaluate(self._as_it_is()))

    def _as_it_is(self) -> LocalModel:
        """The model in training, to be asked."""
        prepared = self._prepared
        return LocalModel.around(
            prepared.model, prepared.tokenizer, device=prepared.device, name="in training"
        )

    def _samples_are_due(self) -> bool:
        """Whether nothing has been asked yet, in a training that looks at itself on its way."""
        if self._position.step > 0 or not self._evaluates():
            return False
        return not self._ranks.from_first(self._samples.has_begun)

    def _answer_samples(self) -> None:
        if not self._samples.wanted or self._placement.in_step:  # shards cannot answer alone
            return
        step = self._position.step

        def answer() -> None:
            with self._prepared.forward.autocast():
                epoch = self._prepared.plan.epoch(step)
                self._samples.answer(self._as_it_is(), step=step, epoch=epoch)

        self._ranks.from_first(answer)

    def _divergence_watch(self) -> DivergenceWatch:
        return DivergenceWatch(
            peak_rate=self._prepared.plan.learning_rate,
            precision=self._prepared.forward.precision,
            losses=self._losses,
        )

    def _validation(self) -> StepLoss | None:
        if not self._prepared.validation:
            return None
        self._prepared.model.eval()
        with self._prepared.forward.ready():
            return self._fitting.measure(self._prepared.validation)

    def _at_once(self) -> AbstractContextManager[None]:
        """A lone process measures nothing that others wait for: it can leave at any moment."""
        return self._interrupts.at_once() if self._ranks.world_size == 1 else nullcontext()

    def _note_score(self, measured: PracticeScore) -> None:
        value = worth(measured, self._prepared.best_by)
        if value is None:
            return
        best = self._position.best_score
        if best is not None and value <= best:
            self._advance(since_best=self._position.since_best + 1)
            return
        folder = best_folder(self._prepared.folder, measured.step)

        whole = self._placement.whole_model()

        def write() -> None:
            self._prepared.method.save_weights(whole, folder)
            seal(folder, {"step": measured.step, "by": self._prepared.best_by, "score": value})

        if self._ranks.first:
            write_or_explain(folder, write)
        self._placement.let_go()
        self._advance(best_step=measured.step, best_score=value, since_best=0)

    def _is_past_its_best(self) -> bool:
        method = self._prepared.method
        return method.early_stopping and self._position.since_best >= method.patience

    def _save_is_due(self) -> bool:
        """So early that the next step does not make it late."""
        every = self._prepared.method.save_steps
        if every is not None and self._position.step % every == 0:
            return True
        waited = time.monotonic() - self._checkpoints.saved_at
        return waited + self._meter.seconds_a_step >= self._prepared.method.checkpoint_seconds

    def _save(self) -> None:
        self._tell(self._progress("saving"))
        position = self._whole_position()
        whole, state = self._placement.whole_model(), self._placement.optimizer_state()
        if self._ranks.first:
            self._write(position, whole, state)
        self._placement.let_go()
        self._ranks.wait()
        self._checkpoints.saved_at = time.monotonic()
        self._saved_step = position.step

    def _write(self, position: Position, whole: Any, state: dict[str, Any]) -> None:
        method = self._prepared.method
        self._checkpoints.save(position, state, lambda folder: method.save_weights(whole, folder))
        # Only now: the checkpoints before this one may have led to another best.
        for folder in self._prepared.folder.glob("best-*"):
            if position.best_step is None or folder.name != f"best-{position.best_step}":
                shutil.rmtree(folder, ignore_errors=True)

    def _save_and_stop(self) -> None:
        step, total = self._position.step, self._prepared.plan.total_steps
        if self._saved_step < step:
            self._save()
        raise JobCancelled(
            f"training was stopped after step {step} of {total}",
            hint="Run the same again to go on from there.",
        ) from None

    def _whole_position(self) -> Position:
        known = {"losses": tuple(self._losses), "measures": self._measures.by_name()}
        return self._position.model_copy(update=known)

    def _advance(self, **changes: Any) -> None:
        self._position = self._position.model_copy(update=changes)

    def _progress(self, phase: Phase, note: str = "", **details: Any) -> TrainingProgress:
        step, plan = self._position.step, self._prepared.plan
        measured = self._meter.seconds_a_step > 0
        return TrainingProgress(
            phase=phase,
            note=note,
            step=step,
            total_steps=plan.total_steps,
            epoch=plan.epoch(step),
            tokens_per_second=self._meter.tokens_per_second if measured else None,
            seconds_left=self._meter.seconds_a_step * (plan.total_steps - step)
            if measured
            else None,
            **details,
        )

    def _tell(self, progress: TrainingProgress) -> None:
        if self._ranks.first and self._callbacks.on_progress is not None:
            self._callbacks.on_progress(progress)


def best_folder(folder: Path, step: int) -> Path:
    """Where the weights after `step` are kept while no later ones have a better score."""
    return folder / f"best-{step}"
