"""A family with one member more: a toy is added to a copy of the package, and used by its name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import loresmith

_PACKAGE = Path(loresmith.__file__).parent
_REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "build.py"
_LOOK = """
import importlib.util, json, sys
from loresmith.recipe import Recipe, commented_yaml
from loresmith.workspace.forms.from_schema import form_of, with_type
reference, text, path, name, setting = sys.argv[1:]
spec = importlib.util.spec_from_file_location("build", reference)
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
fields = {field.path: field for field in form_of(with_type(Recipe(), path, name)).fields()}
read = Recipe.from_yaml(text)
print(json.dumps({
    "recipe": read.model_dump(mode="json"),
    "yaml": commented_yaml(read),
    "options": [option.value for option in fields[f"{path}.type"].options],
    "field": fields[f"{path}.{setting}"].model_dump(mode="json"),
    "reference": build.page("recipe.md"),
}))
"""


def with_toy(
    folder: Path, *, family: str, module: str, source: str, members: str
) -> dict[str, str]:
    """The environment in which Python finds the package with one member more.

    `family` is its folder in the package; `members` is the end of a line that names them,
    and `source`, kept as `module`, defines a class of the same name with a capital.
    """
    ignored = shutil.ignore_patterns("__pycache__", "docs")
    shutil.copytree(_PACKAGE, folder / "loresmith", ignore=ignored)
    place = folder / "loresmith" / family
    (place / f"{module}.py").write_text(source.lstrip(), encoding="utf-8")
    index = place / "__init__.py"
    known = index.read_text(encoding="utf-8")
    assert members in known
    added = module.capitalize()
    dotted = f"loresmith.{family}.{module}".replace("/", ".")
    first = "from __future__ import annotations\n"
    known = known.replace(first, f"{first}from {dotted} import {added}\n")
    index.write_text(known.replace(members, f"{members[:-1]} | {added},"), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def seen_everywhere(
    environment: dict[str, str], recipe: str, *, path: str, name: str, setting: str
) -> dict[str, Any]:
    """What is read of `recipe`, the same as YAML with comments, the options of the family at `path`
    and the field of one `setting` in forms, and the reference page of recipes."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(_REFERENCE), recipe, path, name, setting],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def train_with_toy(
    environment: dict[str, str],
    rows: Sequence[dict[str, str]],
    base: Path,
    folder: Path,
    *settings: str,
) -> subprocess.CompletedProcess[str]:
    """`loresmith train` on these rows into `folder/out`."""
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
