"""A project is a folder; nothing is made in it before there is work to do."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, NotFound, RecipeError
from loresmith.workspace.project import Project


def test_a_project_keeps_its_id(tmp_path: Path) -> None:
    first = Project.at(tmp_path).prepare()
    assert Project.at(tmp_path).prepare() == first
    assert first == json.loads((tmp_path / ".loresmith" / "project.json").read_text())["id"]


def test_two_processes_that_begin_at_once_agree_on_the_id(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: Project.at(tmp_path).prepare(), range(40)))
    assert len(ids) == 1
    assert [path.name for path in (tmp_path / ".loresmith").iterdir()] == ["project.json"]


def test_two_projects_have_two_ids(tmp_path: Path) -> None:
    (tmp_path / "一").mkdir()
    (tmp_path / "二").mkdir()
    assert Project.at(tmp_path / "一").prepare() != Project.at(tmp_path / "二").prepare()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"name": 1}', "[]"])
def test_a_damaged_note_of_the_id_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / ".loresmith").mkdir()
    (tmp_path / ".loresmith" / "project.json").write_text(text)
    with pytest.raises(Conflict, match="is damaged"):
        Project.at(tmp_path).prepare()


def test_a_name_is_letters_digits_and_dashes(tmp_path: Path) -> None:
    names = {"港口 报告, 2031": "港口-报告-2031", "...": "project", "a_b-c": "a_b-c"}
    assert {folder: Project(tmp_path / folder).name for folder in names} == names


def test_what_is_no_folder_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(NotFound):
            Workspace(path)


def test_opening_a_workspace_writes_nothing(tmp_path: Path) -> None:
    Workspace(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_given_as_an_object_takes_no_further_changes(tmp_path: Path) -> None:
    recipe = Workspace(tmp_path).recipe
    assert Workspace(tmp_path, recipe=recipe).recipe is recipe
    with pytest.raises(TypeError):
        Workspace(tmp_path, recipe=recipe, seed=1)


def test_the_recipe_in_the_folder_is_the_one_that_counts(tmp_path: Path) -> None:
    (tmp_path / "loresmith.yaml").write_text("seed: 5\n")
    (tmp_path / "other.yaml").write_text("seed: 6\n")
    assert Workspace(tmp_path).recipe.seed == 5
    assert Workspace(tmp_path, recipe=tmp_path / "other.yaml").recipe.seed == 6
    assert Workspace(tmp_path, seed=7).recipe.seed == 7
    with pytest.raises(RecipeError, match="there is no recipe"):
        Workspace(tmp_path, recipe="missing.yaml")
