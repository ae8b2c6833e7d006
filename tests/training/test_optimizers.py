from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.local import load_base
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example
from loresmith.training import Full, Lora, TrainingResult
from loresmith.training.forward import Forward
from loresmith.training.optimizers import OptimizerName, make_optimizer, set_learning_rate
from loresmith.training.order import Order
from loresmith.training.plan import make_plan
from loresmith.training.rows import encode_rows
from stopped_training import stop_after
from tiny_training import train

RATES = {
    "adamw_torch": 1e-2,
    "adamw_torch_fused": 1e-2,
    "adafactor": 1e-2,
    "sgd": 0.5,
    "adagrad": 5e-2,
    "rmsprop": 2e-3,
    "adamax": 2e-2,
    "nadam": 1e-2,
    "radam": 1e-2,
}
"""Those that need no package, each at a rate at which it learns."""
NEED_A_PACKAGE = sorted(set(get_args(OptimizerName)) - set(RATES))
OFTEN_CHOSEN = {"adamw_8bit", "lion_8bit", "paged_adamw_32bit"}


def full(name: str, **settings: Any) -> Full:
    return Full(
        optimizer=name,  # type: ignore[arg-type]
        learning_rate=RATES[name],
        num_epochs=30,
        scheduler="constant",
        batch_size=4,
        **settings,
    )


@pytest.mark.parametrize("name", RATES)
def test_a_model_learns_with_it(
    name: str, base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    losses = train(full(name), examples, base, tmp_path, device).losses
    assert sum(losses[-4:]) / 4 < 0.7 * losses[0]


def stopped_and_resumed(
    method: Full | Lora, examples: list[Example], base: Path, folder: Path, device: Device
) -> TrainingResult:
    stop_after(7, method, examples, base=base, folder=folder, seed=5, device=device)
    return train(method, examples, base, folder, device)


@pytest.mark.parametrize("name", sorted(set(RATES) - {"adamw_torch_fused"}))
@pytest.mark.parametrize("scheduler", ["inverse_sqrt"])
def test_a_stopped_training_goes_on_with_the_same_losses(
    name: str,
    scheduler: str,
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    method = full(name).model_copy(update={"max_steps": 16, "scheduler": scheduler})
    whole = train(method, examples, base, tmp_path / "whole", device)
    resumed = stopped_and_resumed(method, examples, base, tmp_path / "stopped", device)
    assert resumed.losses == whole.losses
    assert any("goes on after step 7" in note for note in resumed.notes)


def test_the_default_takes_the_very_steps_of_a_plain_loop_with_adamw(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    """Bit for bit: settings that nobody touched must never change a training."""
    import torch

    torch.set_num_threads(1)
    method = Full(num_epochs=4, batch_size=3, weight_decay=0.1)
    result = train(method, examples, base, tmp_path, device)
    model, tokenizer = load_base(base, device=device, dtype="float32")
    rows = encode_rows(examples, ChatTemplate(tokenizer), max_length=512).kept
    plan = make_plan(method, rows=len(rows), parameters=sum(p.numel() for p in model.parameters()))
    model.train()
    forward = Forward(model, device="cpu", precision="fp32", pad_id=2, pass_tokens=4096)
    forward.choose(rows, "auto")
    learned = list(model.parameters())
    groups = [
        {"params": [p for p in learned if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in learned if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.0, fused=True)
    order = Order(rows, steps_per_epoch=plan.steps_per_epoch, seed=5)
    losses = []
    for step in range(plan.total_steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate_at(step)
        with forward.ready():
            losses.append(forward.backward(order.rows_of_step(step)))
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    assert result.losses == tuple(losses)


def test_betas_epsilon_and_decay_reach_the_optimizer() -> None:
    import torch

    named = [
        ("matrix", torch.nn.Parameter(torch.ones(2, 2))),
        ("vector", torch.nn.Parameter(torch.ones(2))),
    ]
    method = Full(adam_beta1=0.8, adam_beta2=0.95, adam_epsilon=1e-6, weight_decay=0.2)
    optimizer = make_optimizer(method, named)
    set_learning_rate(optimizer, 0.5)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.2, 0.0]
    for group in optimizer.param_groups:
        assert (group["betas"], group["eps"], group["lr"]) == ((0.8, 0.95), 1e-6, 0.5)


@pytest.mark.parametrize("name", NEED_A_PACKAGE)
def test_one_whose_package_is_missing_is_refused_with_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (error,) = Lora.model_validate({"optimizer": name}).obstacles(base=None)
    assert name in error.message
    assert "pip install " in error.hint


@pytest.mark.usefixtures("without_bitsandbytes")
def test_it_is_refused_before_anything_is_loaded(
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    with pytest.raises(TrainingError, match="needs the package bitsandbytes"):
        train(Lora(optimizer="lion_8bit"), examples, tmp_path / "nowhere", tmp_path, device)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in OFTEN_CHOSEN else pytest.mark.slow)
        for name in NEED_A_PACKAGE
    ],
)
def test_one_whose_package_is_there_works_or_says_at_once_that_it_does_not(
    name: str, base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Full(optimizer=name, learning_rate=1e-3, max_steps=20, batch_size=4)  # type: ignore[arg-type]
    obstacles = list(method.obstacles(base=base))
    if obstacles:
        with pytest.raises(TrainingError, match=name):
            train(method, examples, base, tmp_path, device)
        return
    whole = train(method, examples, base, tmp_path / "whole", device)
    assert whole.losses[-1] < whole.losses[0]
    resumed = stopped_and_resumed(method, examples, base, tmp_path / "stopped", device)
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("adamw_troch", "did you mean adamw_torch?"),
        ("galore_adamw", "not offered: it wants settings, a training loop or hardware of its own"),
        ("schedule_free_sgd", "to save memory take adafactor"),
    ],
)
def test_an_unknown_optimizer_is_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason.replace("?", r"\?")):
        Full(optimizer=name)  # type: ignore[arg-type]
