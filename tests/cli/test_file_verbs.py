"""What a user of LLaMA Factory does first: check a file of theirs, train by it, convert it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from loresmith.workspace.candidates import find_candidate
from projects import Finished
from projects import loresmith as in_a_process

Loresmith = Callable[..., Finished]

EXAMPLE = Path(__file__).parents[2] / "examples" / "llamafactory" / "lora_sft.yaml"
WHOLE = EXAMPLE.with_name("full_sft.yaml")
DATA = EXAMPLE.parent / "data"


@pytest.fixture(scope="module")
def changes(tiny_base: Path) -> list[str]:
    """With these the example is trained in seconds, and without the hub."""
    return [
        *(f"model_name_or_path={tiny_base}", f"dataset_dir={DATA}"),
        *("num_train_epochs=2", "lora_rank=4", "cutoff_len=400"),
    ]


@pytest.fixture
def small(changes: list[str]) -> list[str]:
    """`changes`, with the result in the working folder."""
    return [*changes, "output_dir=out"]


class Trained(NamedTuple):
    folder: Path
    changes: list[str]
    done: Finished


@pytest.fixture(scope="module")
def trained(changes: list[str], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The example trained by, with two rows that are only measured."""
    folder = tmp_path_factory.mktemp("trained") / "saves" / "observatory"
    all_changes = [*changes, f"output_dir={folder}", "val_size=2"]
    done = in_a_process("train", EXAMPLE, *all_changes)
    assert done.code == 0, done.err
    return Trained(folder, all_changes, done)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "trainer_log.jsonl").read_text().splitlines()]


