from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from loresmith.training import Full, Lora
from loresmith.training.plan import Plan, make_plan
from loresmith.training.schedules import SchedulerName


def rates(**settings: object) -> list[float]:
    method = Lora.model_validate({"learning_rate": 1e-3, "max_steps": 40, **settings})
    plan = make_plan(method, rows=80, parameters=10**8)
    return [plan.learning_rate_at(step) for step in range(plan.total_steps)]


def rates_of_transformers(name: str, *, warmup: int) -> list[float]:
    import torch
    from transformers import get_scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    options = {"num_warmup_steps": warmup, "num_training_steps": 40}
    scheduler = get_scheduler(name, optimizer, **options)
    found = []
    for _ in range(40):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("name", get_args(SchedulerName))
@pytest.mark.parametrize("warmup", [0, 10])
def test_after_its_peak_a_rate_is_that_of_transformers(name: str, warmup: int) -> None:
    expected = rates_of_transformers(name, warmup=warmup)[warmup:]
    assert rates(scheduler=name, warmup_steps=warmup)[warmup:] == pytest.approx(expected, rel=1e-9)


def test_warmup_steps_lead_evenly_to_the_peak_and_win_over_the_ratio() -> None:
    found = rates(warmup_steps=4, warmup_ratio=0.5, scheduler="linear")
    assert found[:5] == pytest.approx([0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3])
    assert found[5] < 1e-3
    assert rates(warmup_steps=0, warmup_ratio=0.5)[0] == 1e-3


def test_the_ratio_holds_where_no_steps_are_given() -> None:
    assert rates(warmup_ratio=0.25) == rates(warmup_steps=10)


def test_max_steps_win_over_epochs() -> None:
    plan = make_plan(Full(num_epochs=10, max_steps=7), rows=80, parameters=10**8)
    assert plan.total_steps == 7
    assert plan.epoch(7) == pytest.approx(0.7)
    assert max(plan.practice_steps()) == 7
    assert make_plan(Full(max_steps=33), rows=80, parameters=10**8).total_steps == 33


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cosine_with_min_lr", "settings of its own; take cosine"),
        ("warmup_stable_decay", "settings of its own; take cosine"),
        ("reduce_lr_on_plateau", "depends on the step alone; take cosine"),
        ("cosnie", "did you mean cosine?"),
    ],
)
def test_a_scheduler_that_is_not_there_is_refused_with_what_to_take(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason.replace("?", r"\?")):
        Lora(scheduler=name)  # type: ignore[arg-type]


def test_a_plan_is_noted_and_read_again() -> None:
    plan = make_plan(Lora(scheduler="inverse_sqrt"), rows=80, parameters=10**8)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
