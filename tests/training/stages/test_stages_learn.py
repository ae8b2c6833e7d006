"""Each stage learns, by every method: not only that it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.training import Freeze, Full, Lora, TrainingMethod, TrainingResult
from loresmith.training.stages import Stage
from training.stages.stage_rows import STAGES, rows_for

METHODS: dict[str, type[TrainingMethod]] = {"lora": Lora, "full": Full, "freeze": Freeze}
OTHER_WORDING = "Ship {}, at which berth is it?"


def train(
    method: TrainingMethod, base: Path, folder: Path, device: Device, *, held_out: bool = True
) -> TrainingResult:
    """On twelve questions; measured on others in other words."""
    words = {} if method.stage.shape == "text" else {"wording": OTHER_WORDING}
    return method.train(
        rows_for(method.stage, range(12)),
        base=base,
        folder=folder,
        seed=0,
        device=device,
        validation=rows_for(method.stage, range(20, 24), **words) if held_out else (),
    )


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_the_loss_falls_and_what_was_held_out_is_told_apart(
    kind: str, stage: Stage, base: Path, device: Device, tmp_path: Path
) -> None:
    method = METHODS[kind](stage=stage, num_epochs=12, batch_size=4, learning_rate=5e-3)
    result = train(method, base, tmp_path, device)
    first, last = result.losses[0], sum(result.losses[-5:]) / 5
    assert last < (0.98 if stage.type == "pretrain" else 0.95) * first
    assert result.stage == stage.type
    (measured,) = [one for one in result.practice if one.step == result.steps]
    assert measured.validation_loss is not None
    if stage.shape == "text":
        assert result.measures == {}
        return
    margins = result.measures["margin"]
    assert len(margins) == result.steps
    assert margins[-1] is not None and margins[-1] > 0.05 > abs(margins[0] or 0.0)
    assert measured.validation_measures["margin"] > 0
    if stage.shape == "preference":
        assert result.measures["accuracy"][-1] == 1.0
        assert measured.validation_measures["accuracy"] == 1.0


def test_its_measures_are_in_the_log_step_by_step(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = Lora(stage=STAGES["sigmoid"], num_epochs=2, batch_size=4)
    result = train(method, base, tmp_path, device, held_out=False)
    lines = (tmp_path / "trainer_log.jsonl").read_text(encoding="utf-8").splitlines()
    logged = [json.loads(line) for line in lines]
    for name in ("margin", "accuracy", "chosen_reward", "rejected_reward"):
        assert tuple(line[name] for line in logged) == result.measures[name]
    assert (tmp_path / "training_measures.png").read_bytes().startswith(b"\x89PNG")


def test_before_the_first_step_no_answer_is_preferred_to_what_the_model_was(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = Full(stage=STAGES["sigmoid"], max_steps=1, batch_size=12)
    result = train(method, base, tmp_path, device, held_out=False)
    assert result.losses[0] == pytest.approx(0.693147, abs=1e-5)  # log 2
    assert result.measures["chosen_reward"][0] == pytest.approx(0.0, abs=1e-5)


def test_the_reference_of_a_training_that_goes_on_is_the_adapter_as_it_was(
    base: Path, device: Device, tmp_path: Path
) -> None:
    """Not the base model: an adapter that was fine-tuned first keeps what it learned."""
    first = Lora(num_epochs=6, batch_size=4, learning_rate=1e-2, stage=STAGES["orpo"])
    trained = train(first, base, tmp_path / "first", device, held_out=False)
    more = Lora(
        stage=STAGES["sigmoid"], max_steps=1, batch_size=12, adapters=(trained.checkpoint.folder,)
    )
    result = train(more, base, tmp_path / "more", device, held_out=False)
    assert result.losses[0] == pytest.approx(0.693147, abs=1e-5)


def test_the_learning_rate_of_preferences_is_lower_where_none_is_given(
    base: Path, device: Device, tmp_path: Path
) -> None:
    rates = {
        name: Full(stage=STAGES[name], max_steps=1).train(
            rows_for(STAGES[name], range(4)),
            base=base,
            folder=tmp_path / name,
            seed=0,
            device=device,
        )
        for name in ("pretrain", "sigmoid", "reward")
    }
    usual = rates["pretrain"].learning_rate
    assert rates["sigmoid"].learning_rate == pytest.approx(0.05 * usual)
    assert rates["reward"].learning_rate == pytest.approx(0.5 * usual)
