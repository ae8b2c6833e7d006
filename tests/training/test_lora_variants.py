"""DoRA, LoRA+ and layers learned in full beside an adapter, as plain peft and as we load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.base import Sampling
from loresmith.models.hosting.adapters import shares_batches
from loresmith.models.local import LocalModel, load_base
from loresmith.records import Example
from loresmith.training import Lora, TrainingResult
from stopped_training import stop_after

VARIANTS = {
    "plain": {},
    "dora": {"dora": True},
    "rank stabilized": {"rank_stabilized": True},
    "head in full": {"additional_modules": ("lm_head",)},
    "embeddings in full": {"additional_modules": ("embed_tokens",)},
    "both in full": {"additional_modules": ("embed_tokens", "lm_head")},
    "norms in full": {"additional_modules": ("norm", "input_layernorm")},
    "dora and embeddings": {"dora": True, "additional_modules": ("embed_tokens",)},
}


def lora(**settings: Any) -> Lora:
    return Lora.model_validate(
        {"rank": 8, "learning_rate": 1e-2, "num_epochs": 20, "batch_size": 4, **settings}
    )


def train(
    method: Lora, examples: list[Example], settled: Path, folder: Path, device: Device
) -> TrainingResult:
    return method.train(examples, base=settled, folder=folder, seed=3, device=device)


@pytest.fixture(params=["tied", "untied"])
def any_base(request: pytest.FixtureRequest, settled: Path, tmp_path: Path) -> Path:
    """With and without an output layer of its own."""
    if request.param == "tied":
        return settled
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(settled)
    config = AutoConfig.from_pretrained(settled, tie_word_embeddings=False)
    untied = AutoModelForCausalLM.from_config(config)
    untied.load_state_dict(model.state_dict())
    untied.save_pretrained(tmp_path / "untied")
    AutoTokenizer.from_pretrained(settled).save_pretrained(tmp_path / "untied")
    return tmp_path / "untied"


def logits(model: Any) -> Any:
    import torch

    model.eval()
    with torch.no_grad():
        return model(torch.tensor([[1, 40, 41, 60, 7, 99, 2, 15]])).logits


@pytest.mark.parametrize("name", VARIANTS)
def test_it_learns_and_loads_in_plain_peft_and_in_ours_with_the_same_scores(
    name: str, any_base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    last: list[Any] = []
    method = lora(**VARIANTS[name])
    folder = tmp_path / "run"
    result = method.train(
        examples,
        base=any_base,
        folder=folder,
        seed=3,
        device=device,
        evaluate=lambda model: last.append(logits(model._ready.model)) or float(len(last)),  # type: ignore[attr-defined]
    )
    assert result.losses[-1] < 0.8 * result.losses[0]
    plain = AutoModelForCausalLM.from_pretrained(any_base, dtype=torch.float32)
    before = logits(plain)
    delivered = logits(PeftModel.from_pretrained(plain, folder / "adapter"))
    torch.testing.assert_close(delivered, last[-1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(delivered, before, atol=1e-2)
    with LocalModel(any_base, folder / "adapter", device=device, dtype="float32") as ours:
        torch.testing.assert_close(logits(ours._ready.model), delivered, rtol=1e-3, atol=1e-3)  # type: ignore[union-attr]
        assert ours.reply(examples[0].messages[:1], Sampling(max_tokens=4)).text is not None


@pytest.mark.parametrize("name", ["dora", "embeddings in full"])
def test_such_a_training_is_resumed_with_the_same_losses(
    name: str, settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = lora(**VARIANTS[name], max_steps=12, lora_plus_ratio=4)
    whole = train(method, examples, settled, tmp_path / "whole", device)
    folder = tmp_path / "run"
    stop_after(5, method, examples, base=settled, folder=folder, seed=3, device=device)
    assert train(method, examples, settled, tmp_path / "run", device).losses == whole.losses


def test_layers_in_full_are_saved_with_the_adapter_and_others_are_not(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    from safetensors import safe_open

    train(lora(additional_modules=("norm",), max_steps=2), examples, settled, tmp_path, device)
    with safe_open(tmp_path / "adapter" / "adapter_model.safetensors", "pt") as weights:
        whole = [name for name in weights.keys() if ".lora_" not in name]  # noqa: SIM118
    assert whole == ["base_model.model.model.norm.weight"]
    settings = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text("utf-8"))
    assert settings["modules_to_save"] == ["model.norm"]
    assert settings["base_model_name_or_path"] == str(settled)


def test_an_additional_layer_that_is_not_there_is_refused_with_those_that_are(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = lora(additional_modules=("embed_tokens", "lm_haed"))
    with pytest.raises(TrainingError, match=r"has not: lm_haed$") as error:
        train(method, examples, settled, tmp_path, device)
    assert "lm_head" in error.value.hint and "norm" in error.value.hint


def moved(folder: Path, part: str) -> float:
    """Mean length of the adapter's matrices of one kind."""
    from safetensors.torch import load_file

    weights = load_file(folder / "adapter" / "adapter_model.safetensors")
    found = [float(tensor.abs().mean()) for name, tensor in weights.items() if part in name]
    return sum(found) / len(found)


def test_with_lora_plus_the_second_matrices_move_as_many_times_more(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    one_step = {"max_steps": 1, "warmup_ratio": 0.0, "learning_rate": 1e-4}
    for name, ratio in (("plain", None), ("plus", 16.0)):
        method = lora(**one_step, lora_plus_ratio=ratio)
        train(method, examples, settled, tmp_path / name, device)
    # B begins at zero, and AdamW's first step is as long as its rate.
    assert moved(tmp_path / "plus", "lora_B") == pytest.approx(
        16 * moved(tmp_path / "plain", "lora_B"), rel=1e-3
    )
    assert moved(tmp_path / "plus", "lora_A") == pytest.approx(moved(tmp_path / "plain", "lora_A"))


def test_lora_plus_learns(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    losses = train(
        lora(lora_plus_ratio=8, learning_rate=2e-3), examples, settled, tmp_path, device
    ).losses
    assert losses[-1] < 0.8 * losses[0]


def test_what_peft_cannot_mix_in_one_batch_is_served_merged(
    settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    for name, expected in (("plain", True), ("dora", False), ("norms in full", False)):
        train(lora(**VARIANTS[name], max_steps=1), examples, settled, tmp_path / name, device)
        assert shares_batches(tmp_path / name / "adapter") is expected


def test_learned_weights_are_fp32_also_beside_a_base_in_bf16(settled: Path, device: Device) -> None:
    import torch

    method = lora(additional_modules=("lm_head",), dora=True)
    loaded = load_base(settled, device=device, dtype="bfloat16")
    model = method.prepare(loaded.model, base=settled)
    learned = [p.dtype for p in model.parameters() if p.requires_grad]
    assert learned and set(learned) == {torch.float32}


def test_wrong_names_are_told_from_the_config_alone(settled: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((settled / "config.json").read_bytes())
    (error,) = lora(additional_modules=("lm_haed",)).wrong_names(base=tmp_path)
    assert "has not: lm_haed" in error.message and "lm_head" in error.hint
    (error,) = lora(target_modules=("q_prj",)).wrong_names(base=tmp_path)
    assert "q_proj" in error.hint
    good = lora(target_modules=("q_proj",), additional_modules=("norm",), dora=True)
    assert not list(good.wrong_names(base=tmp_path))
