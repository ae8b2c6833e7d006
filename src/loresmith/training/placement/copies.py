"""Why: the plainest way to train on several cards: each holds the whole model and a share of rows.

What else there is to do with weights that lie on several processes is said here too, for those
who cut them up: take a step, bring all weights together, and put them back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from loresmith.training.method import TrainingMethod
from loresmith.training.optimizers import make_optimizer
from loresmith.training.ranks import Ranks


class Copies:
    """Each process holds the whole model, and the gradients are added up after a step's passes.

    Every method is called in all processes at the same time.
    """

    in_step = False
    """Whether all processes must go through the model equally often."""

    def __init__(self, model: Any, method: TrainingMethod, ranks: Ranks) -> None:
        self.model = model
        learned = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.optimizer = make_optimizer(method, learned)
        self._ranks = ranks
        self._parameters = [parameter for _, parameter in learned]

    @property
    def called(self) -> Any:
        """What is called in the model's place."""
        return self.model

    def backward(self, loss: Any, *, last: bool) -> None:  # noqa: ARG002
        """Adds the gradients of one pass; `last` of a step's passes that are taken in step."""
        loss.backward()

    def clip_gradients(self, max_norm: float) -> float:
        """Ends a step's passes: adds up all processes' gradients and scales a longer one down.

        Returns the length that it had.
        """
        import torch

        self._ranks.sum_gradients(self._parameters)
        return float(torch.nn.utils.clip_grad_norm_(self._parameters, max_norm))

    def step(self) -> None:
        """Lets the optimizer take its step, and forgets the gradients."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def whole_model(self) -> Any:
        """The model with all weights, to be written; of use in the first process only."""
        return self.model

    def optimizer_state(self) -> dict[str, Any]:
        """The state of all weights' optimizer, to be written; of use in the first process only."""
        state: dict[str, Any] = self.optimizer.state_dict()
        return state

    def let_go(self) -> None:
        """Frees what `whole_model` brought together."""

    def restore(self, read: Callable[[Any, Any], None]) -> None:
        """Lets `read` change model and optimizer in the first process, and all others follow."""
        if self._ranks.first:
            read(self.model, self.optimizer)
        self._ranks.copy_from_first(self._parameters)
        if self._ranks.world_size > 1:
            state = shared_state(self._ranks, self.optimizer.state_dict())
            if not self._ranks.first:
                self.optimizer.load_state_dict(state)


def shared_state(ranks: Ranks, state: dict[str, Any]) -> dict[str, Any]:
    """The first process's state of an optimizer, on the CPU; sent a parameter at a time."""
    groups, numbers = ranks.from_first(lambda: (state["param_groups"], list(state["state"])))

    def entry(number: int) -> dict[str, Any]:
        found = state["state"][number]
        return {name: v.cpu() if hasattr(v, "cpu") else v for name, v in found.items()}

    entries = {number: ranks.from_first(partial(entry, number)) for number in numbers}
    return {"state": entries, "param_groups": groups}
