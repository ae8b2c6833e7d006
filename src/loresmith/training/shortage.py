"""Why: when memory runs out within a step, the step is done again with less at once.

An optimizer step learns from the same rows either way, and its gradients are the same sum: only how
many of them go through the model at once is halved. What is random in a step (dropout, noise) is
drawn again from where the step began, so that a failed try leaves no trace.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from loresmith.errors import OutOfDeviceMemory
from loresmith.training.forward import Forward
from loresmith.training.method import TrainingMethod
from loresmith.training.random_state import random_state, set_random_state
from loresmith.training.rows import Row
from loresmith.training.stages.stage import Objective, StepLoss

_SIGNS = ("not enough memory", "can't allocate memory", "bad_alloc")


class Fitting:
    """Takes rows through a model, and less of them at once from where memory ran out."""

    def __init__(
        self,
        objective: Objective,
        model: Any,
        method: TrainingMethod,
        *,
        device: str,
        saves_memory: bool,
        on_note: Callable[[str], None],
    ) -> None:
        self._objective = objective
        self._forward: Forward = objective.forward
        self._model = model
        self._method = method
        self._device = device
        self.on_note = on_note
        self.saves_memory = saves_memory
        """Whether activations are computed twice."""

    @property
    def pass_tokens(self) -> int:
        """Tokens that go through the model at once."""
        return self._forward.pass_tokens

    def as_before(self, *, pass_tokens: int | None, saves_memory: bool) -> None:
        """Goes on with what an earlier attempt found to fit."""
        if pass_tokens is not None:
            self._forward.pass_tokens = min(self._forward.pass_tokens, pass_tokens)
        if saves_memory and not self.saves_memory:
            self._save_memory()

    def backward(self, items: Sequence[Any]) -> StepLoss:
        """`Objective.backward`; raises OutOfDeviceMemory when one item alone does not fit."""
        return self._until_it_fits(lambda: self._objective.backward(items))

    def measure(self, items: Sequence[Any]) -> StepLoss:
        """`Objective.measure`; raises OutOfDeviceMemory when one item alone does not fit."""
        return self._until_it_fits(lambda: self._objective.measure(items))

    def _until_it_fits(self, compute: Callable[[], StepLoss]) -> StepLoss:
        before = random_state()
        while True:
            try:
                return compute()
            except (RuntimeError, MemoryError) as error:
                if not is_shortage(error):
                    raise
                said = first_line(error)
            # Here, the error is gone, and with it what its frames held.
            self._forget_gradients()
            self._take_less(said)
            set_random_state(before, device=self._device)

    def _take_less(self, said: str) -> None:
        failed = self._forward.under_way
        tokens = self._forward.tokens_of(failed) if failed else 0
        if self._forward.in_step and self._forward.ranks.world_size > 1:
            raise _among_several(tokens, said)
        if len(failed) > 1 and tokens <= self._forward.pass_tokens:  # more than one item's rows
            self._forward.pass_tokens = tokens // 2
            self.on_note(
                f"memory ran out with {tokens} tokens at once: from now on at most {tokens // 2} "
                "go through the model at once; what a step learns is the same"
            )
        elif self._method.gradient_checkpointing == "auto" and not self.saves_memory:
            self._save_memory()
            self.on_note("memory ran out with one row: gradient checkpointing is on from now on")
        else:
            raise _does_not_fit(failed[0] if failed else Row([], []), self._method, said)

    def _save_memory(self) -> None:
        checkpoint_activations(self._model)
        self.saves_memory = True

    def _forget_gradients(self) -> None:
        for parameter in self._model.parameters():
            parameter.grad = None
        give_back_memory()


def checkpoint_activations(model: Any) -> None:
    """Lets the model compute its activations twice, to hold fewer of them.

    The method has a new name from transformers 5.20 on, and the old one warns.
    """
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    old, new = "gradient_checkpointing_enable", "activation_checkpointing_enable"
    getattr(inner, new if hasattr(inner, new) else old)({"use_reentrant": False})


def give_back_memory() -> None:
    """Lets the device have again what nothing holds any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_shortage(error: BaseException) -> bool:
    """Whether this is how torch says that a device has no memory left."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(sign in str(error) for sign in _SIGNS)


def first_line(error: BaseException) -> str:
    """What an error says, without the rest of it."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def shortage_explained(*, practice: bool) -> Iterator[None]:
    """Within this (practice, or a step of the optimizer) a device without memory left raises
    OutOfDeviceMemory."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_shortage(error):
            raise
        said = first_line(error)
        if practice:
            raise OutOfDeviceMemory(
                f"the device has no memory left for practice: {said}",
                hint="Take a smaller base model, or shorter questions. The last checkpoint is "
                "kept.",
            ) from error
        raise OutOfDeviceMemory(
            f"the device has no memory left for a step of the optimizer: {said}",
            hint="Take training.optimizer adafactor or adamw_bnb_8bit, training.type lora, or a "
            "smaller base model. The last checkpoint is kept.",
        ) from error


def _among_several(tokens: int, said: str) -> OutOfDeviceMemory:
    """Where the processes go through shards of the model in step, none can do a pass again."""
    return OutOfDeviceMemory(
        f"the device has no memory for {tokens} tokens at once: {said}",
        hint=f"Set training.pass_tokens to {max(16, tokens // 2)}, or "
        "training.gradient_checkpointing to on. The last checkpoint is kept.",
    )


def _does_not_fit(row: Row, method: TrainingMethod, said: str) -> OutOfDeviceMemory:
    length = len(row.input_ids)
    return OutOfDeviceMemory(
        f"the device has no memory for the row {row.id} alone, which has {length} tokens: {said}",
        hint=f"What would help: {'; '.join(_what_would_help(method, length))}. "
        "The last checkpoint is kept.",
    )


def _what_would_help(method: TrainingMethod, length: int) -> Iterator[str]:
    if method.gradient_checkpointing == "off":
        yield "training.gradient_checkpointing auto or on"
    yield f"training.max_length below {length}, with training.too_long shorten to keep such rows"
    if method.precision == "fp32":
        yield "training.precision auto or bf16"
    settings = method.model_dump()
    if settings["type"] != "lora":
        yield "training.type lora"
    elif settings.get("quantization") is None:
        yield "training.quantization 4 (QLoRA)"
    yield "a smaller base model"
