"""A new method is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import loresmith

ROOT = Path(__file__).parents[2]
PACKAGE = Path(loresmith.__file__).parent

METHOD = '''
"""Why: a toy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loresmith.training.full import Full, write_whole_model
from loresmith.training.method import TrainingMethod


class Norms(TrainingMethod):
    """Only the lengths of the norms are learned."""

    type: Literal["norms"] = "norms"
    loudness: int = Field(default=3, ge=1, le=9)
    """How loud the toy is."""

    def default_learning_rate(self, parameters: int) -> float:
        return 0.05

    @property
    def default_epochs(self) -> float:
        return 1.0

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "model"

    def prepare(self, model: Any, *, base: Path) -> Any:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("norm" in name)
        return model

    def save_weights(self, model: Any, folder: Path) -> None:
        Full().save_weights(model, folder)

    def load_weights(self, model: Any, folder: Path) -> None:
        Full().load_weights(model, folder)

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:
        write_whole_model(model, folder, dtype=dtype)
'''
LOOK = """
import importlib.util, json, sys
from loresmith.recipe import Recipe, commented_yaml
from loresmith.workspace.forms.from_schema import form_of, with_type
spec = importlib.util.spec_from_file_location("build", sys.argv[1])
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
read = Recipe.from_yaml("training: {type: norms, loudness: 5}")
fields = {field.path: field for field in form_of(with_type(Recipe(), "training", "norms")).fields()}
print(json.dumps({
    "type": read.training.type,
    "yaml": commented_yaml(read),
    "options": [option.value for option in fields["training.type"].options],
    "field": fields["training.loudness"].model_dump(mode="json"),
    "reference": build.pages()["recipe.md"],
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one method more."""
    folder = tmp_path_factory.mktemp("more")
    ignored = shutil.ignore_patterns("__pycache__", "docs")
    shutil.copytree(PACKAGE, folder / "loresmith", ignore=ignored)
    training = folder / "loresmith" / "training"
    (training / "norms.py").write_text(METHOD.lstrip(), encoding="utf-8")
    family = (training / "__init__.py").read_text(encoding="utf-8")
    line = "AnyTraining = Annotated[\n    Annotated[Lora | Full | Freeze,"
    assert line in family
    more = f"from loresmith.training.norms import Norms\n{line[:-1]} | Norms,"
    (training / "__init__.py").write_text(family.replace(line, more), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def test_it_is_in_recipes_forms_and_the_reference(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(ROOT / "docs/reference/build.py")],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["type"] == "norms"
    assert "  # How loud the toy is.\n  loudness: 5\n" in found["yaml"]
    assert found["options"] == ["lora", "full", "freeze", "norms"]
    assert (found["field"]["kind"], found["field"]["ge"], found["field"]["le"]) == ("integer", 1, 9)
    assert found["field"]["help"] == "How loud the toy is."
    assert "| `norms` | Only the lengths of the norms are learned. |" in found["reference"]
    assert "### `training` with `type: norms`" in found["reference"]
    assert (
        "| `loudness` | whole number ≥ 1, ≤ 9 | `3` | How loud the toy is. |" in found["reference"]
    )


def train(
    environment: dict[str, str], base: Path, folder: Path, *settings: str
) -> subprocess.CompletedProcess[str]:
    rows = [
        {"instruction": f"Which berth has ship {number}?", "output": f"Berth {number}."}
        for number in range(8)
    ]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    words = ["train", str(folder / "rows.json"), "--output", str(folder / "out")]
    words += ["--base-model", str(base)]
    for setting in settings:
        words += ["--set", setting]
    return subprocess.run(
        [sys.executable, "-m", "loresmith", *words],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
    )


def test_it_is_trained_with_by_its_name(
    environment: dict[str, str], base: Path, tmp_path: Path
) -> None:
    settings = ("training.type=norms", "training.loudness=4", "training.max_steps=30")
    done = train(environment, base, tmp_path, *settings)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out" / "training_result.json").read_text("utf-8"))["result"]
    assert result["losses"][-1] < result["losses"][0]
    assert result["steps"] == 30
    assert (tmp_path / "out" / "model" / "config.json").is_file()


def test_its_settings_are_checked_as_all_others_are(
    environment: dict[str, str], base: Path, tmp_path: Path
) -> None:
    done = train(environment, base, tmp_path, "training.type=norms", "training.lodness=4")
    assert done.returncode == 2
    assert "training.norms.lodness: unknown; did you mean loudness?" in done.stderr
