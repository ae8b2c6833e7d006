"""Traps of a base model or a setting are told before anything is loaded, in every place alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.devices.machine import Machine
from loresmith.recipe import Recipe
from loresmith.workspace.doctor import Finding, Scene
from loresmith.workspace.doctor.checks import TRAINING_CHECKS
from loresmith.workspace.preflight import training_obstacles
from loresmith.workspace.settings_files import check_file

CPU = Machine(torch_version="2.13.0+cpu", cpu_flags=frozenset({"avx512_bf16"}))


def found(*, machine: Machine = CPU, **given: Any) -> list[Finding]:
    scene = Scene(**{"machine": machine, "packages": {}, "environment": {}, **given})
    return [finding for check in TRAINING_CHECKS for finding in check(scene)]


def recipe(base_model: str, **training: Any) -> Recipe:
    return Recipe.build({"base_model": base_model, "training": training})


def a_model(folder: Path, **config: Any) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_an_ordinary_training_has_nothing_to_be_told() -> None:
    assert found(recipe=Recipe(), packages={"tokenizers": "0.22.2", "xformers": "0.0.30"}) == []


@pytest.mark.parametrize("name", ["Qwen/Qwen2-7B-Instruct", "Qwen/Qwen2.5-0.5B"])
def test_qwen2_in_fp16_is_explained(name: str) -> None:
    (note,) = found(asked={"model_name_or_path": name, "fp16": True})
    assert not note.wrong, "fp16 is not used here"
    assert "loss and learning rate become 0" in note.message
    assert found(asked={"model_name_or_path": name, "bf16": True}) == []
    assert found(asked={"model_name_or_path": "meta-llama/Llama-3.2-1B", "fp16": True}) == []


def test_qwen2_is_known_by_its_config_whatever_its_folder_is_called(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "ours", model_type="qwen2")
    assert found(asked={"model_name_or_path": str(folder), "fp16": True}) != []


def test_deepspeed_s_own_fp16_on_qwen2_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "zero.json"
    file.write_text(json.dumps({"fp16": {"enabled": True}}))
    (finding,) = found(asked={"model_name_or_path": "Qwen/Qwen2-7B", "deepspeed": str(file)})
    assert finding.wrong
    assert "DeepSpeed's file" in finding.hint


def test_baichuan2_wants_xformers_gone_and_lora() -> None:
    name = "baichuan-inc/Baichuan2-7B-Chat"
    (finding,) = found(recipe=recipe(name), packages={"xformers": "0.0.30"})
    assert finding.hint == "pip uninstall xformers"
    (finding,) = found(recipe=recipe(name, type="full"))
    assert "with LoRA only" in finding.message
    older = recipe("baichuan-inc/Baichuan-7B", type="full")
    assert found(recipe=older, packages={"xformers": "1"}) == []


def test_xverse_s_tokenizer_is_tried_where_it_is_here(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="the extra train is not installed")
    from tokenizers import Tokenizer, models

    newer, older = {"tokenizers": "0.22.2"}, {"tokenizers": "0.19.1"}
    (note,) = found(recipe=recipe("xverse/XVERSE-7B"), packages=newer)
    assert not note.wrong, "it is not known before the model is here"
    assert found(recipe=recipe("xverse/XVERSE-7B"), packages=older) == []
    folder = a_model(tmp_path / "model", model_type="xverse")
    (folder / "tokenizer.json").write_text('{"decoder": {"type": "of another age"}}')
    (finding,) = found(recipe=recipe(str(folder)), packages=newer)
    assert finding.wrong
    Tokenizer(models.BPE()).save(str(folder / "tokenizer.json"))
    assert found(recipe=recipe(str(folder)), packages=newer) == []


@pytest.mark.parametrize(
    ("zero", "is_told"),
    [
        ({"stage": 3, "offload_optimizer": {"device": "cpu"}}, True),
        ({"stage": 3, "offload_param": {"device": "cpu"}}, True),
        ({"stage": 3, "offload_param": {"device": "none"}}, False),
        ({"stage": 2, "offload_optimizer": {"device": "cpu"}}, False),
        (None, False),
    ],
)
def test_zero_3_with_offload_is_explained(
    tmp_path: Path, zero: dict[str, Any] | None, is_told: bool
) -> None:
    file = tmp_path / "zero.json"
    file.write_text(json.dumps({"zero_optimization": zero}))
    told = [one.check for one in found(asked={"deepspeed": str(file)})]
    assert told == (["zero3_offload"] if is_told else [])


def test_a_deepspeed_file_that_cannot_be_read_is_no_trap() -> None:
    assert found(asked={"deepspeed": "/no/such/file.json"}) == []


def test_bf16_without_support_is_slow_on_a_processor_and_wrong_on_an_old_card() -> None:
    wanted = recipe("embedded", precision="bf16")
    assert found(recipe=wanted) == []
    without = CPU.model_copy(update={"cpu_flags": frozenset()})
    (note,) = found(recipe=wanted, machine=without)
    assert not note.wrong
    old_card = CPU.model_copy(
        update={"torch_sees_card": True, "hip_version": "5.7", "architecture": "gfx906"}
    )
    (finding,) = found(recipe=wanted, machine=old_card)
    assert finding.wrong
    assert found(recipe=recipe("embedded"), machine=old_card) == []


def test_before_a_training_what_is_wrong_stands_in_its_way(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "baichuan2-base", model_type="baichuan")
    obstacles = training_obstacles(recipe(str(folder), type="full"), None)
    assert [one.message for one in obstacles] == [
        "Baichuan2 is known to train with LoRA only, and the method is full"
    ]


def test_check_tells_traps_of_a_file_with_other_faults_too(tmp_path: Path) -> None:
    file = tmp_path / "sft.yaml"
    file.write_text(
        "model_name_or_path: /models/Qwen2-0.5B\ndo_train: true\ndataset: none_of_ours\n"
        f"dataset_dir: {tmp_path}\noutput_dir: {tmp_path / 'out'}\nfp16: true\n"
    )
    checked = check_file(file)
    assert checked.faults
    assert any("/models/Qwen2-0.5B is a Qwen2 model" in note for note in checked.notes)


def test_check_tells_traps_of_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("base_model: /models/Baichuan2-7B\ntraining: {type: full}\n")
    checked = check_file(file)
    assert any("with LoRA only" in fault for fault in checked.faults)
