"""A LLaMA Factory file is read as it stands, and all that is wrong with it is told at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import RecipeError
from loresmith.llamafactory import (
    LlamaFactoryFile,
    is_llamafactory_file,
    load_training_file,
    read_training_file,
)
from loresmith.recipe import Recipe, commented_yaml
from loresmith.training import Full, Lora
from loresmith.training.stages import Dpo, Kto, Pretrain, Reward, Sft, Stage

NEEDED = """\
model_name_or_path: some/model
stage: sft
do_train: true
finetuning_type: lora
dataset: identity
output_dir: saves/one
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "sft.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def lora(file: LlamaFactoryFile) -> Lora:
    assert isinstance(file.recipe.training, Lora)
    return file.recipe.training


def faults(path: Path, *changes: str) -> list[str]:
    with pytest.raises(RecipeError) as raised:
        load_training_file(path, changes)
    return list(raised.value.faults)


def test_what_a_file_leaves_out_is_as_it_is_there(write) -> None:
    """Their defaults, not ours: learning rate, epochs, batch, schedule, length and rank differ."""
    file = load_training_file(write(NEEDED))
    training = lora(file)
    assert (training.learning_rate, training.num_epochs) == (5e-5, 3)
    assert (training.batch_size, training.max_length) == (8, 2048)
    assert (training.scheduler, training.warmup_ratio) == ("linear", 0)
    assert (training.rank, training.alpha, training.target_modules) == (8, 16, "all-linear")
    assert (training.weight_decay, training.max_grad_norm) == (0, 1)
    assert training.early_stopping is False
    assert (file.recipe.seed, str(file.dataset_dir)) == (42, "data")
    assert file.notes == ()


def test_a_typical_file_becomes_a_recipe(write) -> None:
    file = load_training_file(
        write(
            NEEDED
            + """\
lora_rank: 32
lora_alpha: 16
lora_dropout: 0.05
lora_target: q_proj,v_proj
use_rslora: true
dataset_dir: rows
cutoff_len: 512
max_samples: 100
val_size: 0.1
per_device_train_batch_size: 2
gradient_accumulation_steps: 16
learning_rate: 1e-4
num_train_epochs: 2
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
neat_packing: true
gradient_checkpointing: true
overwrite_output_dir: true
seed: 7
"""
        )
    )
    training = lora(file)
    assert file.recipe.base_model == "some/model"
    assert (training.rank, training.alpha, training.dropout) == (32, 16, 0.05)
    assert training.target_modules == ("q_proj", "v_proj")
    assert training.rank_stabilized
    assert training.batch_size == 32, "2 rows x 16 accumulated"
    assert (training.learning_rate, training.num_epochs) == (1e-4, 2)
    assert (training.scheduler, training.warmup_ratio) == ("cosine", 0.1)
    assert (training.precision, training.packing, training.gradient_checkpointing) == (
        "bf16",
        "on",
        "on",
    )
    assert (file.datasets, file.max_samples, file.val_size) == (("identity",), 100, 0.1)
    assert (file.recipe.seed, file.overwrite_output_dir) == (7, True)


def test_json_says_the_same_as_yaml(write) -> None:
    as_json = json.dumps({"learning_rate": 1e-4, **_plain(NEEDED)}, indent="\t")
    assert load_training_file(write(as_json, "sft.json")) == load_training_file(
        write(NEEDED + "learning_rate: 1.0e-4\n")
    )


