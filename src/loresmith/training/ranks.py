"""Why: several processes train one model as if they were one: they add up, agree and wait here.

Which process this is stands in the environment, in the words of torchrun: `RANK`, `WORLD_SIZE`,
`LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT`. A process that stands alone does everything itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from loresmith import errors
from loresmith.component import content_id
from loresmith.devices import Device
from loresmith.errors import LoresmithError, RankLost, TrainingError

T = TypeVar("T")

_SUMMED_AT_ONCE = 2**24  # numbers of gradients: 64 MiB in fp32
_AS_LONG_AS_IT_TAKES = timedelta(days=30)
"""How long others wait for the first one's practice or checkpoint; who died is told otherwise."""
_SIGNS_OF_LOSS = ("connection closed", "connection reset", "timed out", "timeout", "broken pipe")


class Sized(Protocol):
    """What is learned as one: a row, or a pair of them."""

    @property
    def tokens(self) -> int:
        """How much work it is."""


SizedT = TypeVar("SizedT", bound=Sized)


class Ranks:
    """A process that trains alone: the first of one."""

    rank = 0
    world_size = 1

    @property
    def first(self) -> bool:
        """Whether this process writes, tells and asks what has to be done once."""
        return self.rank == 0

    def share_of(self, items: Sequence[SizedT]) -> list[SizedT]:
        """What this process learns of a step's rows, or pairs of rows."""
        return list(items)

    def any(self, here: bool) -> bool:
        """Whether it is so in any of the processes: how all of them come to the same decision."""
        return here

    def most(self, here: int) -> int:
        """The largest of all processes' numbers."""
        return here

    def sum_of(self, here: float) -> float:
        """All processes' numbers added up."""
        return self.sums_of([here])[0]

    def sums_of(self, here: Sequence[float]) -> list[float]:
        """The same of as many numbers in each process, each by its place."""
        return list(here)

    def sum_gradients(self, parameters: Iterable[Any]) -> None:
        """Gives each parameter, as its gradient, the sum of all processes' gradients."""

    def copy_from_first(self, tensors: Iterable[Any]) -> None:
        """Makes each tensor what it is in the first process."""

    def from_first(self, work: Callable[[], T]) -> T:
        """What `work` gives in the first process, which alone does it.

        What it raises of our errors is raised in all of them.
        """
        return work()

    def gathered(self, here: Any) -> list[Any]:
        """What each process has here, by rank; empty in all but the first."""
        return [here]

    def require_same(self, here: str, what: str) -> None:
        """Raises TrainingError unless all processes say the same `here`."""

    def seed_step(self, seed: int, step: int) -> None:
        """Lets what is drawn in a step follow from its number, so that a resume needs no more."""

    def wait(self) -> None:
        """Until all processes are here."""

    def device(self, device: Device) -> Device:
        """What this process computes on."""
        return device


