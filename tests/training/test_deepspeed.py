"""DeepSpeed's files: what is wrong in them is told before the start, and `auto` is filled in."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from loresmith.devices import Device
from loresmith.errors import NotFound, TrainingError
from loresmith.records import Example
from loresmith.training import Full, Lora
from loresmith.training.placement import placement_notes, placement_obstacles
from loresmith.training.placement.deepspeed_config import Filling, filled, read_deepspeed
from loresmith.training.stages import Dpo, Reward, Sft

BY = Filling(processes=4, max_grad_norm=0.5, bf16=True, hidden_size=100)


@pytest.mark.parametrize(
    ("preset", "stage", "optimizer", "weights"),
    [
        ("zero2", 2, False, False),
        ("zero2_offload", 2, True, False),
        ("zero3", 3, False, False),
        ("zero3_offload", 3, True, True),
    ],
)
def test_the_presets_are_without_fault_and_what_their_names_say(
    preset: str, stage: int, optimizer: bool, weights: bool
) -> None:
    settings = read_deepspeed(preset)
    assert (settings.stage, settings.offloads, settings.offloads_weights) == (
        stage,
        optimizer,
        weights,
    )


@pytest.mark.parametrize("preset", ["zero2", "zero2_offload", "zero3", "zero3_offload"])
def test_nothing_of_a_preset_stays_auto(preset: str) -> None:
    config = filled(read_deepspeed(preset), BY)
    assert "auto" not in json.dumps(config)
    assert config["gradient_clipping"] == 0.5
    assert config["bf16"] == {"enabled": True}
    assert config["train_batch_size"] == 4
    assert config["zero_optimization"]["reduce_bucket_size"] == 10_000


def test_what_a_file_sets_itself_stays(tmp_path: Path) -> None:
    mine = {"zero_optimization": {"stage": 2, "reduce_bucket_size": 5, "overlap_comm": False}}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**mine, "wall_clock_breakdown": True}))
    config = filled(read_deepspeed(str(path)), BY)
    assert config["zero_optimization"] == mine["zero_optimization"]
    assert config["wall_clock_breakdown"] is True


def test_a_path_of_llama_factory_s_examples_is_our_preset_unless_the_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = "examples/deepspeed/ds_z3_config.json"
    assert read_deepspeed(named).stage == 3
    (tmp_path / "examples" / "deepspeed").mkdir(parents=True)
    (tmp_path / named).write_text('{"zero_optimization": {"stage": 1}}')
    assert read_deepspeed(named).stage == 1


def test_all_faults_of_a_file_are_told_at_once_each_with_its_path() -> None:
    wrong: dict[str, Any] = {
        "gradient_cliping": 1.0,
        "optimizer": {"type": "AdamW"},
        "fp16": {"enabled": True},
        "zero_optimization": {
            "stage": 2,
            "overlap_com": True,
            "offload_param": {"device": "cpu"},
            "offload_optimizer": {"device": "nvme", "pin_memry": True},
        },
    }
    with pytest.raises(TrainingError) as error:
        read_deepspeed(json.dumps(wrong))
    for told in (
        "gradient_cliping: unknown; did you mean gradient_clipping?",
        "optimizer: the optimizer is training.optimizer: leave this block out",
        "fp16.enabled: half precision overflows",
        "zero_optimization.overlap_com: unknown; did you mean overlap_comm?",
        "zero_optimization.offload_param: needs stage 3 or more, and the stage is 2",
        "zero_optimization.offload_optimizer.nvme_path: is needed with device nvme",
        "zero_optimization.offload_optimizer.pin_memry: unknown; did you mean pin_memory?",
    ):
        assert told in error.value.message


@pytest.mark.parametrize("named", ["{", "[]", '{"bf16": {"enabled": true}}'])
def test_what_is_no_deepspeed_file_is_refused(named: str, tmp_path: Path) -> None:
    path = tmp_path / "ds.json"
    path.write_text(named)
    with pytest.raises(TrainingError, match="DeepSpeed settings of"):
        read_deepspeed(str(path))


def test_a_file_that_is_not_there_is_told_with_the_presets() -> None:
    with pytest.raises(NotFound) as error:
        read_deepspeed("nowhere/ds.json")
    assert "zero3_offload" in error.value.hint


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="this machine has a card")
def test_without_a_card_one_clear_message_ends_it(
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DS_ACCELERATOR", raising=False)
    with pytest.raises(TrainingError, match=r"needs a card that torch can use.* has none"):
        Lora(deepspeed="zero2").train(
            examples, base=base, folder=tmp_path / "run", seed=1, device=device
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(
    importlib.util.find_spec("deepspeed") is not None, reason="deepspeed is installed here"
)
def test_a_package_that_is_missing_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    (obstacle,) = placement_obstacles(Full(deepspeed="zero3"))
    assert "deepspeed, which is not installed" in obstacle.message
    assert "pip install deepspeed" in obstacle.hint


def test_what_does_not_go_together_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DS_ACCELERATOR", raising=False)
    method = Lora(deepspeed="zero2", fsdp="full_shard", quantization=4)
    told = [one.message for one in placement_obstacles(method)]
    assert "training.fsdp and training.deepspeed do not go together" in told
    assert "training.fsdp does not go with training.quantization" in told


def test_the_trap_of_stage_3_with_offload_is_explained() -> None:
    assert any("two devices" in note for note in placement_notes(Full(deepspeed="zero3_offload")))
    assert not any("two devices" in note for note in placement_notes(Full(deepspeed="zero3")))


@pytest.mark.parametrize("settings", [{"processes": 2}, {"fsdp": "full_shard"}])
def test_a_stage_that_cannot_be_shared_is_refused_among_several(settings: dict[str, Any]) -> None:
    told = [e.message for e in Lora(stage=_Lonely(), **settings).obstacles(base=None)]
    assert told == ["training.stage sft is trained by one process"]
    assert not list(Lora.model_validate(settings).obstacles(base=None))


class _Lonely(Sft):
    shared: ClassVar[bool] = False


def test_a_reward_model_is_copied_to_processes_and_not_cut() -> None:
    told = [e.message for e in Lora(stage=Reward(), fsdp="full_shard").obstacles(base=None)]
    assert told == ["training.stage reward cannot be learned by a model in shards"]
    assert not list(Lora(stage=Reward(), processes=2).obstacles(base=None))
    assert not list(Lora(stage=Dpo(), fsdp="full_shard").obstacles(base=None))
