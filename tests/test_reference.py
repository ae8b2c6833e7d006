"""The docs say what the code does: reference pages are up to date, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

from loresmith.cli import app
from loresmith.recipe import Recipe, commented_yaml

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^loresmith .+", re.MULTILINE)


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs/reference/build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_what_the_code_says_today(build: ModuleType) -> None:
    assert build.main(check=True) == 0, "run `make reference`"


def test_every_setting_and_every_key_of_the_report_is_explained(build: ModuleType) -> None:
    for name, page in build.pages().items():
        unexplained = [line for line in page.splitlines() if line.endswith("|  |")]
        assert not unexplained, name


def test_a_stale_page_is_named_and_not_written(
    build: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(build, "HERE", tmp_path)
    assert build.main(check=False) == 0
    assert build.main(check=True) == 0
    (tmp_path / "cli.md").write_text("old", encoding="utf-8")
    assert build.main(check=True) == 1
    assert "docs/reference/cli.md is out of date" in capsys.readouterr().err
    assert (tmp_path / "cli.md").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_point_to_what_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = []
    for target in _LINK.findall(text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            missing.append(target)
    assert not missing


@pytest.mark.parametrize("readme", READMES, ids=lambda page: page.name)
def test_commands_of_the_readme_are_understood(readme: Path) -> None:
    verbs = {info.name or info.callback.__name__: info for info in app.registered_commands}
    commands = _COMMAND.findall(readme.read_text(encoding="utf-8"))
    assert len(commands) >= 8
    for line in commands:
        words = shlex.split(line, comments=True)
        assert words[1] in verbs, line
        cli = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
        for option in [word for word in words if word.startswith("--")]:
            assert f"`{option}" in cli, line


@pytest.mark.parametrize("readme", READMES, ids=lambda page: page.name)
def test_settings_named_in_the_readme_exist(readme: Path) -> None:
    overrides = re.findall(r"--set ([\w.]+=[^\s`]+)", readme.read_text(encoding="utf-8"))
    assert overrides
    Recipe.build({}, overrides=overrides)


def test_both_readmes_have_the_same_parts() -> None:
    english, chinese = (page.read_text(encoding="utf-8") for page in READMES)
    for part in (r"^#+ ", r"^```", r"^\| `", r"<!-- demo-figures -->"):
        assert len(re.findall(part, english, re.M)) == len(re.findall(part, chinese, re.M)), part
    assert set(_COMMAND.findall(_without_comments(english))) == set(
        _COMMAND.findall(_without_comments(chinese))
    )


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("training={type: full}", "chunking={type: sentences}", "curation.filters=[]"),
        ("teacher={type: openai, preset: dashscope, model: qwen-plus}",),
        (
            'exam.system_prompt="答：# 不是注释\\n第二行"',
            "training.target_modules=[q_proj, v_proj]",
        ),
    ],
)
def test_a_commented_recipe_loads_to_the_recipe_it_was_written_from(
    overrides: tuple[str, ...], tmp_path: Path
) -> None:
    recipe = Recipe.build({}, overrides=overrides)
    path = tmp_path / "loresmith.yaml"
    path.write_text(commented_yaml(recipe), encoding="utf-8")
    assert Recipe.load(path) == recipe


def test_a_commented_recipe_names_what_a_setting_can_be() -> None:
    text = commented_yaml(Recipe())
    for said in (
        "# One of: openai, recorded, embedded.",
        "# One of: lora, full, freeze.",
        "# One of: cosine, linear, constant, constant_with_warmup, cosine_with_restarts,",
    ):
        assert said in text


def _anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_comments(text: str) -> str:
    return re.sub(r" +#.*$", "", text, flags=re.MULTILINE)
