"""Going on from adapters, beginning a new one on top of them, and folders that are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices import Device
from loresmith.errors import CheckpointError, TrainingError
from loresmith.models.hosting.adapters import shares_batches
from loresmith.models.local import LocalModel
from loresmith.records import Example
from loresmith.training import Lora, TrainingResult


def lora(**settings: Any) -> Lora:
    return Lora.model_validate(
        {"rank": 4, "learning_rate": 1e-2, "max_steps": 12, "batch_size": 4, **settings}
    )


def train(
    method: Lora, examples: list[Example], settled: Path, folder: Path, device: Device
) -> TrainingResult:
    return method.train(examples, base=settled, folder=folder, seed=3, device=device)


@pytest.fixture
def first(settled: Path, device: Device, examples: list[Example], tmp_path: Path) -> Path:
    train(lora(), examples, settled, tmp_path / "first", device)
    return tmp_path / "first" / "adapter"


@pytest.fixture
def second(settled: Path, device: Device, examples: list[Example], tmp_path: Path) -> Path:
    method = lora(rank=2, target_modules=("q_proj", "v_proj"), learning_rate=5e-2)
    train(method, examples[:4], settled, tmp_path / "second", device)
    return tmp_path / "second" / "adapter"


def logits(model: Any) -> Any:
    import torch

    model.eval()
    with torch.no_grad():
        return model(torch.tensor([[1, 40, 41, 60, 7, 99, 2, 15]])).logits


def by_peft(settled: Path, *adapters: Path) -> Any:
    """What plain peft makes of adapters that are merged one after another."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(settled, dtype=torch.float32)
    for adapter in adapters:
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return logits(model)


def by_us(settled: Path, adapter: Path, device: Device) -> Any:
    with LocalModel(settled, adapter, device=device, dtype="float32") as model:
        return logits(model._ready.model)  # type: ignore[union-attr]


