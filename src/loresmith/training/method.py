"""Why: every way to fine-tune shares most of its settings, and all of its verb: `train`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from loresmith.component import Component
from loresmith.devices import Device
from loresmith.errors import RecipeError, TrainingError
from loresmith.models.base import ChatModel
from loresmith.models.chat_templates import known_name
from loresmith.models.loading import Loaded, load_base
from loresmith.records import TrainingRow
from loresmith.training.best import BestBy
from loresmith.training.model_shape import Held, ModelShape
from loresmith.training.optimizers import Optimizer, optimizer_obstacles
from loresmith.training.result import TrainingProgress, TrainingResult
from loresmith.training.schedules import Scheduler
from loresmith.training.stages import AnyStage, Sft
from loresmith.training.watchers import WatcherName
from loresmith.training.watchers.watching import watcher_obstacles

Precision = Literal["bf16", "fp32"]
Switch = Literal["auto", "on", "off"]


class TrainingMethod(Component, ABC):
    """Settings of fine-tuning, and how to do it.

    A member says how a model is made ready (`load`, `prepare`) and how its learned weights are kept
    (`save_weights`, `load_weights`, `deliver`); the loop is the same for all.
    """

    stage: AnyStage = Sft()
    """What is learned, and from which rows: conversations (`sft`), texts (`pretrain`), pairs of a
    better and a worse answer (`dpo`, `reward`) or answers that were liked or not (`kto`)."""
    learning_rate: float | None = Field(
        default=None, gt=0.0, le=1.0, json_schema_extra={"common": True}
    )
    """Peak step size of the optimizer; by the model's number of parameters, and the stage, when not
    set."""
    num_epochs: float | None = Field(
        default=None, gt=0.0, le=1000.0, json_schema_extra={"common": True}
    )
    """How often every row is learned; as many as give `min_steps`, at least, when not set."""
    min_steps: int = Field(default=200, ge=1, le=1_000_000)
    """Where `num_epochs` is not set: a small corpus is repeated for this many optimizer steps."""
    max_steps: int | None = Field(default=None, ge=1, le=100_000_000)
    """Optimizer steps after which the training ends, whatever `num_epochs` says; no such limit when
    not set."""
    batch_size: int = Field(default=8, ge=1, le=4096, json_schema_extra={"common": True})
    """Rows an optimizer step learns from, packed or not."""
    warmup_ratio: float = Field(default=0.05, ge=0.0, lt=1.0)
    """Share of the steps over which the learning rate rises to its peak."""
    warmup_steps: int | None = Field(default=None, ge=0, le=100_000_000)
    """Steps over which the learning rate rises to its peak; by `warmup_ratio` when not set."""
    scheduler: Scheduler = "cosine"
    """How the learning rate falls after its peak, by transformers' names; `constant`, with or
    without `_with_warmup`, rises over the warm-up first."""
    optimizer: Optimizer = "adamw_torch"
    """What turns gradients into steps, by transformers' names. `adafactor` and those of 8 bits need
    less memory; some need a package of their own, which is told before the start."""
    adam_beta1: float = Field(default=0.9, ge=0.0, lt=1.0)
    """Share of the mean gradient that an optimizer like Adam keeps at each step."""
    adam_beta2: float = Field(default=0.999, ge=0.0, lt=1.0)
    """Share of the mean squared gradient that an optimizer like Adam keeps at each step."""
    adam_epsilon: float = Field(default=1e-8, gt=0.0, le=1.0)
    """Added where an optimizer like Adam divides, against division by nearly nothing."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=1.0)
    """Pull of the weight matrices towards zero; vectors, such as norms and biases, feel none."""
    max_grad_norm: float = Field(default=1.0, gt=0.0, le=1000.0)
    """A longer gradient is scaled down to this length."""
    max_length: int = Field(
        default=1024, ge=8, le=1_048_576, json_schema_extra={"common": True, "unit": "tokens"}
    )
    """Tokens of a row, at most."""
    too_long: Literal["drop", "shorten", "error"] = "drop"
    """What becomes of a longer row: it is left out, or the end of its longest message is cut off
    (never a mark of the template), or the training does not begin. Each is counted and named."""
    learn: Literal["replies", "last_reply", "everything"] = "replies"
    """What is learned of a conversation: each reply, the last one only, or the questions too."""
    chat_template: str | None = None
    """How conversations are written for the model: a name (`qwen`, `llama3`, `default`, ...) or a
    `.jinja` file; when not set, the model's own. It is kept with the trained model, so that chat,
    exam and serving ask in the same way."""
    packing: Switch = "auto"
    """Rows of a step go through the model end to end, without padding; what all of them begin with
    (a system prompt) is computed once. `auto` packs where a probe shows that nothing changes."""
    pass_tokens: int = Field(
        default=4096, ge=16, le=4_194_304, json_schema_extra={"unit": "tokens"}
    )
    """Tokens that go through the model at once; a longer step is done in several passes."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of the computing; `auto` is bf16 where the device has it."""
    gradient_checkpointing: Switch = "auto"
    """Compute activations twice to save memory; `auto` does where memory looks short."""
    fused_kernels: Switch = "auto"
    """Layers computed in fewer passes over memory than the model's own, with the same results. On
    a card `auto` takes Liger's norms and gates, where liger-kernel is installed and works; on a CPU
    norms and adapters are ours, unless this is `off`."""
    neftune_noise_alpha: float | None = Field(default=None, gt=0.0, le=1000.0)
    """Noise on the embeddings of training rows, which makes longer, freer answers (NEFTune, arXiv
    2310.05914): 5 is usual; none when not set."""
    best_by: BestBy = "auto"
    """Which weights are delivered: those with the best practice score, those with the lowest loss
    on validation rows, or the last; `auto` is the first of these that can be measured."""
    early_stopping: bool = True
    """Stop when what `best_by` measures no longer gets better; the best weights are delivered in
    any case. Without anything to measure, every step is done."""
    patience: int = Field(default=2, ge=1, le=1000)
    """Evaluations without a new best, in a row, that end the training."""
    eval_steps: int | None = Field(default=None, ge=1, le=100_000_000)
    """Steps between evaluations: practice, validation loss and samples; at ends of epochs when not
    set."""
    sample_prompts: tuple[str, ...] | None = None
    """Prompts that are answered before the first step and at each evaluation, into samples.jsonl,
    so that one sees the model change; a few practice questions, or of the rows, when not set."""
    checkpoint_seconds: float = Field(
        default=45.0, ge=0.0, le=86_400.0, json_schema_extra={"unit": "s"}
    )
    """A checkpoint is saved at least this often: the work that a crash can lose."""
    save_total_limit: int = Field(default=2, ge=1, le=1000)
    """Checkpoints that are kept; older ones are deleted. With `save_steps`, of those alone."""
    save_steps: int | None = Field(default=None, ge=1, le=100_000_000)
    """A checkpoint is also saved after every so many steps, and `save_total_limit` of these are
    kept after the end too, to talk with (`loresmith chat RUN --checkpoint STEP`)."""

    report_to: tuple[WatcherName, ...] = ()
    """Programs that the training can be watched with while it runs. Each needs its own package;
    wandb and swanlab without a key write files in the run's folder, to be sent later."""
    run_name: str | None = None
    """What the training is called there; the name of its folder when not set."""
    profile_steps: int = Field(default=0, ge=0, le=1000)
    """So many steps, after the first two, are traced by torch's profiler: `profile/trace.json` in
    the run's folder shows where their time and memory went."""
    processes: int | None = Field(default=None, ge=1, le=1024)
    """Processes of this machine that share the rows of each step: one for each card when not set.
    The result is that of one process. More than one are of use on a CPU for a trial only."""
    rank_timeout: float = Field(
        default=1800.0, gt=0.0, le=604_800.0, json_schema_extra={"unit": "s"}
    )
    """How long one of several processes waits in a step for the others, before it gives up."""
    fsdp: Literal["off", "full_shard", "shard_grad_op"] = "off"
    """Cut the model into as many shards as there are processes (torch's FSDP): `full_shard` brings
    a layer together only while it is computed, `shard_grad_op` keeps it until the step's backward
    pass. Practice questions are not asked then, and the last weights are delivered."""
    fsdp_offload: bool = False
    """Keep the shards of `fsdp` in main memory while the card does not need them: slower, for
    models that do not fit otherwise."""
    deepspeed: str | None = None
    """Train by DeepSpeed on cards: a preset (`zero2`, `zero2_offload`, `zero3`, `zero3_offload`) or
    a JSON file as DeepSpeed has it; what is `auto` there is filled in from these settings. Practice
    questions are not asked then, and the last weights are delivered."""

    @field_validator("chat_template")
    @classmethod
    def _is_there(cls, name: str | None) -> str | None:
        try:
            if name:
                known_name(name)
        except RecipeError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return name or None

    def train(
        self,
        examples: Sequence[TrainingRow],
        *,
        base: Path,
        folder: Path,
        seed: int,
        device: Device,
        evaluate: Callable[[ChatModel], float] | None = None,
        validation: Sequence[TrainingRow] = (),
        on_progress: Callable[[TrainingProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        sample_prompts: Sequence[str] = (),
    ) -> TrainingResult:
        """Fine-tunes the model in `base` on `examples`, rows of the kind that the stage takes;
        everything is written below `folder`.

        Called again with the same arguments it goes on where the last attempt was stopped, or
        returns what was finished. `evaluate` scores the model on practice questions (higher is
        better); `validation` rows are only measured; `sample_prompts` are answered at each
        evaluation where the settings name no others. Raises JobCancelled when `should_stop` says
        so or at Ctrl-C (a checkpoint is saved first), Conflict when another process trains in
        `folder`, and TrainingError when it cannot go on.
        """
        from loresmith.training.fine_tune import fine_tune
        from loresmith.training.loop import Callbacks

        callbacks = Callbacks(evaluate, on_progress, should_stop, tuple(sample_prompts))
        return fine_tune(
            self,
            examples,
            validation,
            base=base,
            folder=folder,
            seed=seed,
            device=device,
            callbacks=callbacks,
        )

    @abstractmethod
    def default_learning_rate(self, parameters: int) -> float:
        """The peak learning rate for a base model with so many parameters."""

    @property
    @abstractmethod
    def default_epochs(self) -> float:
        """Epochs for a corpus that is large enough to fill `min_steps` with them."""

    def obstacles(self, *, base: Path | None) -> Iterator[TrainingError]:
        """What would end this training on this machine, before anything is loaded.

        `base` is the folder of the base model; None where it has not been downloaded yet, and then
        nothing is compared with it.
        """
        from loresmith.training.placement import placement_obstacles

        del base
        yield from optimizer_obstacles(self.optimizer)
        yield from watcher_obstacles(self.report_to)
        yield from placement_obstacles(self)

    def wrong_names(self, *, base: Path) -> Iterator[TrainingError]:
        """What these settings name of the model in `base` that it has not, where that can be told
        without loading it. Takes seconds where something is named; training itself finds it too."""
        del base
        yield from ()

    def notes(self) -> tuple[str, ...]:
        """What a user should know of how these settings will be followed; mostly nothing."""
        return ()

    def content(self) -> str:
        """Equal for equal files, beside rows and base model, that a training starts from."""
        return ""

    def rate_factor(self, name: str) -> float:
        """How many times the learning rate the parameter of this name learns at."""
        del name
        return 1.0

    def load(self, base: Path, *, device: Device, precision: Precision) -> Loaded:
        """The base model and its tokenizer, in fp32 whatever `precision` it is computed in."""
        del precision
        return load_base(base, device=device, dtype="float32")

    def computed_in(self, device: Device) -> Precision:
        """The number format of the computing on this device."""
        fast = self.precision == "bf16" or (self.precision == "auto" and device.bf16)
        return "bf16" if fast else "fp32"

    def held(self, shape: ModelShape, *, precision: Precision) -> Held:
        """How much of a model of this shape is held and learned, to tell the memory that it needs:
        here all of it, in fp32."""
        # Autocast keeps what it has turned into bf16 until a pass is done.
        return Held(shape.bytes_in(6 if precision == "bf16" else 4), shape.parameters)

    @abstractmethod
    def prepare(self, model: Any, *, base: Path) -> Any:
        """The model to train, with `requires_grad` set on what is learned and only there."""

    @abstractmethod
    def save_weights(self, model: Any, folder: Path) -> None:
        """Writes what is learned, exactly."""

    @abstractmethod
    def load_weights(self, model: Any, folder: Path) -> None:
        """Puts back what `save_weights` wrote."""

    @abstractmethod
    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:
        """Writes the result for use, in the layout that peft or transformers loads.

        Whole weights are written as `dtype`, such as `bfloat16`.
        """

    @property
    @abstractmethod
    def delivery(self) -> Literal["adapter", "model"]:
        """What is delivered; also the name of its folder."""
