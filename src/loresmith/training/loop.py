"""Why: the training loop, told straight: step, look, save, and stop when it is time."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.devices import Device
from loresmith.errors import JobCancelled
from loresmith.models.base import ChatModel
from loresmith.models.local import LocalModel
from loresmith.training.best import Measure, worth
from loresmith.training.checkpoints import Checkpoints, Position, write_or_explain, writing
from loresmith.training.divergence import DivergenceWatch
from loresmith.training.forward import Forward
from loresmith.training.interrupts import Interrupts
from loresmith.training.log import TrainerLog
from loresmith.training.meter import StepMeter
from loresmith.training.method import TrainingMethod
from loresmith.training.optimizers import make_optimizer, set_learning_rate
from loresmith.training.order import Order
from loresmith.training.plan import Plan
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


class TrainingLoop:
    """One attempt to train, from a position to the end."""

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
        learned = [(n, p) for n, p in prepared.model.named_parameters() if p.requires_grad]
        self._parameters = [parameter for _, parameter in learned]
        self._optimizer = make_optimizer(prepared.method, learned)
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

        saved = self._checkpoints.newest(on_note)
        if saved is None:
            return
        model, method = self._prepared.model, self._prepared.method
        self._checkpoints.restore(
            saved,
            self._optimizer,
            lambda folder: method.load_weights(model, folder),
            device=self._prepared.device.torch_device,
        )
        self._position = saved.position
        self._losses = list(saved.position.losses)
        self._measures = MeasuresBySteps(saved.position.measures)
        self._saved_step = saved.position.step
        self._fitting.as_before(
            pass_tokens=saved.position.pass_tokens, saves_memory=saved.position.saves_memory
        )
        torch.set_num_threads(saved.position.threads)
        on_note(f"goes on after step {saved.position.step}")

    def run(self) -> Position:
        """Trains to the end, which is early where practice says so. Raises what `train` does."""
        self._prepared.model.train()
        plan = self._prepared.plan
        log = TrainerLog(self._prepared.folder / "trainer_log.jsonl", done=self._position.step)
        watch = self._divergence_watch()
        if self._position.step == 0 and self._evaluates() and not self._samples.has_begun():
            self._answer_samples()
        while True:
            if self._interrupts.wanted:
                self._save_and_stop()
            if self._practice_is_due():
                self._practise()
            if self._position.step >= plan.total_steps or self._is_past_its_best():
                break
            progress = self._step(watch)
            log.add(progress, seconds=self._position.seconds)
            self._tell(progress)
            if self._save_is_due():
                self._save()
        if self._saved_step < self._position.step:
            self._save()
        return self._whole_position()

    def _step(self, watch: DivergenceWatch) -> TrainingProgress:
        """One optimizer step."""
        import torch

        step, plan, forward = self._position.step, self._prepared.plan, self._prepared.forward
        rows = self._order.rows_of_step(step)
        rate = plan.learning_rate_at(step)
        set_learning_rate(self._optimizer, rate)
        began = time.perf_counter()
        with forward.ready():
            loss, measures = self._fitting.backward(rows)
        with shortage_explained(practice=False):
            norm = float(
                torch.nn.utils.clip_grad_norm_(
                    self._parameters, self._prepared.method.max_grad_norm
                )
            )
            watch.look(loss=loss, norm=norm, rate=rate)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
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
        if time.monotonic() - self._checkpoints.saved_at > _WORTH_SAVING_SECONDS:
            self._save()
        self._tell(self._progress("practising"))
        try:
            with self._interrupts.at_once(), shortage_explained(practice=True):
                score, validation = self._practice_score(), self._validation()
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
        lines = (json.dumps(score.model_dump(mode="json")) for score in practice)
        path = self._prepared.folder / "practice_log.jsonl"
        with writing(path):
            write_at_once(path, "".join(f"{line}\n" for line in lines))

    def _practice_score(self) -> float | None:
        if self._callbacks.evaluate is None:
            return None
        with self._prepared.forward.autocast():
            return float(self._callbacks.evaluate(self._as_it_is()))

    def _as_it_is(self) -> LocalModel:
        """The model in training, to be asked."""
        prepared = self._prepared
        return LocalModel.around(
            prepared.model, prepared.tokenizer, device=prepared.device, name="in training"
        )

    def _answer_samples(self) -> None:
        if not self._samples.wanted:
            return
        step = self._position.step
        with self._prepared.forward.autocast():
            self._samples.answer(self._as_it_is(), step=step, epoch=self._prepared.plan.epoch(step))

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

    def _note_score(self, measured: PracticeScore) -> None:
        value = worth(measured, self._prepared.best_by)
        if value is None:
            return
        best = self._position.best_score
        if best is not None and value <= best:
            self._advance(since_best=self._position.since_best + 1)
            return
        folder = best_folder(self._prepared.folder, measured.step)

        def write() -> None:
            self._prepared.method.save_weights(self._prepared.model, folder)
            seal(folder, {"step": measured.step, "by": self._prepared.best_by, "score": value})

        write_or_explain(folder, write)
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
        method, model = self._prepared.method, self._prepared.model
        position = self._whole_position()
        self._checkpoints.save(
            position, self._optimizer, lambda folder: method.save_weights(model, folder)
        )
        self._saved_step = position.step
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
        if self._callbacks.on_progress is not None:
            self._callbacks.on_progress(progress)


def best_folder(folder: Path, step: int) -> Path:
    """Where the weights after `step` are kept while no later ones have a better score."""
    return folder / f"best-{step}"