def assert_alike(one: Any, other: Any) -> None:
    import torch

    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_an_adapter_is_gone_on_with_as_it_was_left(
    first: Path, settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    """With hardly any learning rate it stays what it was, with its own rank."""
    before = json.loads((first.parent / "training_result.json").read_text("utf-8"))
    method = lora(rank=64, adapters=[str(first)], learning_rate=1e-12)
    result = train(method, examples, settled, tmp_path / "further", device)
    assert result.losses[0] < 0.9 * before["result"]["losses"][0]
    assert any("of rank 4" in note for note in result.notes)
    assert_alike(by_peft(settled, tmp_path / "further" / "adapter"), by_peft(settled, first))


def test_going_on_learns_further(
    first: Path, settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    before = json.loads((first.parent / "training_result.json").read_text("utf-8"))
    result = train(lora(adapters=[str(first)]), examples, settled, tmp_path / "further", device)
    assert result.losses[-1] < before["result"]["losses"][-1]


def test_all_but_the_last_are_merged_and_go_along_with_what_is_delivered(
    first: Path,
    second: Path,
    settled: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    method = lora(adapters=[str(first), str(second)], learning_rate=1e-12, max_steps=1)
    train(method, examples, settled, tmp_path / "third", device)
    third = tmp_path / "third" / "adapter"
    assert_alike(by_peft(settled, first, third), by_peft(settled, first, second))
    shutil.rmtree(first)
    assert_alike(by_us(settled, third, device), by_peft(settled, third / "earlier" / "1", second))
    assert not shares_batches(third)


def test_a_new_adapter_stands_on_all_of_them(
    first: Path,
    second: Path,
    settled: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    method = lora(adapters=[str(first), str(second)], create_new_adapter=True, rank=3, max_steps=1)
    train(method, examples, settled, tmp_path / "third", device)
    third = tmp_path / "third" / "adapter"
    assert json.loads((third / "adapter_config.json").read_text("utf-8"))["r"] == 3
    assert_alike(by_us(settled, third, device), by_peft(settled, first, second, third))


def test_an_adapter_brings_those_that_it_stands_on_and_none_is_merged_twice(
    first: Path, settled: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    new = lora(adapters=[str(first)], create_new_adapter=True, max_steps=2)
    train(new, examples, settled, tmp_path / "third", device)
    third = tmp_path / "third" / "adapter"
    idle = {"learning_rate": 1e-12, "max_steps": 1}
    for name, named in (("alone", [third]), ("both", [first, third])):
        method = lora(adapters=[str(one) for one in named], **idle)
        train(method, examples, settled, tmp_path / name, device)
        assert_alike(
            by_us(settled, tmp_path / name / "adapter", device), by_peft(settled, first, third)
        )


def test_other_weights_under_the_same_name_are_another_training(
    first: Path,
    second: Path,
    settled: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    method = lora(adapters=[str(first)])
    train(method, examples, settled, tmp_path / "further", device)
    shutil.rmtree(first)
    shutil.copytree(second, first)
    with pytest.raises(CheckpointError, match="other rows, settings, seed or base"):
        train(method, examples, settled, tmp_path / "further", device)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "there is no such folder"),
        ("empty", "it has no adapter_config.json"),
        ("model", "it holds a whole model"),
        ("run", "the adapter is in its folder"),
        ("garbled", "cannot be read"),
        ("prompt tuning", "PEFT's type PROMPT_TUNING"),
        ("without weights", "it has no adapter_model.safetensors"),
        ("cut", "damaged or incomplete"),
    ],
)
def test_a_folder_that_is_no_adapter_is_refused_at_once(
    kind: str, reason: str, first: Path, settled: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "given"
    if kind == "model":
        folder = settled
    elif kind == "run":
        folder = first.parent
    elif kind == "empty":
        folder.mkdir()
    elif kind != "missing":
        shutil.copytree(first, folder)
    if kind == "garbled":
        (folder / "adapter_config.json").write_text("{")
    elif kind == "prompt tuning":
        (folder / "adapter_config.json").write_text('{"peft_type": "PROMPT_TUNING"}')
    elif kind == "without weights":
        (folder / "adapter_model.safetensors").unlink()
    elif kind == "cut":
        weights = folder / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-50])
    (error,) = lora(adapters=[str(folder)]).obstacles(base=settled)
    assert reason in error.message
    assert str(folder) in error.message


@pytest.mark.parametrize("change", [{"hidden_size": 48}, {"num_hidden_layers": 1}])
def test_an_adapter_of_another_base_model_is_refused_at_once(
    change: dict[str, int], first: Path, settled: Path, tmp_path: Path
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(settled, **change)
    config.head_dim = config.hidden_size // config.num_attention_heads
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "other")
    (error,) = lora(adapters=[str(first)]).obstacles(base=tmp_path / "other")
    assert ("has the shape" in error.message) or ("the base model has 1" in error.message)


def test_all_wrong_folders_are_told_at_once_and_nothing_is_loaded(
    device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = lora(adapters=[str(tmp_path / "a"), str(tmp_path / "b")])
    with pytest.raises(TrainingError, match="2 things stand in the way") as error:
        train(method, examples, tmp_path / "no base", tmp_path / "run", device)
    assert str(tmp_path / "a") in error.value.message
    assert str(tmp_path / "b") in error.value.message


@pytest.mark.parametrize("create_new", [True, False])
def test_what_shows_only_when_it_is_loaded_is_an_error_of_ours_too(
    create_new: bool,
    first: Path,
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """Pickled weights have no header to look at."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(first / "adapter_model.safetensors")
    (first / "adapter_model.safetensors").unlink()
    wrong = {name: torch.cat([tensor, tensor]) for name, tensor in weights.items()}
    torch.save(wrong, first / "adapter_model.bin")
    method = lora(adapters=[str(first)], create_new_adapter=create_new)
    with pytest.raises(TrainingError, match="cannot be put on this model"):
        train(method, examples, base, tmp_path / "run", device)
