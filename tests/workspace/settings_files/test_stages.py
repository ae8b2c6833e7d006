"""The example files of each stage are trained by as they stand, on a tiny model; bare files too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import RecipeError
from loresmith.recipe import Recipe
from loresmith.training import TrainingResult
from loresmith.workspace.file_training import train_on_file
from loresmith.workspace.settings_files import (
    check_file,
    check_llamafactory_file,
    convert_file,
    train_checked_file,
)
from loresmith.workspace.training_process import finished_training
from tiny_model import make_tiny_model

EXAMPLES = Path(__file__).parents[3] / "examples" / "llamafactory"
DATA = EXAMPLES / "data"
STAGES = {
    "lora_pretrain": "pretrain",
    "lora_dpo": "dpo",
    "lora_kto": "kto",
    "lora_reward": "reward",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


def changes(base: Path, folder: Path) -> list[str]:
    return [
        *(f"model_name_or_path={base}", f"dataset_dir={DATA}", f"output_dir={folder}"),
        *("learning_rate=5e-3", "num_train_epochs=6"),
    ]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STAGES)
def test_an_example_learns_and_leaves_what_its_users_look_for(
    name: str, base: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    checked = check_llamafactory_file(EXAMPLES / f"{name}.yaml", changes(base, folder))
    assert checked.faults == ()
    done = train_checked_file(checked)
    assert done.drops == ()
    assert (folder / "adapter_model.safetensors").is_file()
    result = finished_training(folder)
    assert result.stage == STAGES[name]
    assert result.losses[-1] < result.losses[0]
    found = read(folder / "all_results.json")
    assert found["eval_loss"] > 0
    if name != "lora_pretrain":
        assert _last(result, "margin") > 0
        assert (
            found["eval_margin"]
            == pytest.approx(found["eval_chosen_reward"] - found["eval_rejected_reward"], abs=1e-5)
            or name == "lora_kto"
        )


def _last(result: TrainingResult, name: str) -> float:
    """The mean of the last steps that have it."""
    known = [figure for figure in result.measures[name] if figure is not None][-4:]
    return sum(known) / len(known)


@pytest.mark.parametrize("name", STAGES)
def test_its_recipe_says_the_same(name: str, base: Path, tmp_path: Path) -> None:
    given = changes(base, tmp_path)
    checked = check_llamafactory_file(EXAMPLES / f"{name}.yaml", given)
    assert checked.file is not None
    text = convert_file(EXAMPLES / f"{name}.yaml", given)
    assert Recipe.from_yaml(text) == checked.file.recipe
    assert f"type: {STAGES[name]}" in text


def test_a_dataset_of_another_shape_is_a_fault_with_its_line(base: Path, tmp_path: Path) -> None:
    given = [*changes(base, tmp_path), "dataset=observatory_en"]
    (fault,) = check_llamafactory_file(EXAMPLES / "lora_dpo.yaml", given).faults
    assert "observatory_en: has questions with answers, and wanted are better and worse" in fault


def test_a_system_message_is_put_before_preferences_too(base: Path, tmp_path: Path) -> None:
    given = [*changes(base, tmp_path), "default_system=你是向导。", "val_size=0"]
    checked = check_llamafactory_file(EXAMPLES / "lora_dpo.yaml", given)
    assert checked.rows is not None
    first: Any = checked.rows.learned[0]
    assert (first.prompt[0].role, first.prompt[0].content) == ("system", "你是向导。")


@pytest.mark.parametrize(
    ("file", "stage"),
    [
        ("observatory_texts.jsonl", "pretrain"),
        ("observatory_preferences_en.json", "dpo"),
        ("observatory_preferences_zh.json", "reward"),
        ("observatory_feedback.json", "kto"),
    ],
)
def test_a_bare_file_is_trained_on_by_a_recipe_of_its_stage(
    file: str, stage: str, base: Path, tmp_path: Path
) -> None:
    settings = [f"training.stage.type={stage}", f"base_model={base}", "training.max_steps=4"]
    recipe = Recipe.build({}, overrides=settings)
    done = train_on_file(DATA / file, tmp_path / "out", recipe=recipe)
    assert done.steps == 4
    assert finished_training(tmp_path / "out").stage == stage


def test_the_check_of_a_recipe_says_which_rows_its_stage_needs(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"base_model: {base}\ntraining: {{stage: {{type: kto}}}}\n", encoding="utf-8")
    checked = check_file(path)
    assert checked.faults == ()
    (note,) = checked.notes
    assert "training.stage kto needs answers that somebody liked or did not" in note


def test_a_mistyped_setting_of_a_stage_is_named_by_its_path() -> None:
    with pytest.raises(RecipeError) as error:
        Recipe.build({}, overrides=["training.stage.type=dpo", "training.stage.betta=1"])
    assert "training.lora.stage.dpo.betta: unknown; did you mean beta?" in error.value.message
