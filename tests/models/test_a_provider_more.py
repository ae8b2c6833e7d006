"""A further provider is one entry, and everything that names providers knows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loresmith.models import presets
from servers.teacher_server import TeacherServer

WITH_TOY = """
import sys, types
name = "loresmith.models.presets"
entry = '    "toy": Preset("Toy box", sys.argv[2], "TOY_KEY", "see the toy box"),\\n'
source = open(sys.argv[1], encoding="utf-8").read()
begin = source.index("PRESETS: dict[str, Preset] = {\\n") + len("PRESETS: dict[str, Preset] = {\\n")
module = types.ModuleType(name)
sys.modules[name] = module
exec("import sys\\n" + source[:begin].replace("from __future__ import annotations", "")
     + entry + source[begin:], module.__dict__)
from loresmith.models import Sampling
from loresmith.recipe import Recipe
from loresmith.records import Message
from loresmith.settings import load_settings
from loresmith.workspace.forms import form_of
from loresmith.workspace.home import Home
from loresmith.workspace.providers import Providers
recipe = Recipe.build({"teacher": module.parse_teacher("toy:blocks")})
with recipe.teacher.open() as model:
    print(model.reply((Message(role="user", content="ready?"),), Sampling()).text)
print([one.name for one in Providers(Home(load_settings())).all() if one.id == "toy"])
fields = {field.path: field for field in form_of(recipe, "teacher").fields()}
print("toy" in [option.value for option in fields["teacher.preset"].options])
"""


def test_one_entry_makes_a_provider(tmp_path: Path) -> None:
    with TeacherServer(api_key="sk-toy") as server:
        done = subprocess.run(
            [sys.executable, "-c", WITH_TOY.replace("\\\\", "\\"), presets.__file__, server.url],
            env={"TOY_KEY": "sk-toy", "LORESMITH_HOME": str(tmp_path), "PYTHONPATH": _paths()},
            capture_output=True,
            text=True,
        )
    assert done.stdout.split("\n") == ["ready", "['Toy box']", "True", ""], done.stderr


def _paths() -> str:
    return ":".join(path for path in sys.path if path)
