"""What processes that share a step ask one another: all of them as often, whatever befalls one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from loresmith.training.ranks import Ranks
from loresmith.training.row_log_probs import RowForward
from loresmith.training.rows import Row
from loresmith.training.stages import Kto
from loresmith.training.stages.kto import Feedback


class _Counted(Ranks):
    """A lone process that counts how often it would have waited for others."""

    def __init__(self) -> None:
        self.met = 0

    def sums_of(self, here: Sequence[float]) -> list[float]:
        self.met += 1
        return super().sums_of(here)


class _ShortOfMemory(RowForward):
    """Has no memory for the first pass that learns."""

    failed = False

    def learn(self, rows: Sequence[Row], loss_of: Callable[[Any], Any], **options: Any) -> Any:
        if not self.failed:
            self.failed = True
            raise MemoryError
        return super().learn(rows, loss_of, **options)


def test_a_process_that_does_a_step_of_kto_again_does_not_ask_the_others_again(
    base: Path,
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    ranks = _Counted()
    forward = _ShortOfMemory(
        model, device="cpu", precision="fp32", pad_id=0, pass_tokens=64, ranks=ranks
    )
    own, strange = (Row([start, 5, 6, 7], [False, False, True, True]) for start in (3, 4))
    items = [Feedback(own, strange, True), Feedback(strange, own, False)]
    objective = Kto().objective(forward)
    with pytest.raises(MemoryError):
        objective.backward(items)
    again = objective.backward(items)
    assert ranks.met == 2, "once about the drift, once about the loss"
    assert objective.backward(items) == again, "a step later the drift is asked for anew"
    assert ranks.met == 4
