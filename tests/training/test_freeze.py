from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel
from loresmith.records import Example
from loresmith.training import Freeze, TrainingResult
from stopped_training import stop_after


def freeze(**settings: Any) -> Freeze:
    return Freeze.model_validate(
        {"learning_rate": 1e-2, "num_epochs": 10, "batch_size": 4, **settings}
    )


def train(
    method: Freeze, examples: list[Example], base: Path, folder: Path, device: Device
) -> TrainingResult:
    return method.train(examples, base=base, folder=folder, seed=3, device=device)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def changed(base: Path, folder: Path) -> set[str]:
    """Names of the weights of which any bit differs."""
    import torch

    before, after = weights(base), weights(folder / "model")
    assert before.keys() == after.keys()
    return {
        name
        for name, tensor in before.items()
        if tensor.dtype != after[name].dtype
        or not torch.equal(tensor.view(torch.uint8), after[name].view(torch.uint8))
    }


@pytest.mark.parametrize(
    ("settings", "learned"),
    [
        ({"trainable_layers": 1}, ("layers.1.",)),
        ({"trainable_layers": -1}, ("layers.0.",)),
        ({"trainable_layers": 2}, ("layers.0.", "layers.1.")),
        ({"trainable_layers": 1, "trainable_modules": ("mlp",)}, ("layers.1.mlp.",)),
        (
            {"trainable_layers": 2, "trainable_modules": ("q_proj", "input_layernorm")},
            ("layers.0.self_attn.q", "layers.1.self_attn.q", "0.input_lay", "1.input_lay"),
        ),
        ({"trainable_layers": 1, "extra_modules": ("norm",)}, ("layers.1.", "model.norm.")),
        ({"trainable_layers": 0, "extra_modules": ("embed_tokens",)}, ("embed_tokens",)),
        ({"trainable_layers": 0, "extra_modules": ("lm_head",)}, ("embed_tokens",)),  # tied
    ],
)
def test_what_is_named_is_learned_and_all_else_stays_bit_equal(
    settings: dict[str, Any],
    learned: tuple[str, ...],
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    result = train(freeze(**settings), examples, base, tmp_path, device)
    assert result.losses[-1] < result.losses[0]
    expected = {name for name in weights(base) if any(part in name for part in learned)}
    assert expected and changed(base, tmp_path) == expected


def test_frozen_layers_stay_bit_equal_in_bf16_too(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    half = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(settled, dtype=torch.bfloat16).save_pretrained(half)
    AutoTokenizer.from_pretrained(settled).save_pretrained(half)
    for precision in ("bf16", "fp32"):
        for stored in (half, settled):
            method = freeze(trainable_layers=1, precision=precision)
            folder = tmp_path / f"{precision} {stored.name}"
            result = train(method, examples, stored, folder, device)
            assert result.losses[-1] < 0.8 * result.losses[0]
            assert all("layers.1." in name for name in changed(stored, folder))


def test_a_head_of_its_own_is_learned_alone(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(base, tie_word_embeddings=False)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "untied")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "untied")
    method = freeze(trainable_layers=0, extra_modules=("lm_head",))
    result = train(method, examples, tmp_path / "untied", tmp_path / "run", device)
    assert result.losses[-1] < result.losses[0]
    assert changed(tmp_path / "untied", tmp_path / "run") == {"lm_head.weight"}


@pytest.mark.parametrize(
    ("settings", "told", "there"),
    [
        ({"trainable_layers": 3}, "this model has 2 layers", "between -2 and 2"),
        ({"trainable_layers": -3}, "this model has 2 layers", "between -2 and 2"),
        ({"trainable_modules": ("self_atn",)}, "no layer of this model has: self_atn", "self_attn"),
        ({"trainable_modules": ("norm",)}, "no layer of this model has: norm", "input_layernorm"),
        ({"extra_modules": ("lm_head", "q_proj")}, "outside its layers: q_proj", "embed_tokens"),
    ],
)
def test_a_wrong_name_or_number_is_refused_with_what_there_is(
    settings: dict[str, Any],
    told: str,
    there: str,
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    with pytest.raises(TrainingError, match=told) as error:
        train(freeze(**settings), examples, base, tmp_path, device)
    assert there in error.value.hint


def test_to_learn_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing is learned"):
        freeze(trainable_layers=0)


def test_a_stopped_training_goes_on_with_the_same_losses(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = freeze(trainable_layers=1, extra_modules=("lm_head",))
    whole = train(method, examples, base, tmp_path / "whole", device)
    folder = tmp_path / "run"
    stop_after(7, method, examples, base=base, folder=folder, seed=3, device=device)
    saved = next((tmp_path / "run").glob("attempt-1/checkpoint-7/*.safetensors"))
    assert saved.stat().st_size < 0.8 * (base / "model.safetensors").stat().st_size
    resumed = train(method, examples, base, tmp_path / "run", device)
    assert resumed.losses == whole.losses
    assert changed(tmp_path / "whole" / "model", tmp_path / "run") == set()


def test_the_best_by_practice_is_delivered(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    scores = iter([0.9, 0.1, 0.1])
    method = freeze(trainable_layers=1, num_epochs=80, batch_size=8)
    result = method.train(
        examples,
        base=base,
        folder=tmp_path,
        seed=3,
        device=device,
        evaluate=lambda _: next(scores),
    )
    assert result.checkpoint.step == 25
    assert result.steps == 75


def test_the_delivered_model_answers_in_ours_and_in_transformers(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    method = freeze(trainable_layers=2, extra_modules=("lm_head", "norm"), num_epochs=60)
    train(method, examples, base, tmp_path, device)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32)
    ids = torch.tensor([[1, 40, 41, 60, 7]])
    with LocalModel(tmp_path / "model", device=device) as model, torch.no_grad():
        torch.testing.assert_close(plain(ids).logits, model._ready.model(ids).logits)  # type: ignore[union-attr]
        replies = [model.reply(e.messages[:1], Sampling(max_tokens=60)).text for e in examples]
    right = [reply == e.messages[1].content for reply, e in zip(replies, examples, strict=True)]
    assert sum(right) >= 7


def test_a_wrong_name_is_told_from_the_config_alone(base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((base / "config.json").read_bytes())
    wrong = freeze(trainable_modules=("self_atn",))
    (error,) = wrong.wrong_names(base=tmp_path)
    assert "no layer of this model has: self_atn" in error.message
    assert "self_attn" in error.hint
    assert not list(freeze(extra_modules=("lm_head",)).wrong_names(base=tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert not list(wrong.wrong_names(base=tmp_path))