def test_the_example_is_looked_at_before_anything_is_loaded(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    checked = loresmith("check", EXAMPLE, *small)
    assert checked.code == 0, checked.err
    assert "rows: 12 to learn, 0 to measure" in checked.out
    assert "line 26: plot_loss: ignored: training_loss.png is always drawn" in checked.out
    assert not (tmp_path / "out").exists()


def test_the_example_is_trained_by_and_says_what_it_ignores(trained: Trained) -> None:
    assert "line 26: plot_loss: ignored" in trained.done.out
    assert f"Trained 6 steps on 10 rows: {trained.folder}" in trained.done.out


def test_one_row_is_shown_before_training_with_what_is_learned_of_it(trained: Trained) -> None:
    assert "the first row, what is learned between ⟦ and ⟧: " in trained.done.err
    shown = (trained.folder / "sample.txt").read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert shown.count("⟦") == 1 and "<|im_end|>⟧" in shown
    assert shown.strip()[:40] in trained.done.err


def test_output_dir_has_what_its_users_look_for(trained: Trained, tiny_base: Path) -> None:
    config = read(trained.folder / "adapter_config.json")
    assert (config["r"], config["lora_alpha"]) == (4, 8)
    assert config["base_model_name_or_path"] == str(tiny_base)
    assert (trained.folder / "tokenizer.json").exists()
    assert (trained.folder / "training_loss.png").exists()
    steps = logged(trained.folder)
    assert [step["current_steps"] for step in steps] == [1, 2, 3, 4, 5, 6], "4 rows in a step"
    results = read(trained.folder / "all_results.json")
    losses = [step["loss"] for step in steps]
    assert results["train_loss"] == pytest.approx(sum(losses) / 6, rel=1e-3)
    assert read(trained.folder / "eval_results.json") == {"eval_loss": results["eval_loss"]}


def test_the_adapter_loads_with_peft(trained: Trained, tiny_base: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    tuned = PeftModel.from_pretrained(base, str(trained.folder))
    learned = [p for name, p in tuned.named_parameters() if "lora_B" in name]
    assert learned and any(bool(p.any()) for p in learned)


def test_one_can_talk_with_what_was_trained(
    loresmith: Loresmith, trained: Trained, tiny_base: Path
) -> None:
    candidate = find_candidate(trained.folder)
    assert (candidate.base, candidate.adapter) == (str(tiny_base), trained.folder)
    said = loresmith("chat", trained.folder, "--max-tokens", "3", input="Where?\n\n")
    assert said.code == 0, said.err


def test_what_is_finished_is_not_trained_again(loresmith: Loresmith, trained: Trained) -> None:
    written = (trained.folder / "adapter" / "adapter_model.safetensors").stat().st_mtime_ns
    again = loresmith("train", EXAMPLE, *trained.changes)
    assert again.code == 0, again.err
    weights = trained.folder / "adapter_model.safetensors"
    assert weights.stat().st_mtime_ns == written
    assert not list(trained.folder.glob(".*"))


def test_another_training_does_not_replace_the_first(
    loresmith: Loresmith, trained: Trained
) -> None:
    kept = (trained.folder / "adapter_model.safetensors").read_bytes()
    changed = [*trained.changes, "seed=7", "overwrite_output_dir=false"]
    refused = loresmith("train", EXAMPLE, *changed)
    assert refused.code == 2
    assert "other rows, settings, seed or base model" in refused.err
    assert "overwrite_output_dir=true" in refused.err
    assert (trained.folder / "adapter_model.safetensors").read_bytes() == kept


def test_another_training_replaces_the_first_where_that_is_wanted(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    assert loresmith("train", EXAMPLE, *small, "max_samples=2").code == 0
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    whole = loresmith("train", WHOLE, *small, "max_samples=2")
    assert whole.code == 0, whole.err
    assert "lora_rank: ignored: only finetuning_type: lora has it" in whole.out
    assert not (tmp_path / "out" / "adapter_config.json").exists()
    assert (tmp_path / "out" / "notes.txt").exists(), "what is not ours stays"
    assert_is_a_whole_model(tmp_path / "out")


def assert_is_a_whole_model(folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 10_000


def test_weights_of_somebody_else_are_not_written_over(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "adapter_config.json").write_text("{}", encoding="utf-8")
    refused = loresmith("train", EXAMPLE, *small, "overwrite_output_dir=false")
    assert refused.code == 2
    assert "holds weights of another training" in refused.err
    assert (tmp_path / "out" / "adapter_config.json").read_text(encoding="utf-8") == "{}"


def test_rows_that_cannot_be_used_are_named_before_and_after(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    rows = [{"instruction": "one", "output": "two"}, {"instruction": "three"}]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "dataset_info.json").write_text('{"mine": {"file_name": "rows.json"}}', "utf-8")
    for verb in ("check", "train"):
        done = loresmith(verb, EXAMPLE, *small, "dataset=mine", f"dataset_dir={folder}")
        assert done.code == 1, done.err
        assert "left out: rows.json, row 2:" in done.out


def test_check_tells_all_that_is_wrong_at_once(loresmith: Loresmith, tmp_path: Path) -> None:
    path = tmp_path / "sft.yaml"
    path.write_text(
        "model_name_or_path: ./nowhere\ndo_train: true\nlora_rnk: 8\nlearning_rate: -1\n"
        f"dataset: observatory, observatory_zh\ndataset_dir: {DATA}\noutput_dir: out\n",
        encoding="utf-8",
    )
    checked = loresmith("check", path, "cutoff_len=-5")
    assert checked.code == 2
    for told in (
        "wrong: line 1: model_name_or_path: the base model './nowhere' is not there",
        "wrong: line 3: lora_rnk: unknown; did you mean lora_rank?",
        "wrong: line 4: learning_rate: should be greater than 0 (given: -1)",
        "wrong: behind the file: cutoff_len: should be at least 8 (given: -5)",
        "wrong: line 5: dataset: observatory: ",
        "has 5 faults.",
    ):
        assert told in checked.out
    places = re.findall(r"wrong: (line \d|behind)", checked.out)
    assert places == ["line 1", "line 3", "line 4", "line 5", "behind"]
    refused = loresmith("train", path, "cutoff_len=-5")
    assert refused.code == 2
    assert "has 5 faults:" in refused.err
    assert not (tmp_path / "out").exists()


def test_a_missing_dataset_folder_is_one_fault(loresmith: Loresmith, small: list[str]) -> None:
    checked = loresmith("check", EXAMPLE, *small, "dataset_dir=none")
    assert checked.code == 2
    assert "dataset_info.json cannot be read" in checked.out
    assert "No such file or directory" in checked.out


def test_check_takes_a_recipe_too(loresmith: Loresmith, tiny_base: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"base_model: {tiny_base}\ntraining: {{rank: 8}}\n", encoding="utf-8")
    assert loresmith("check", path).code == 0
    wrong = loresmith("check", path, "training.rank=0", "base_model=./nowhere")
    assert wrong.code == 2
    assert "training.lora.rank: should be greater than or equal to 1" in wrong.out
    assert loresmith("check", "none.yaml").code == 2


def test_memory_and_time_are_told_before_a_training(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    told = loresmith("estimate", EXAMPLE, *small)
    assert told.code == 0, told.err
    for part in ("weights", "gradients", "optimizer", "activations", "scores", "overhead"):
        assert re.search(rf"^{part} +\d+\.\d\d$", told.out, re.MULTILINE), part
    assert "rows: 12, " in told.out and "a step of 4 rows takes 4 at once" in told.out
    assert "time: about" in told.out and "FLOP a parameter and token" in told.out
    found = json.loads(loresmith("estimate", EXAMPLE, *small, "--json").out)
    assert found["memory"]["batch_size"] == 4 and found["time"]["steps"] == 6
    assert not (tmp_path / "out").exists()


def test_what_does_not_fit_is_told_with_what_would_help(
    loresmith: Loresmith, tiny_base: Path, tmp_path: Path
) -> None:
    big = tmp_path / "big"
    big.mkdir()
    config = read(tiny_base / "config.json") | {"hidden_size": 65_536, "num_hidden_layers": 400}
    (big / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (big / "model.safetensors").write_bytes((tiny_base / "model.safetensors").read_bytes())
    path = tmp_path / "recipe.yaml"
    path.write_text(f"base_model: {big}\ntraining: {{type: full}}\n", encoding="utf-8")
    told = loresmith("estimate", path)
    assert told.code == 1, told.err
    assert "Not even one row of 1,024 tokens fits" in told.out
    assert "training.quantization 4" in told.out


def test_a_converted_file_trains_alike(
    loresmith: Loresmith, small: list[str], tmp_path: Path
) -> None:
    recipe, rows = tmp_path / "recipe.yaml", DATA / "observatory_zh.json"
    written = loresmith("convert", EXAMPLE, *small, "--output", recipe)
    assert written.code == 0, written.err
    printed = loresmith("convert", EXAMPLE, *small)
    assert printed.out == recipe.read_text(encoding="utf-8")
    assert loresmith("convert", EXAMPLE, *small, "--output", recipe).code == 2

    assert loresmith("train", EXAMPLE, *small, "dataset=observatory_zh").code == 0
    by_recipe = loresmith("train", rows, "--recipe", recipe, "--output", "by-recipe")
    assert by_recipe.code == 0, by_recipe.err
    losses = [[step["loss"] for step in logged(tmp_path / name)] for name in ("out", "by-recipe")]
    assert losses[0] == losses[1]


def test_what_is_not_theirs_cannot_be_converted(loresmith: Loresmith, tmp_path: Path) -> None:
    path = tmp_path / "loresmith.yaml"
    path.write_text(yaml.safe_dump({"base_model": "embedded"}), encoding="utf-8")
    for refused in (loresmith("convert", path), loresmith("convert", "none.yaml")):
        assert refused.code == 2
        assert refused.out == ""


def test_options_and_changes_are_not_mixed_up(
    loresmith: Loresmith, small: list[str], project: Path
) -> None:
    theirs = loresmith("train", EXAMPLE, *small, "--seed", "0")
    assert theirs.code == 2
    assert "such as output_dir=DIR or seed=7" in theirs.err
    ours = loresmith("train", project, "training.rank=8")
    assert ours.code == 2
    assert "--set training.rank=8" in ours.err