def test_changes_win_over_the_file(write) -> None:
    file = load_training_file(
        write(NEEDED + "learning_rate: -1\nlora_rank: 4\n"),
        ["learning_rate=2e-4", "lora_rank=64", "dataset=one,另一个", "finetuning_type=full"],
    )
    assert isinstance(file.recipe.training, Full)
    assert file.recipe.training.learning_rate == 2e-4
    assert file.datasets == ("one", "另一个")
    assert [str(note) for note in file.notes] == [
        "behind the file: lora_rank: ignored: only finetuning_type: lora has it"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("learning_rate=-1", "learning_rate: should be greater than 0 (given: -1)"),
        ("lora_rank=0", "lora_rank: should be at least 1 (given: 0)"),
        (
            "per_device_train_batch_size=0",
            "per_device_train_batch_size: should be at least 1 (given: 0)",
        ),
        ("cutoff_len=-5", "cutoff_len: should be at least 8 (given: -5)"),
        ("stage=grpo", "stage: unknown; it can be pt, sft, rm, ppo, dpo, kto (given: 'grpo')"),
        ("template=lama3", "template: unknown; did you mean llama3?"),
        ("lora_rnk=8", "lora_rnk: unknown; did you mean lora_rank?"),
        ("--learning-rate=1", "'--learning-rate=1' is not understood"),
        ("num_train_epochs=many", "num_train_epochs: should be a number (given: 'many')"),
        ("do_train=1", "do_train: should be true or false (given: 1)"),
        ("lora_target=[q_proj", "the value of lora_target behind the file is not valid YAML"),
        ("interleave_probs=0.5,2", "interleave_probs: should be numbers from 0 to 1"),
        ("interleave_probs=half", "interleave_probs: should be numbers from 0 to 1"),
        ("lora_rank=", "lora_rank: has no value; give one or leave the key out"),
        ("lora_rank=2.5", "lora_rank: should be a whole number (given: 2.5)"),
        ("learning_rate=.nan", "learning_rate: should be a number (given: nan)"),
        ("lr_scheduler_type=cosin", "lr_scheduler_type: unknown; did you mean cosine?"),
        ("per_device_train_batch_size=9999", "(as training.batch_size of a recipe)"),
    ],
)
def test_each_number_has_bounds_and_each_word_its_likeness(write, change: str, told: str) -> None:
    """LLaMA Factory's parser lets all of these through, but for the mistyped key."""
    with pytest.raises(RecipeError) as raised:
        load_training_file(write(NEEDED), [change])
    assert told in raised.value.message


def test_ppo_is_refused_with_what_to_use_instead(write) -> None:
    (fault,) = faults(write(NEEDED), "stage=ppo")
    assert "stage: ppo is refused: use dpo or kto" in fault


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        (["stage=sft", "pref_beta=0.3"], Sft()),
        (["stage=pt"], Pretrain()),
        (["stage=pt", "packing=false"], Pretrain(join=False)),
        (["stage=rm"], Reward()),
        (["stage=dpo"], Dpo()),
        (
            ["stage=dpo", "pref_beta=0.3", "pref_ftx=0.2", "dpo_label_smoothing=0.1"],
            Dpo(beta=0.3, sft_weight=0.2, label_smoothing=0.1),
        ),
        (["stage=dpo", "pref_loss=orpo"], Dpo(loss="orpo")),
        (
            ["stage=dpo", "pref_loss=simpo", "simpo_gamma=1.5", "pref_beta=2"],
            Dpo(loss="simpo", simpo_gamma=1.5, beta=2.0),
        ),
        (
            ["stage=kto", "kto_chosen_weight=1.5", "kto_rejected_weight=0.5"],
            Kto(desirable_weight=1.5, undesirable_weight=0.5),
        ),
    ],
)
def test_a_stage_becomes_that_of_a_recipe(write, changes: list[str], stage: Stage) -> None:
    assert load_training_file(write(NEEDED), changes).recipe.training.stage == stage


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["stage=dpo", "pref_loss=kto_pair"], "pref_loss: kto_pair is refused: use stage: kto"),
        (["stage=dpo", "ref_model=other"], "ref_model: is another model; the reference is"),
        (["stage=kto", "ref_model_adapters=a"], "ref_model_adapters: are other adapters"),
        (["stage=kto", "pref_ftx=0.1"], "pref_ftx: does not go with stage: kto"),
        (["stage=dpo", "ld_alpha=0.5"], "ld_alpha: is refused"),
        (["stage=dpo", "pref_beta=0"], "pref_beta: should be greater than 0"),
        (
            ["stage=dpo", "pref_loss=ipo", "dpo_label_smoothing=0.1"],
            "label_smoothing is of the loss sigmoid alone",
        ),
    ],
)
def test_what_a_stage_cannot_follow_is_refused(write, changes: list[str], told: str) -> None:
    (fault,) = faults(write(NEEDED), *changes)
    assert told in fault


def test_a_setting_of_another_stage_is_named_and_not_followed(write) -> None:
    file = load_training_file(write(NEEDED), ["pref_beta=0.3", "kto_chosen_weight=2"])
    told = "\n".join(map(str, file.notes))
    assert "pref_beta: ignored: only stage: dpo and stage: kto have it" in told
    assert "kto_chosen_weight: ignored: only stage: kto has it" in told


