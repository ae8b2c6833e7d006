"""A reward model is delivered as transformers and peft load it, and ranks as it did in training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.records import PreferenceExample
from loresmith.training import Freeze, Full, Lora, TrainingMethod, TrainingResult
from loresmith.training.reward_head import with_reward_head
from loresmith.training.stages import Reward
from tiny_training import example
from training.stages.stage_rows import preferences

HELD_OUT = preferences(range(30, 34), wording="Ship {}, at which berth is it?")
SETTINGS: dict[str, Any] = {"stage": Reward(), "num_epochs": 8, "batch_size": 4}


def train(method: TrainingMethod, base: Path, folder: Path, device: Device) -> TrainingResult:
    return method.train(
        preferences(range(12)),
        base=base,
        folder=folder,
        seed=0,
        device=device,
        validation=HELD_OUT,
    )


def loaded(result: TrainingResult, base: Path) -> tuple[Any, Any]:
    """As somebody without Loresmith loads it."""
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = result.checkpoint.folder
    if result.checkpoint.adapter:
        model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
        model = PeftModel.from_pretrained(model, folder)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def rewards(model: Any, tokenizer: Any, texts: Sequence[str]) -> list[float]:
    import torch

    encoded = tokenizer(list(texts), padding=True, return_tensors="pt", add_special_tokens=False)
    with torch.no_grad():
        scores = model(encoded.input_ids, attention_mask=encoded.attention_mask).logits
    return list(scores[:, 0].tolist())


def written(tokenizer: Any, row: PreferenceExample, reply: str) -> str:
    turns = [message.model_dump() for message in row.prompt]
    turns.append({"role": "assistant", "content": reply})
    return str(tokenizer.apply_chat_template(turns, tokenize=False))


@pytest.mark.parametrize(
    "method",
    [
        Lora(learning_rate=5e-3, **SETTINGS),
        Full(learning_rate=3e-3, **SETTINGS),
        Freeze(learning_rate=5e-3, **SETTINGS),
    ],
    ids=["lora", "full", "freeze"],
)
def test_others_load_it_and_it_gives_the_rewards_that_were_measured(
    method: TrainingMethod, base: Path, device: Device, tmp_path: Path
) -> None:
    result = train(method, base, tmp_path, device)
    model, tokenizer = loaded(result, base)
    better = rewards(model, tokenizer, [written(tokenizer, row, row.chosen) for row in HELD_OUT])
    worse = rewards(model, tokenizer, [written(tokenizer, row, row.rejected) for row in HELD_OUT])
    assert all(one > other for one, other in zip(better, worse, strict=True))
    measured = result.practice[-1].validation_measures
    assert sum(better) / 4 == pytest.approx(measured["chosen_reward"], abs=0.02)
    assert sum(worse) / 4 == pytest.approx(measured["rejected_reward"], abs=0.02)


def test_the_head_is_among_the_modules_that_peft_saves(
    base: Path, device: Device, tmp_path: Path
) -> None:
    import json

    from safetensors.torch import load_file

    result = train(Lora(**SETTINGS, rank=4), base, tmp_path, device)
    folder = Path(result.checkpoint.folder)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["task_type"] == "SEQ_CLS"
    assert "score" in config["modules_to_save"]
    assert any("score" in name for name in load_file(folder / "adapter_model.safetensors"))


def test_a_new_head_depends_on_the_seed_alone(base: Path, device: Device) -> None:
    import torch

    from loresmith.models.loading import load_base

    model = load_base(base, device=device, dtype="float32").model
    torch.manual_seed(1)
    heads = [with_reward_head(model, pad_id=2, seed=seed).score.weight for seed in (4, 4, 5)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_it_begins_anew_on_top_of_an_adapter_that_answers(
    base: Path, device: Device, tmp_path: Path
) -> None:
    rows = [example(f"Question {n}?", f"Answer {n}.") for n in range(4)]
    answering = Lora(max_steps=2, rank=4).train(
        rows, base=base, folder=tmp_path / "sft", seed=0, device=device
    )
    earlier = (answering.checkpoint.folder,)
    with pytest.raises(TrainingError, match="is of no reward model") as error:
        train(Lora(**SETTINGS, adapters=earlier), base, tmp_path / "refused", device)
    assert "create_new_adapter" in error.value.hint
    method = Lora(**SETTINGS, adapters=earlier, create_new_adapter=True, learning_rate=5e-3)
    result = train(method, base, tmp_path / "reward", device)
    assert result.measures["accuracy"][-1] == 1.0


def test_an_adapter_of_a_reward_model_is_learned_further(
    base: Path, device: Device, tmp_path: Path
) -> None:
    first = train(Lora(**SETTINGS, learning_rate=5e-3), base, tmp_path / "first", device)
    more = Lora(**{**SETTINGS, "num_epochs": 1}, adapters=(first.checkpoint.folder,))
    result = train(more, base, tmp_path / "more", device)
    before = first.measures["margin"][-1]
    assert before is not None
    assert result.measures["margin"][0] == pytest.approx(before, rel=0.5)
