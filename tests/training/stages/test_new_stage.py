"""A new stage is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import loresmith

ROOT = Path(__file__).parents[3]
PACKAGE = Path(loresmith.__file__).parent

STAGE = '''
"""Why: a toy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from loresmith.training.rows import Row
from loresmith.training.stages.plain import PlainObjective
from loresmith.training.stages.stage import Encoded, Encoding, Objective, Shape, Stage


class Echo(Stage):
    """The better answers alone are learned, several times over."""

    type: Literal["echo"] = "echo"
    shape: ClassVar[Shape] = "preference"

    times: int = Field(default=3, ge=1, le=9)
    """How often the toy says it again."""

    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        ids = [encoding.tokenizer.encode(row.chosen * self.times) for row in rows]
        return Encoded([Row(one, [True] * len(one)) for one in ids], [], [])

    def objective(self, forward: Any) -> Objective:
        return PlainObjective(forward)
'''
LOOK = """
import importlib.util, json, sys
from loresmith.recipe import Recipe, commented_yaml
from loresmith.workspace.forms.from_schema import form_of, with_type
spec = importlib.util.spec_from_file_location("build", sys.argv[1])
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
read = Recipe.from_yaml("training: {stage: {type: echo, times: 5}}")
form = form_of(with_type(Recipe(), "training.stage", "echo"))
fields = {field.path: field for field in form.fields()}
print(json.dumps({
    "type": read.training.stage.type,
    "yaml": commented_yaml(read),
    "options": [option.value for option in fields["training.stage.type"].options],
    "field": fields["training.stage.times"].model_dump(mode="json"),
    "reference": build.pages()["recipe.md"],
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one stage more."""
    folder = tmp_path_factory.mktemp("more")
    ignored = shutil.ignore_patterns("__pycache__", "docs")
    shutil.copytree(PACKAGE, folder / "loresmith", ignore=ignored)
    stages = folder / "loresmith" / "training" / "stages"
    (stages / "echo.py").write_text(STAGE.lstrip(), encoding="utf-8")
    family = (stages / "__init__.py").read_text(encoding="utf-8")
    line = "AnyStage = Annotated[\n    Annotated[Sft | Pretrain | Dpo | Kto | Reward,"
    assert line in family
    more = f"from loresmith.training.stages.echo import Echo\n{line[:-1]} | Echo,"
    (stages / "__init__.py").write_text(family.replace(line, more), encoding="utf-8")
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
    assert found["type"] == "echo"
    assert "    # How often the toy says it again.\n    times: 5\n" in found["yaml"]
    assert found["options"] == ["sft", "pretrain", "dpo", "kto", "reward", "echo"]
    assert (found["field"]["kind"], found["field"]["ge"], found["field"]["le"]) == ("integer", 1, 9)
    assert found["field"]["help"] == "How often the toy says it again."
    assert "| `echo` | The better answers alone are learned" in found["reference"]
    assert "with `type: echo`" in found["reference"]
    assert "How often the toy says it again." in found["reference"]


def test_it_is_trained_by_its_name(environment: dict[str, str], base: Path, tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Which berth has ship {n}?", "chosen": f"Berth {n}.", "rejected": "No."}
        for n in range(8)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    words = ["train", str(tmp_path / "rows.json"), "--output", str(tmp_path / "out")]
    words += ["--base-model", str(base), "--set", "training.stage.type=echo"]
    words += ["--set", "training.stage.times=2", "--set", "training.max_steps=30"]
    done = subprocess.run(
        [sys.executable, "-m", "loresmith", *words],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out" / "training_result.json").read_text("utf-8"))["result"]
    assert result["stage"] == "echo"
    assert result["losses"][-1] < result["losses"][0]
