"""A setting is changed where it stands; whatever else a person wrote in the file stays theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.errors import Conflict, RecipeError
from loresmith.recipe import Recipe, commented_yaml
from loresmith.workspace.recipes import change_recipe, recipe_etag

MINE = """\
# Our recipe. 我们的配方。
seed: 7   # lucky

training:   # what we tried
  # wide enough
  rank: 16

  alpha: 32
# how we examine
exam: {max_items: 12}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loresmith.yaml").write_text(MINE, encoding="utf-8")
    return tmp_path


def text_of(folder: Path) -> str:
    return (folder / "loresmith.yaml").read_text(encoding="utf-8")


def test_one_setting_is_changed_and_every_other_byte_stays(folder: Path) -> None:
    assert change_recipe(folder, {"training.rank": 32}).training.model_dump()["rank"] == 32
    assert text_of(folder) == MINE.replace("rank: 16", "rank: 32")


def test_a_missing_setting_goes_to_the_end_of_its_block(folder: Path) -> None:
    change_recipe(folder, {"training.num_epochs": 3.0, "generation.facts.density": 300})
    assert text_of(folder) == MINE.replace("alpha: 32\n", "alpha: 32\n  num_epochs: 3.0\n") + (
        "generation:\n  facts:\n    density: 300\n"
    )


def test_a_setting_in_one_line_with_others_stays_there(folder: Path) -> None:
    change_recipe(folder, {"exam.retention": 5})
    assert "exam: {max_items: 12, retention: 5}" in text_of(folder)


def test_none_puts_a_setting_back_to_its_default(folder: Path) -> None:
    recipe = change_recipe(folder, {"training.rank": None, "seed": None, "curation.filters": None})
    assert recipe.training.model_dump()["rank"] == 64
    assert recipe.seed == 42
    assert "# wide enough\n  rank: 64" in text_of(folder) and "seed: 42   # lucky" in text_of(
        folder
    )


def test_another_type_takes_along_what_it_knows_and_nothing_else(folder: Path) -> None:
    recipe = change_recipe(folder, {"training.batch_size": 4, "training.type": "full"})
    assert (recipe.training.type, recipe.training.batch_size) == ("full", 4)
    assert "rank" not in text_of(folder) and "# how we examine" in text_of(folder)


def test_a_type_and_its_settings_come_in_one_change(folder: Path) -> None:
    change_recipe(folder, {"teacher.type": "openai", "teacher.model": "deepseek-chat"})
    assert Recipe.load(folder / "loresmith.yaml").teacher.model_dump()["model"] == "deepseek-chat"
    change_recipe(folder, {"teacher.type": "embedded"})
    assert yaml.safe_load(text_of(folder))["teacher"] == {"type": "embedded"}


def test_a_folder_without_a_recipe_gets_one_with_the_changes(tmp_path: Path) -> None:
    change_recipe(tmp_path, {"base_model": "青屿/模型", "training.rank": 8})
    assert text_of(tmp_path) == "base_model: 青屿/模型\ntraining:\n  rank: 8\n"


def test_all_faults_are_told_and_nothing_is_written(folder: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        change_recipe(folder, {"training.rank": 0, "exam.max_overlap": 2.0, "training.rnak": 1})
    assert {fault.split(":")[0] for fault in raised.value.faults} == {
        "training.lora.rank",
        "training.lora.rnak",
        "exam.max_overlap",
    }
    assert text_of(folder) == MINE


def test_an_edit_of_somebody_else_is_not_overwritten(folder: Path) -> None:
    seen = recipe_etag(folder)
    change_recipe(folder, {"seed": 8}, expected=seen)
    with pytest.raises(Conflict):
        change_recipe(folder, {"seed": 9}, expected=seen)
    assert "seed: 8 " in text_of(folder)


def test_a_setting_under_a_key_without_a_value_is_added_below_it(tmp_path: Path) -> None:
    (tmp_path / "loresmith.yaml").write_text("training:\n  # rank: 64\nseed: 1\n")
    recipe = change_recipe(tmp_path, {"training.rank": 8})
    assert recipe.training.model_dump()["rank"] == 8 and recipe.seed == 1
    assert "# rank: 64" in text_of(tmp_path)


SOME_LINES = st.lists(
    st.sampled_from(["", " ", "# no comment", "- a: b", "第一行", "end "]), max_size=9
).map("\n".join)
CHANGES = {
    "seed": st.integers(0, 10**9),
    "base_model": st.text(min_size=1, max_size=40).filter(str.strip),
    "exam.system_prompt": st.text(max_size=80)
    | st.lists(st.sampled_from(["", " ", "# no comment", "- a: b", "第一行", "end "])).map(
        "\n".join
    ),
    "training.type": st.sampled_from(["lora", "full"]),
    "training.num_epochs": st.none() | st.floats(0.1, 99),
    "training.early_stopping": st.booleans(),
    "chunking.max_length": st.none() | st.integers(4000, 9000),
    "generation.facts.density": st.none() | st.integers(1, 999),
    "dataset.split.withheld": st.floats(0, 0.5),
    "teacher": st.sampled_from([{"type": "openai", "model": "a: b # c"}, {"type": "embedded"}]),
}


@settings(deadline=None, max_examples=60)
@given(
    begin=st.sampled_from([MINE, "", "# only words\n", commented_yaml(Recipe())]),
    changes=st.lists(st.sampled_from(sorted(CHANGES)), unique=True, max_size=5).flatmap(
        lambda names: st.fixed_dictionaries({name: CHANGES[name] for name in names})
    ),
)
def test_the_file_says_what_was_changed_and_keeps_its_comments(
    tmp_path_factory: pytest.TempPathFactory, begin: str, changes: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    if begin:
        (folder / "loresmith.yaml").write_text(begin, encoding="utf-8")
    change_recipe(folder, changes)
    read = Recipe.load(folder / "loresmith.yaml").model_dump(mode="json") if changes else {}
    for path, value in changes.items():
        found = read
        for part in path.split("."):
            found = found[part]
        if isinstance(value, dict):
            assert value.items() <= found.items()
        elif value is not None:
            assert found == value
    if begin == MINE and "training.type" not in changes:
        for words in ("我们的配方", "# lucky", "# what we tried", "# wide enough", "# how we"):
            assert words in text_of(folder)
