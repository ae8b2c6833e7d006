"""A LLaMA Factory file becomes a recipe that says the same, and what it could not take over."""

from __future__ import annotations

from pathlib import Path

from loresmith.llamafactory import as_recipe_yaml, load_training_file
from loresmith.recipe import Recipe

FILE = """\
model_name_or_path: some/model
do_train: true
dataset: identity, 港口
output_dir: saves/one
default_system: |
  你是助手。
  Answer in few words.
lora_target: q_proj,v_proj
logging_steps: 10
"""


def test_the_recipe_loads_to_what_the_file_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "sft.yaml"
    path.write_text(FILE, encoding="utf-8")
    file = load_training_file(path, ["learning_rate=2e-4"])
    text = as_recipe_yaml(file, source=path)
    assert Recipe.from_yaml(text) == file.recipe
    assert "learning_rate: 0.0002" in text


def test_what_a_recipe_cannot_hold_stands_in_comments(tmp_path: Path) -> None:
    path = tmp_path / "sft.yaml"
    path.write_text(FILE, encoding="utf-8")
    text = as_recipe_yaml(load_training_file(path), source=path)
    assert "#   dataset: identity, 港口" in text
    assert "#   default_system: 你是助手。 Answer in few words." in text
    assert "#   logging_steps: ignored: trainer_log.jsonl has every step" in text


def test_defaults_of_theirs_are_written_out(tmp_path: Path) -> None:
    """The recipe means the same tomorrow, whatever our own defaults will be then."""
    path = tmp_path / "sft.yaml"
    path.write_text(FILE, encoding="utf-8")
    text = as_recipe_yaml(load_training_file(path), source=path)
    for line in ("scheduler: linear", "max_length: 2048", "num_epochs: 3.0", "seed: 42"):
        assert line in text