def test_what_is_about_conversations_is_not_followed_with_texts(write) -> None:
    file = load_training_file(write(NEEDED), ["stage=pt", "template=qwen"])
    told = "\n".join(map(str, file.notes))
    assert "template: ignored: texts are learned whole, as they stand" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["bf16=true", "fp16=true"], "fp16: does not go with bf16: true"),
        (["val_size=0.1", "eval_dataset=other"], "val_size: does not go with eval_dataset"),
        (["eval_strategy=steps"], "eval_strategy: needs rows to measure"),
        (["do_eval=true"], "do_eval: needs rows to measure"),
        (["output_dir="], "output_dir: is needed and was not given"),
        (["streaming=true"], "streaming: needs max_steps"),
        (["interleave_probs=0.5,0.5"], "interleave_probs: is for mix_strategy"),
        (["interleave_probs=0.5,0.5"], "names 2 shares, and dataset names 1 datasets"),
        (
            ["finetuning_type=full", "quantization_bit=4"],
            "quantization_bit: does not go with finetuning_type: full; use lora",
        ),
        (["quantization_bit=5"], "quantization_bit: should be 4 or 8"),
        (["quantization_bit=4", "quantization_method=hqq"], "quantization_method: is refused"),
        (
            ["finetuning_type=full", "adapter_name_or_path=saves/two"],
            "adapter_name_or_path: does not go with finetuning_type: full",
        ),
        (["create_new_adapter=true"], "create_new_adapter: is about adapter_name_or_path"),
        (["finetuning_type=oft"], "finetuning_type: oft is refused: use lora"),
        (["use_galore=true"], "use_galore: is refused: use optim: adamw_torch"),
        (["resume_from_checkpoint=saves/one/checkpoint-500"], "resume_from_checkpoint: "),
        (["do_train=false"], "do_train: is not true: add `do_train: true`"),
        (["do_train=false", "do_predict=true"], "`loresmith predict`"),
        (["do_train=false", "dataset=null"], "`loresmith chat`"),
        (["do_train=false", "export_dir=merged"], "use `loresmith export`"),
    ],
)
def test_what_does_not_go_together_is_told(write, changes: list[str], told: str) -> None:
    assert told in "\n".join(faults(write(NEEDED), *changes))


def test_all_faults_are_told_at_once_with_their_lines(write) -> None:
    path = write(NEEDED + "lora_rnk: 8\nlearning_rate: -1\n# a comment\ncutoff_len: long\n")
    assert faults(path, "warmup_ratio=2") == [
        "line 7: lora_rnk: unknown; did you mean lora_rank?",
        "line 8: learning_rate: should be greater than 0 (given: -1)",
        "line 10: cutoff_len: should be a whole number (given: 'long')",
        "behind the file: warmup_ratio: should be less than 1 (given: 2)",
    ]


def test_what_is_needed_is_asked_for(write) -> None:
    told = "\n".join(faults(write("stage: sft\ndo_train: true\n")))
    for key in ("model_name_or_path", "dataset", "output_dir"):
        assert f"{key}: is needed and was not given" in told


def test_half_precision_is_told_to_be_another(write) -> None:
    file = load_training_file(write(NEEDED), ["fp16=true"])
    assert lora(file).precision == "auto"
    assert "half precision overflows" in str(file.notes[0])


def test_a_key_that_stands_twice_is_a_fault(write) -> None:
    assert faults(write(NEEDED + "lora_rank: 8\nlora_rank: 16\n")) == [
        "line 8: lora_rank: stands twice; one of them has to go"
    ]


def test_what_is_ignored_is_named_with_its_reason_and_its_line(write) -> None:
    path = write(NEEDED + "report_to: wandb, neptune\nsave_steps: 500\nplot_loss: true\n")
    notes = [str(note) for note in load_training_file(path).notes]
    assert notes == [
        "line 7: report_to: ignored: neptune; "
        "there are tensorboard, wandb, swanlab, mlflow, trackio",
        "line 9: plot_loss: ignored: training_loss.png is always drawn",
    ], "500 is the default of save_steps, of which there is nothing to say"


def test_max_steps_win_over_epochs_there_too(write) -> None:
    reading = read_training_file(write(NEEDED), ["max_steps=10", "num_train_epochs=2"])
    assert any("max_steps wins" in str(note) for note in reading.notes)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("sft.yaml", "stage: sft\nlora_rank: [8", "is not valid YAML: line 2"),
        ("sft.yaml", "stage: sft\na: b: c\n", "is not valid YAML: line 2"),
        ("sft.yaml", "- a\n- list\n", "holds something else than `key: value` lines"),
        ("sft.json", '{"stage": "sft",\n}', "is not valid JSON: "),
    ],
)
def test_a_file_that_is_no_settings_is_one_clear_error(
    write, name: str, text: str, told: str
) -> None:
    with pytest.raises(RecipeError) as raised:
        read_training_file(write(text, name))
    assert name in raised.value.message
    assert told in raised.value.message


