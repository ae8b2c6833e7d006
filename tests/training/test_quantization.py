"""QLoRA where bitsandbytes works, and a clear word where it does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.local import LocalModel
from loresmith.records import Example
from loresmith.training import Lora, quantization
from tiny_model import make_tiny_tokenizer


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layers as wide as bitsandbytes' blocks."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("wide")
    tokenizer = make_tiny_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("bits", [4, 8])
def test_without_bitsandbytes_it_is_refused_before_anything_is_loaded(
    bits: Any,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else there(name)
    )
    with pytest.raises(TrainingError, match="needs the package bitsandbytes") as error:
        Lora(quantization=bits).train(
            examples, base=tmp_path / "no base", folder=tmp_path, seed=0, device=device
        )
    assert "pip install bitsandbytes" in error.value.hint
    assert "quantization to null" in error.value.hint


def test_where_bitsandbytes_is_there_and_does_not_work_its_own_words_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(
        quantization, "probed_apart", lambda *_: "RuntimeError: no kernel image for this card"
    )
    (error,) = Lora(quantization=4).obstacles(base=None)
    assert "in 4 bits on this machine: RuntimeError: no kernel image" in error.message
    assert "DCU" in error.hint


def test_merging_into_rounded_weights_is_refused() -> None:
    for settings in ({"adapters": ["a", "b"]}, {"adapters": ["a"], "create_new_adapter": True}):
        with pytest.raises(ValidationError, match="loses what they learned"):
            Lora.model_validate({"quantization": 4, **settings})


@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="no bitsandbytes")
@pytest.mark.parametrize("bits", [4, 8])
def test_an_adapter_is_learned_on_a_quantized_base_and_loads_on_the_plain_one(
    bits: Any, wide_base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Lora(quantization=bits, rank=8, learning_rate=1e-2, num_epochs=15, batch_size=4)
    if list(method.obstacles(base=wide_base)):
        pytest.skip("bitsandbytes does not work on this machine")
    before = (wide_base / "model.safetensors").read_bytes()
    result = method.train(examples, base=wide_base, folder=tmp_path, seed=0, device=device)
    assert result.losses[-1] < 0.8 * result.losses[0]
    plain = Lora(rank=8, learning_rate=1e-2, max_steps=1)
    whole = plain.train(examples, base=wide_base, folder=tmp_path / "p", seed=0, device=device)
    assert result.parameters == whole.parameters
    assert result.losses[0] == pytest.approx(whole.losses[0], rel=0.05)
    assert (wide_base / "model.safetensors").read_bytes() == before
    with LocalModel(wide_base, tmp_path / "adapter", device=device) as model:
        assert model.score(examples[0].messages[:1], examples[0].messages[1].content) > -2
