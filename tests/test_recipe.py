"""A recipe is read strictly, changed by words, and written so that it loads back equal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from loresmith.errors import RecipeError
from loresmith.recipe import Recipe, commented_yaml
from loresmith.training import Full, Lora
from loresmith.workspace.recipes import load_recipe

_TEACHER = {"type": "openai", "preset": "deepseek", "model": "深度"}


def _recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "loresmith.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_recipe_is_all_defaults(tmp_path: Path) -> None:
    assert Recipe.load(_recipe(tmp_path, "# nothing yet\n")) == Recipe()


def test_a_block_of_which_all_is_commented_out_is_its_default(tmp_path: Path) -> None:
    assert Recipe.load(_recipe(tmp_path, "training:\n  # rank: 8\n")) == Recipe()


def test_a_recipe_with_a_byte_order_mark_and_crlf_is_read(tmp_path: Path) -> None:
    path = tmp_path / "loresmith.yaml"
    path.write_bytes("\ufeffseed: 7\r\nbase_model: 模型\r\n".encode())
    assert Recipe.load(path) == Recipe(seed=7, base_model="模型")


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe.build({"teacher": _TEACHER, "training": {"type": "full", "learning_rate": 1e-5}}),
        Recipe.build({"teacher": {"type": "recorded", "path": "录音"}, "base_model": "a: #b"}),
        Recipe.build({"curation": {"filters": []}, "training": {"target_modules": ["q_proj"]}}),
    ],
)
def test_a_recipe_loads_back_equal_however_it_was_written(tmp_path: Path, recipe: Recipe) -> None:
    assert Recipe.load(_recipe(tmp_path, recipe.to_yaml())) == recipe
    assert Recipe.load(_recipe(tmp_path, commented_yaml(recipe))) == recipe


def test_the_commented_recipe_explains_every_setting() -> None:
    lines = commented_yaml(Recipe()).splitlines()
    keys = [n for n, line in enumerate(lines) if re.match(r"\s*(?!type:)\w+:", line)]
    assert len(keys) > 50
    assert [lines[n] for n in keys if not lines[n - 1].lstrip().startswith("#")] == []


def test_a_recipe_holds_no_secret() -> None:
    def names(value: object) -> list[str]:
        if not isinstance(value, dict):
            return []
        return [*value, *(name for part in value.values() for name in names(part))]

    written = names(yaml.safe_load(Recipe.build({"teacher": _TEACHER}).to_yaml()))
    assert not {"api_key", "key", "password", "token"} & set(written)


def test_overrides_win_over_the_file_and_the_last_of_them_over_the_others(tmp_path: Path) -> None:
    path = _recipe(tmp_path, "seed: 1\ntraining:\n  rank: 4\n  alpha: 9\n")
    recipe = Recipe.load(path, overrides=["training.rank=8", "seed=2", "seed=3"])
    assert isinstance(recipe.training, Lora)
    assert (recipe.seed, recipe.training.rank, recipe.training.alpha) == (3, 8, 9)


def test_an_override_may_choose_another_member_of_a_family() -> None:
    recipe = Recipe.build({}, overrides=["training.type=full", "training.num_epochs=1.5"])
    assert recipe.training == Full(num_epochs=1.5)


def test_an_override_may_be_a_whole_block_or_a_list() -> None:
    recipe = Recipe.build({}, overrides=["exam={max_items: 3}", "training.target_modules=[q, v]"])
    assert recipe.exam.max_items == 3
    assert isinstance(recipe.training, Lora)
    assert recipe.training.target_modules == ("q", "v")


def test_the_data_that_a_recipe_is_built_from_stays_as_it_was() -> None:
    data = {"training": {"rank": 4}}
    Recipe.build(data, overrides=["training.rank=8"])
    assert data == {"training": {"rank": 4}}


@pytest.mark.parametrize("override", ["seed", "=3", "training..rank=3", ".seed=1", ""])
def test_an_override_without_a_path_and_a_value_is_refused(override: str) -> None:
    with pytest.raises(RecipeError, match="is not understood"):
        Recipe.build({}, overrides=[override])


def test_an_override_below_a_plain_value_is_refused() -> None:
    with pytest.raises(RecipeError, match="seed is a number; it has no parts"):
        Recipe.build({"seed": 3}, overrides=["seed.more=1"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\nseed: 2\n", "line 2, column 1: the key 'seed' stands twice"),
        ("training:\n  rank: 1\n  rank: 2\n", "line 3, column 3: the key 'rank' stands twice"),
        ("seed: [1\n", "is not valid YAML: line 2"),
        ("a\tb: {", "is not valid YAML"),
        ("just words", "holds text where"),
        ("? [a, b]\n: 1\n", "is not valid YAML"),
        ("1: 2\n", "the key 1 is not text"),
    ],
)
def test_a_file_that_is_no_recipe_says_where_it_goes_wrong(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(RecipeError) as error:
        Recipe.load(_recipe(tmp_path, text))
    assert said in error.value.message


def test_merged_blocks_of_yaml_work(tmp_path: Path) -> None:
    assert Recipe.load(_recipe(tmp_path, "exam:\n  <<: {max_items: 3}\n")).exam.max_items == 3


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RecipeError) as error:
        Recipe.build({"sed": 1, "training": {"rnak": 1}}, overrides=["exam.max_items=0"])
    assert len(error.value.faults) == 3


def test_the_short_ways_to_say_teacher_base_model_and_seed() -> None:
    url = "http://127.0.0.1:8000/v1"
    recipe = load_recipe(None, teacher=f"openai:my: model@{url}", base_model="Qwen/{x}: #1", seed=7)
    assert recipe.teacher.model_dump(include={"type", "model", "url"}) == {
        "type": "openai",
        "model": "my: model",
        "url": url,
    }
    assert (recipe.base_model, recipe.seed) == ("Qwen/{x}: #1", 7)


def test_a_teacher_given_in_short_takes_the_place_of_the_recipe_s_own(tmp_path: Path) -> None:
    path = _recipe(tmp_path, "teacher: {type: recorded, path: recordings.jsonl}\n")
    recipe = load_recipe(path, teacher="deepseek:deepseek-chat")
    assert recipe.teacher.type == "openai"


def test_further_settings_of_a_teacher_may_stand_before_or_after_it() -> None:
    for settings in (["teacher.timeout=5"], ["teacher.timeout=5", "teacher.concurrency=2"]):
        recipe = load_recipe(None, settings, teacher="deepseek:deepseek-chat")
        assert recipe.teacher.model_dump()["timeout"] == 5
