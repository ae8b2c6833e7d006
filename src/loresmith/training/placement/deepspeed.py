"""Why: users of DeepSpeed keep their files: ZeRO's stages and offload, through accelerate.

DeepSpeed owns the gradients then: it adds them up, clips them and takes the optimizer's step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from loresmith.errors import TrainingError
from loresmith.training.method import TrainingMethod
from loresmith.training.placement.copies import Copies
from loresmith.training.placement.deepspeed_config import Filling, filled, read_deepspeed
from loresmith.training.placement.twin import KeptState, empty_twin
from loresmith.training.ranks import Ranks


class DeepSpeedCopies(Copies):
    """A model in DeepSpeed's engine."""

    in_step = True

    def __init__(self, model: Any, method: TrainingMethod, ranks: Ranks, *, bf16: bool) -> None:
        super().__init__(model, method, ranks)
        assert method.deepspeed is not None  # asked for
        settings = read_deepspeed(method.deepspeed)
        by = Filling(
            processes=ranks.world_size,
            max_grad_norm=method.max_grad_norm,
            bf16=bf16,
            hidden_size=getattr(model.config, "hidden_size", 1024),
        )
        self._in_shards = settings.stage == 3
        self._twin = empty_twin(model)
        self._engine, self.optimizer = _engine(model, self.optimizer, filled(settings, by))

    @property
    def called(self) -> Any:
        return self._engine

    def backward(self, loss: Any, *, last: bool) -> None:
        """See `Copies`; DeepSpeed takes the mean of all processes' gradients, we want the sum."""
        self._engine.set_gradient_accumulation_boundary(is_boundary=last)
        self._engine.backward(loss * self._ranks.world_size)

    def clip_gradients(self, max_norm: float) -> float:  # noqa: ARG002
        """Takes the step too: in DeepSpeed's engine the two are one."""
        self._engine.step()
        norm = self._engine.get_global_grad_norm()
        return float(norm) if norm is not None else 0.0

    def step(self) -> None:
        """Done with `clip_gradients`."""

    def whole_model(self) -> Any:
        """A twin of the model in the first process's main memory, with all weights."""
        self._engine.empty_partition_cache()  # what a pass without backward fetched ahead
        for own, parameter in self._pairs():
            with self._whole(parameter, changed=False):
                if self._ranks.first:
                    own.data = parameter.detach().to("cpu", copy=True)
        return self._twin

    def optimizer_state(self) -> dict[str, Any]:
        """Every process's part, by rank: it is gone on with by as many processes."""
        return {"parts": self._ranks.gathered(_plain(self._engine.optimizer.state_dict()))}

    def let_go(self) -> None:
        for own, _ in self._pairs():
            own.data = own.data.new_empty(0)

    def restore(self, read: Callable[[Any, Any], None]) -> None:
        kept, twin = KeptState(), self.whole_model()
        if self._ranks.first:
            read(twin, kept)
        for own, parameter in self._pairs():
            with self._whole(parameter, changed=True):
                if self._ranks.first:
                    parameter.data.copy_(own)
            if not self._in_shards:
                self._ranks.copy_from_first([parameter])
        self.let_go()
        count = self._ranks.from_first(lambda: len(kept.state["parts"]))
        if count != self._ranks.world_size:
            raise TrainingError(
                f"the last checkpoint is of {count} processes with DeepSpeed, and there are "
                f"{self._ranks.world_size}",
                hint="Go on with as many processes, or begin anew in another folder.",
            )
        # What is not kept (a scaler of losses, which bf16 does not use) is as it was made.
        made = self._engine.optimizer.state_dict()
        parts = [{**made, **self._ranks.from_first(partial(_part, kept, n))} for n in range(count)]
        self._engine.optimizer.load_state_dict(parts, load_optimizer_states=True)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        return zip(self._twin.parameters(), self.model.parameters(), strict=True)

    def _whole(self, parameter: Any, *, changed: bool) -> AbstractContextManager[Any]:
        """Within this, all of the weight is here; what the first process changes of it is kept."""
        if not self._in_shards:
            return nullcontext()
        import deepspeed

        context: AbstractContextManager[Any] = deepspeed.zero.GatheredParameters(
            [parameter], modifier_rank=0 if changed else None
        )
        return context


def _part(kept: KeptState, number: int) -> Any:
    return kept.state["parts"][number]


def _engine(model: Any, optimizer: Any, config: dict[str, Any]) -> tuple[Any, Any]:
    from accelerate import Accelerator
    from accelerate.utils import DeepSpeedPlugin

    plugin = DeepSpeedPlugin(hf_ds_config=config, zero3_init_flag=False)
    accelerator = Accelerator(deepspeed_plugin=plugin)
    engine, wrapped = accelerator.prepare(model, optimizer)
    return engine, wrapped


def _plain(state: dict[Any, Any]) -> dict[Any, Any]:
    """What of a state is tensors, numbers and text, in main memory; nothing else is kept."""
    kept = {key: _plain_value(value) for key, value in state.items()}
    return {key: value for key, value in kept.items() if value is not _NOT_KEPT}


def _plain_value(value: Any) -> Any:
    if hasattr(value, "cpu"):
        return value.cpu()
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain_value(inner) for inner in value]
    return value if type(value) in (int, float, bool, str, type(None)) else _NOT_KEPT


_NOT_KEPT = object()