def test_lines_of_json_are_told_too(write) -> None:
    text = '{\n\t"do_train": true,\n\t"lora_rank": 0, "default_system": "\\ud83d\\ude00"\n}'
    assert "line 3: lora_rank: should be at least 1 (given: 0)" in faults(write(text, "sft.json"))


def test_a_file_in_another_encoding_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "sft.yaml"
    path.write_bytes(NEEDED.encode() + "output_dir: 保存\n".encode("gb18030"))
    with pytest.raises(RecipeError, match="not UTF-8"):
        read_training_file(path)


@pytest.mark.parametrize(
    ("name", "text", "theirs"),
    [
        ("sft.yaml", NEEDED, True),
        ("sft.json", json.dumps({"stage": "sft", "dataset": "a", "seed": 1}), True),
        ("chat.yaml", "model_name_or_path: a\ntemplate: qwen\n", True),
        ("loresmith.yaml", commented_yaml(Recipe()), False),
        ("short.yaml", "base_model: embedded\ntraining: {rank: 8}\nseed: 3\n", False),
        ("rows.json", '[{"instruction": "a", "output": "b"}]', False),
        ("row.json", '{"instruction": "a", "output": "b"}', False),
        ("broken.yaml", "a: [", False),
        ("empty.yaml", "", False),
        ("rows.jsonl", '{"stage": "sft"}', False),
    ],
)
def test_their_files_are_told_from_ours_by_their_keys(
    write, name: str, text: str, theirs: bool
) -> None:
    assert is_llamafactory_file(write(text, name)) is theirs


def _plain(text: str) -> dict[str, Any]:
    pairs = (line.split(": ", 1) for line in text.splitlines())
    return {key: True if value == "true" else value for key, value in pairs}


def test_when_it_is_measured_and_saved_is_as_there(write) -> None:
    file = load_training_file(
        write(
            NEEDED
            + "val_size: 0.1\neval_strategy: steps\neval_steps: 20\nsave_steps: 100\n"
            + "load_best_model_at_end: true\nmetric_for_best_model: eval_loss\n"
            + "greater_is_better: false\nearly_stopping_steps: 4\n"
        )
    )
    training = lora(file)
    assert (training.eval_steps, training.save_steps) == (20, 100)
    assert (training.best_by, training.early_stopping, training.patience) == (
        *("validation_loss", True, 4),
    )
    assert training.save_total_limit == 1000, "all that save_steps asks for"
    assert file.notes == ()
    assert lora(load_training_file(write(NEEDED + "save_steps: 9\nsave_total_limit: 3\n"))) == (
        lora(load_training_file(write(NEEDED + "save_total_limit: 3\nsave_steps: 9\n")))
    )


def test_without_them_it_is_measured_at_ends_of_epochs_and_the_last_weights_are_delivered(
    write,
) -> None:
    training = lora(load_training_file(write(NEEDED + "val_size: 0.1\neval_strategy: epoch\n")))
    assert (training.eval_steps, training.save_steps, training.best_by) == (None, None, "last")
    assert training.save_total_limit == 2


def test_shares_of_all_steps_need_a_number_of_them(write) -> None:
    changes = ["eval_strategy=steps", "eval_steps=0.1", "save_steps=0.5", "val_size=0.1"]
    told = faults(write(NEEDED), *changes)
    assert [fault.split(": ")[1] for fault in told] == ["eval_steps", "save_steps"]
    training = lora(load_training_file(write(NEEDED), [*changes, "max_steps=200"]))
    assert (training.eval_steps, training.save_steps) == (20, 100)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("load_best_model_at_end=true", "needs evaluations"),
        ("early_stopping_steps=3", "needs evaluations"),
        ("early_stopping_steps=0", "should be at least 1"),
        ("metric_for_best_model=rouge-l", "should be loss or eval_loss"),
        ("greater_is_better=true", "a loss is better when it is lower"),
        ("save_steps=-5", "should be greater than 0"),
    ],
)
def test_what_cannot_tell_the_best_weights_is_a_fault(write, change: str, told: str) -> None:
    assert any(told in fault for fault in faults(write(NEEDED), change))
