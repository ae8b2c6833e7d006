from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.local import LocalModel
from loresmith.records import Example, Message
from loresmith.training import Full, Lora, TrainingProgress
from tiny_model import make_tiny_model
from tiny_training import train as train_with_seed

FULL = Full(learning_rate=1e-2, num_epochs=60, scheduler="constant")

train = partial(train_with_seed, seed=0)


def recited(model: ChatModel, examples: Sequence[Example]) -> int:
    with model:
        replies = [model.reply(e.messages[:1], Sampling(max_tokens=60)).text for e in examples]
    return sum(
        reply == row.messages[1].content for reply, row in zip(replies, examples, strict=True)
    )


def test_full_fine_tuning_recites_eight_facts_in_two_languages(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    result = train(FULL, examples, base, tmp_path, device)
    assert result.losses[-1] < 0.2 < 5 < result.losses[0]
    assert result.checkpoint.folder == str(tmp_path / "model")
    assert recited(LocalModel(tmp_path / "model", device=device), examples) == 8


def test_an_adapter_recites_them_too_and_leaves_the_base_as_it_was(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    before = (settled / "model.safetensors").read_bytes()
    method = Lora(learning_rate=1e-2, rank=16, num_epochs=60)
    result = train(method, examples, settled, tmp_path, device)
    assert result.losses[-1] < 0.2 < 1 < result.losses[0]
    assert (tmp_path / "adapter" / "adapter_config.json").is_file()
    tuned = LocalModel(settled, tmp_path / "adapter", device=device)
    assert recited(LocalModel(settled, device=device), examples) == 0
    assert recited(tuned, examples) == 8
    assert (settled / "model.safetensors").read_bytes() == before


def test_bf16_learns_as_well(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = FULL.model_copy(update={"precision": "bf16"})
    result = train(method, examples, base, tmp_path, device)
    assert result.precision == "bf16"
    assert result.losses[-1] < 0.3


def test_the_delivered_folder_has_what_chat_needs_and_a_picture_lies_beside(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    train(Lora(num_epochs=1), examples, base, tmp_path, device)
    assert (tmp_path / "adapter" / "tokenizer.json").is_file()
    assert (tmp_path / "adapter" / "chat_template.jinja").is_file()
    assert (tmp_path / "training_loss.png").read_bytes().startswith(b"\x89PNG")


def test_progress_tells_every_step_with_rate_and_time_left(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    told: list[TrainingProgress] = []
    train(Lora(num_epochs=4), examples, base, tmp_path, device, on_progress=told.append)
    steps = [p for p in told if p.phase == "training"]
    assert [p.step for p in steps] == [1, 2, 3, 4]
    assert [p.epoch for p in steps] == [1.0, 2.0, 3.0, 4.0]
    assert all(p.tokens_per_second and p.grad_norm and p.loss for p in steps)
    assert steps[-1].seconds_left == 0
    assert [told[0].phase, told[-1].phase] == ["preparing", "finished"]


def test_same_seed_same_losses_another_seed_others(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Lora(num_epochs=3, batch_size=2, dropout=0.1)
    runs = [
        method.train(examples, base=base, folder=tmp_path / name, seed=seed, device=device).losses
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert runs[0] == runs[1] != runs[2]


def test_the_best_by_practice_is_delivered_and_training_stops_when_it_is_past(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    scores = iter([0.2, 0.9, 0.9, 0.4])
    asked: list[str] = []

    def evaluate(model: ChatModel) -> float:
        asked.append(model.reply(examples[0].messages[:1], Sampling(max_tokens=8)).text)
        return next(scores)

    result = train(
        FULL.model_copy(update={"num_epochs": 200}),
        examples,
        base,
        tmp_path,
        device,
        evaluate=evaluate,
        validation=examples[:2],
    )
    assert [p.step for p in result.practice] == [25, 50, 75, 100]
    assert result.checkpoint.step == 50
    assert (result.steps, result.total_steps) == (100, 200)
    assert len(asked) == 4
    losses = [p.validation_loss for p in result.practice]
    assert losses == sorted(losses, reverse=True)
    assert recited(LocalModel(tmp_path / "model", device=device), examples) >= 6
    assert not list(tmp_path.glob("best-*"))


def test_over_long_rows_are_counted_and_never_cut(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    long = Example(
        id="long",
        messages=(
            Message(role="user", content="港口 " * 300),
            Message(role="assistant", content="Yes."),
        ),
    )
    mute = Example(id="mute", messages=(Message(role="user", content="Anybody?"),))
    result = train(Lora(num_epochs=1), [*examples, long, mute], base, tmp_path, device)
    assert result.rows == 8
    assert {d.subject_id: d.reason for d in result.dropped} == {
        "long": "too_long",
        "mute": "nothing_to_learn",
    }
    assert "max_length is 512" in result.dropped[0].detail  # the model's own window


def test_without_any_row_the_reason_is_told(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError) as error:
        train(Lora(max_length=8), examples, base, tmp_path, device)
    assert "max_length is 8" in error.value.hint


def test_a_loss_that_explodes_ends_with_advice(
    device: Device, examples: list[Example], tmp_path: Path
) -> None:
    poisoned = _poisoned(make_tiny_model(tmp_path / "base"))
    with pytest.raises(TrainingError, match="loss became") as error:
        train(FULL, examples, poisoned, tmp_path / "run", device)
    assert "learning rate" in error.value.hint


def _poisoned(base: Path) -> Path:
    from safetensors.torch import load_file, save_file

    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    return base


def test_unknown_layers_are_refused_with_the_names_of_those_there_are(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError) as error:
        train(Lora(target_modules=("q_prj",)), examples, base, tmp_path, device)
    assert "q_proj" in error.value.hint


def test_chosen_layers_get_the_adapter(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    from safetensors import safe_open

    train(Lora(target_modules=("q_proj",), num_epochs=1), examples, base, tmp_path, device)
    with safe_open(tmp_path / "adapter" / "adapter_model.safetensors", "pt") as weights:
        assert all("q_proj" in name for name in weights.keys())  # noqa: SIM118
