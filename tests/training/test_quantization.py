"""QLoRA where bitsandbytes works, and a clear word where it does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel
from loresmith.records import Example
from loresmith.training import Lora, quantization
from loresmith.training.probing import Fault


@pytest.mark.usefixtures("without_bitsandbytes")
@pytest.mark.parametrize("bits", [4, 8])
def test_without_bitsandbytes_it_is_refused_before_anything_is_loaded(
    bits: Any,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
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
        quantization,
        "probed_apart",
        lambda *_: Fault("RuntimeError", "RuntimeError: no kernel image for this card"),
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
    bits: Any, wide_settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = Lora(quantization=bits, rank=16, learning_rate=1e-2, max_steps=60)
    if list(method.obstacles(base=wide_settled)):
        pytest.skip("bitsandbytes does not work on this machine")
    before = (wide_settled / "model.safetensors").read_bytes()
    result = method.train(examples, base=wide_settled, folder=tmp_path, seed=0, device=device)
    assert result.losses[-1] < 0.2 < 1 < result.losses[0]
    plain = method.model_copy(update={"quantization": None})
    whole = plain.train(examples, base=wide_settled, folder=tmp_path / "p", seed=0, device=device)
    assert result.parameters == whole.parameters
    assert result.losses[:5] == pytest.approx(whole.losses[:5], rel=0.1)
    assert (wide_settled / "model.safetensors").read_bytes() == before
    with LocalModel(wide_settled, tmp_path / "adapter", device=device) as model:
        replies = [model.reply(e.messages[:1], Sampling(max_tokens=60)).text for e in examples]
    right = [reply == e.messages[1].content for reply, e in zip(replies, examples, strict=True)]
    assert sum(right) >= 6