class ManyRanks(Ranks):
    """One process of several, which have found each other."""

    def __init__(self, *, rank: int, world_size: int, local_rank: int, control: Any) -> None:
        self.rank = rank
        self.world_size = world_size
        self._local_rank = local_rank
        self._control = control

    def share_of(self, items: Sequence[SizedT]) -> list[SizedT]:
        """The longest first, each to the process that has the fewest tokens yet."""
        order = sorted(range(len(items)), key=lambda index: -items[index].tokens)
        tokens, own = [0] * self.world_size, []
        for index in order:
            least = tokens.index(min(tokens))
            tokens[least] += items[index].tokens
            if least == self.rank:
                own.append(index)
        return [items[index] for index in sorted(own)]

    def any(self, here: bool) -> bool:
        return self.most(int(here)) > 0

    def most(self, here: int) -> int:
        import torch
        from torch.distributed import ReduceOp

        return int(self._reduced(torch.tensor(here, dtype=torch.int64), ReduceOp.MAX))

    def sums_of(self, here: Sequence[float]) -> list[float]:
        import torch
        from torch.distributed import ReduceOp

        numbers = torch.tensor(list(here), dtype=torch.float64)
        summed: list[float] = self._reduced(numbers, ReduceOp.SUM).tolist()
        return summed

    def _reduced(self, numbers: Any, how: Any) -> Any:
        import torch.distributed as dist

        dist.all_reduce(numbers, op=how, group=self._control)
        return numbers

    def sum_gradients(self, parameters: Iterable[Any]) -> None:
        import torch
        import torch.distributed as dist

        for part in _parts(parameters):
            grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in part]
            flat = torch.cat([grad.reshape(-1) for grad in grads])
            dist.all_reduce(flat)
            summed = flat.split([grad.numel() for grad in grads])
            for parameter, grad, total in zip(part, grads, summed, strict=True):
                parameter.grad = grad.copy_(total.view_as(grad))

    def copy_from_first(self, tensors: Iterable[Any]) -> None:
        import torch.distributed as dist

        for tensor in tensors:
            whole = tensor.detach().contiguous()
            dist.broadcast(whole, src=0)
            if whole.data_ptr() != tensor.data_ptr():
                tensor.detach().copy_(whole)

    def from_first(self, work: Callable[[], T]) -> T:
        import torch.distributed as dist

        told: list[Any] = [None, None]  # a value, or an error
        raised: LoresmithError | None = None
        if self.first:
            try:
                told[0] = work()
            except LoresmithError as error:
                raised = error
                told[1] = [type(error).__name__, error.message, error.hint]
        dist.broadcast_object_list(told, src=0, group=self._control)
        if told[1] is not None:
            raise raised or _same_error(*told[1])
        result: T = told[0]
        return result

    def gathered(self, here: Any) -> list[Any]:
        import torch.distributed as dist

        found: list[Any] | None = [None] * self.world_size if self.first else None
        dist.gather_object(here, found, dst=0, group=self._control)
        return found or []

    def require_same(self, here: str, what: str) -> None:
        expected = self.from_first(lambda: here)
        if self.any(here != expected):
            raise TrainingError(
                f"the processes of this training do not have the same {what}",
                hint="Give each machine the same rows, base model, settings and versions.",
            )

    def seed_step(self, seed: int, step: int) -> None:
        import torch

        torch.manual_seed(int(content_id("step", seed, step, self.rank), 16) % 2**63)

    def wait(self) -> None:
        self.any(False)

    def device(self, device: Device) -> Device:
        import torch

        if device.kind == "cpu":
            return device
        cards = torch.cuda.device_count()
        if self._local_rank >= cards:
            raise TrainingError(
                f"there is no card for process {self.rank}: this machine has {cards}",
                hint="Set training.processes (or NPROC_PER_NODE) to the number of cards.",
            )
        name = f"cuda:{self._local_rank}"
        torch.cuda.set_device(name)
        return device.model_copy(update={"torch_device": name})


def world_size() -> int:
    """How many processes the environment says that there are; 1 where it says nothing."""
    told = os.environ.get("WORLD_SIZE", "1")
    return int(told) if told.isdigit() and "RANK" in os.environ else 1


def is_first_process() -> bool:
    """Whether this is the process that writes and tells what is done once."""
    return world_size() == 1 or os.environ.get("RANK") == "0"


@contextmanager
def join_ranks(device: Device, *, timeout: float) -> Iterator[Ranks]:
    """Finds the other processes of this training, if the environment says that there are any.

    A process that hears nothing of the others for `timeout` seconds in a step raises RankLost.
    """
    if world_size() == 1:
        yield Ranks()
        return
    import torch.distributed as dist

    rank, count = int(os.environ["RANK"]), world_size()
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    ours = not dist.is_initialized()
    try:
        with _loss_explained():
            if ours:
                dist.init_process_group(
                    "gloo" if device.kind == "cpu" else "cpu:gloo,cuda:nccl",
                    timeout=timedelta(seconds=timeout),
                    rank=rank,
                    world_size=count,
                )
            control = dist.new_group(backend="gloo", timeout=_AS_LONG_AS_IT_TAKES)
            yield ManyRanks(rank=rank, world_size=count, local_rank=local_rank, control=control)
    finally:
        if ours and dist.is_initialized():
            dist.destroy_process_group()


def _same_error(kind: str, message: str, hint: str) -> LoresmithError:
    known = getattr(errors, kind, TrainingError)
    if not issubclass(known, (TrainingError, errors.JobError, errors.Conflict)):
        known = TrainingError
    error: LoresmithError = known(message, hint=hint)
    return error


def _parts(parameters: Iterable[Any]) -> Iterator[list[Any]]:
    """Parameters of one kind of number together, a limited number of them at once."""
    part: list[Any] = []
    total = 0
    for parameter in parameters:
        if part and (part[0].dtype != parameter.dtype or total > _SUMMED_AT_ONCE):
            yield part
            part, total = [], 0
        part.append(parameter)
        total += parameter.numel()
    if part:
        yield part


@contextmanager
def _loss_explained() -> Iterator[None]:
    """Within this, that another process is gone or silent raises RankLost."""
    try:
        yield
    except RuntimeError as error:  # of torch.distributed all are
        told = str(error).strip().splitlines()[0][:200]
        if not any(sign in str(error).lower() for sign in _SIGNS_OF_LOSS):
            raise
        raise RankLost(
            f"another process of this training is gone or does not answer: {told}",
            hint="Look at what the other processes said. Run the same again to go on from the "
            "last checkpoint; training.rank_timeout says how long one waits.",
        ) from error
