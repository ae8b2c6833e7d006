"""A training that has gone wrong for good is stopped with a diagnosis; a healthy one never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.records import Example
from loresmith.training import Full
from loresmith.training.divergence import DivergenceWatch


def watch(losses: list[float] | None = None, precision: str = "bf16") -> DivergenceWatch:
    return DivergenceWatch(peak_rate=1e-3, precision=precision, losses=losses or [])


@pytest.mark.parametrize(("loss", "norm"), [(float("nan"), 1.0), (2.0, float("inf"))])
def test_numbers_that_are_none_are_told_with_what_to_change(loss: float, norm: float) -> None:
    looking = watch()
    looking.look(loss=3.0, norm=1.0, rate=1e-4)
    with pytest.raises(TrainingError, match="at step 2") as error:
        looking.look(loss=loss, norm=norm, rate=1e-4)
    assert "peak is 0.001" in error.value.hint and "fp32" in error.value.hint
    with pytest.raises(TrainingError) as error:
        watch(precision="fp32").look(loss=loss, norm=norm, rate=1e-4)
    assert "set precision" not in error.value.hint


def test_a_gradient_that_stays_exploded_while_the_loss_is_high_ends_it() -> None:
    looking = watch()
    for _ in range(40):
        looking.look(loss=2.0, norm=1.0, rate=1e-3)
    with pytest.raises(TrainingError, match="the training diverges") as error:
        for _ in range(30):
            looking.look(loss=9.0, norm=500.0, rate=1e-3)
    assert "Lower the learning rate" in error.value.hint


def test_a_gradient_that_is_long_for_a_while_or_at_a_low_loss_does_not() -> None:
    looking = watch()
    for _ in range(40):
        looking.look(loss=2.0, norm=1.0, rate=1e-3)
    for _ in range(5):
        for _ in range(29):
            looking.look(loss=9.0, norm=500.0, rate=1e-3)
        looking.look(loss=2.0, norm=1.0, rate=1e-3)
    for _ in range(60):
        looking.look(loss=1.0, norm=500.0, rate=1e-3)


@pytest.mark.parametrize(
    ("loss", "norm", "rate", "told"),
    [
        (0.0, 0.0, 0.0, "the learning rate is 0"),
        (0.0, 0.0, 1e-4, "no gradient reaches"),
        (2.0, 0.0, 1e-4, "no gradient reaches"),
        (2.0, 1.0, 0.0, "the learning rate is 0"),
    ],
)
def test_first_steps_that_learn_nothing_end_it(
    loss: float, norm: float, rate: float, told: str
) -> None:
    looking = watch()
    for _ in range(9):
        looking.look(loss=loss, norm=norm, rate=rate)
    with pytest.raises(TrainingError, match=told):
        looking.look(loss=loss, norm=norm, rate=rate)


def test_a_model_that_knows_its_rows_by_heart_is_left_alone() -> None:
    looking = watch()
    for step in range(200):
        looking.look(loss=max(0.0, 3.0 - step / 20), norm=0.0 if step > 60 else 1.0, rate=1e-4)
    resumed = watch([2.0] * 50)
    for _ in range(50):
        resumed.look(loss=0.0, norm=0.0, rate=1e-4)


@given(st.lists(st.tuples(st.floats(1e-6, 20.0), st.floats(1e-3, 0.09)), min_size=1, max_size=200))
def test_steps_with_gradients_of_like_length_are_never_stopped(
    steps: list[tuple[float, float]],
) -> None:
    looking = watch()
    for loss, norm in steps:
        looking.look(loss=loss, norm=norm, rate=1e-4)


def test_a_training_without_any_gradient_is_stopped_early(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    def cut(module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor | None:
        return output * 0.0 if isinstance(module, torch.nn.Linear) and module.training else None

    hook = torch.nn.modules.module.register_module_forward_hook(cut)
    method = Full(max_steps=60, batch_size=4, learning_rate=1e-3)
    try:
        with pytest.raises(TrainingError, match="nothing is learned: after 10 steps"):
            method.train(examples, base=base, folder=tmp_path, seed=0, device=device)
    finally:
        hook.remove()
    lines = (tmp_path / "trainer_log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["current_steps"] for line in lines] == [*range(1, 10)]
