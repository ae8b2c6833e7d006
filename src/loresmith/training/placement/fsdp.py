"""Why: a model that no card can hold with its gradients and optimizer is cut into shards.

By torch's FSDP2: each process keeps a slice of every weight, and a layer is brought together while
it is computed (https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.training.method import TrainingMethod
from loresmith.training.placement.copies import Copies, shared_state
from loresmith.training.placement.twin import KeptState, empty_twin
from loresmith.training.ranks import Ranks


class FullyShardedCopies(Copies):
    """Weights, gradients and optimizer are cut into as many shards as there are processes."""

    in_step = True

    def __init__(self, model: Any, method: TrainingMethod, ranks: Ranks, device: Device) -> None:
        self._twin = empty_twin(model)
        shard = "full_shard" if method.fsdp == "full_shard" else "shard_grad_op"
        _shard(model, device, reshard=shard == "full_shard", offload=method.fsdp_offload)
        super().__init__(model, method, ranks)

    def backward(self, loss: Any, *, last: bool) -> None:
        """See `Copies`; FSDP takes the mean of all processes' gradients, and what is wanted is the
        sum: each loss was divided by the tokens of all of them."""
        self.model.set_requires_gradient_sync(last)
        (loss * self._ranks.world_size).backward()

    def clip_gradients(self, max_norm: float) -> float:
        """See `Copies`; the gradients of a pass were added up with it already."""
        import torch

        norm: Any = torch.nn.utils.clip_grad_norm_(self._parameters, max_norm)
        return float(norm.full_tensor())

    def whole_model(self) -> Any:
        """A twin of the model in the first process's main memory, with all weights."""
        _let_go_of_layers(self.model)
        for own, parameter in self._pairs():
            whole = parameter.detach().full_tensor()
            if self._ranks.first:
                own.data = whole.cpu()
        return self._twin

    def optimizer_state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.optimizer.state_dict()
        entries = {}
        for number, entry in state["state"].items():
            whole = {name: _whole(value) for name, value in entry.items()}
            if self._ranks.first:
                entries[number] = whole
        return {**state, "state": entries}

    def let_go(self) -> None:
        for own, _ in self._pairs():
            own.data = own.data.new_empty(0)

    def restore(self, read: Callable[[Any, Any], None]) -> None:
        import torch

        kept = KeptState()
        twin = self.whole_model()
        if self._ranks.first:
            read(twin, kept)
        with torch.no_grad():
            for own, parameter in self._pairs():
                whole = self._ranks.from_first(own.detach)
                parameter.copy_(_slice(whole, parameter))
        self.let_go()
        state = shared_state(self._ranks, kept.state)
        owners = [p for group in self.optimizer.param_groups for p in group["params"]]
        for number, entry in state["state"].items():
            owner = owners[number]
            for name, value in entry.items():
                if hasattr(value, "shape") and value.shape == owner.shape:
                    entry[name] = _slice(value, owner)
        self.optimizer.load_state_dict(state)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        return zip(self._twin.parameters(), self.model.parameters(), strict=True)


def _shard(model: Any, device: Device, *, reshard: bool, offload: bool) -> None:
    """Cuts each layer on its own, and the rest together."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import CPUOffloadPolicy, OffloadPolicy, fully_shard

    count = _processes()
    mesh = init_device_mesh("cpu" if device.kind == "cpu" else "cuda", (count,))
    policy = CPUOffloadPolicy() if offload and device.kind != "cpu" else OffloadPolicy()
    for module in [*_layers(model), model]:
        fully_shard(module, mesh=mesh, reshard_after_forward=reshard, offload_policy=policy)


def _let_go_of_layers(model: Any) -> None:
    """Leaves the shards alone, where a forward pass without a backward pass kept whole layers."""
    from torch.distributed.fsdp import FSDPModule

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def _layers(model: Any) -> list[Any]:
    from torch.nn import ModuleList

    lists = {n: m for n, m in model.named_modules() if isinstance(m, ModuleList) and len(m)}
    if not lists:
        raise TrainingError(
            "this model has no list of layers to cut into shards",
            hint="Set training.fsdp to off, or take a model of a usual family.",
        )
    outermost = min(lists, key=lambda name: (name.count("."), -len(lists[name])))
    return list(lists[outermost])


def _processes() -> int:
    import torch.distributed as dist

    return int(dist.get_world_size())


def _whole(value: Any) -> Any:
    """All of a shard, on the CPU; what is no shard stays as it is."""
    return value.full_tensor().cpu() if hasattr(value, "full_tensor") else value


def _slice(whole: Any, parameter: Any) -> Any:
    """This process's part of `whole`, cut as `parameter` is; nothing is sent."""
    from torch.distributed.tensor import distribute_tensor

    mesh = parameter.device_mesh
    part = distribute_tensor(
        whole.to(mesh.device_type, parameter.dtype), mesh, parameter.placements, src_data_rank=None
    )
    return part.to(parameter.device)
