"""Base models of a home: what is there, what a hub has, and no path from whoever asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.errors import ModelUnavailable, NotFound, RecipeError
from loresmith.workspace.home import Home
from loresmith.workspace.providers import BaseModels
from servers.hub_server import HubServer


@pytest.fixture
def base_models(home: Home) -> BaseModels:
    """A folder that is a model, and one that is none."""
    for name, file in (("qwen-小", "config.json"), ("notes", "readme.md")):
        (home.settings.models / name).mkdir(parents=True)
        (home.settings.models / name / file).write_text('{"model_type": "llama"}')
    (home.settings.models / "qwen-小" / "model.safetensors").write_bytes(b"\x00" * 8)
    return BaseModels(home)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    model = tmp_path / "served"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "llama"}')
    (model / "model.safetensors").write_bytes(b"\x00" * 4000)
    with HubServer({"acme/tiny": model}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", server.url)
        yield server


def test_folders_of_the_models_folder_are_listed_by_name(
    base_models: BaseModels, home: Home
) -> None:
    listed = base_models.all()
    assert [(one.id, one.kind) for one in listed] == [
        ("embedded", "embedded"),
        ("folder:qwen-小", "folder"),
    ]
    assert listed[1].bytes and listed[1].bytes > 8
    assert str(home.settings.home) not in repr(listed)
    assert base_models.recipe_name("folder:qwen-小") == str(home.settings.models / "qwen-小")
    assert base_models.id_of(str(home.settings.models / "qwen-小")) == "folder:qwen-小"


def model(folder: Path, *, architecture: str = "Qwen2ForCausalLM", weights: bool = True) -> Path:
    """A folder that looks like a model's."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    if weights:
        (folder / "model.safetensors").write_bytes(b"\x00" * 8)
    return folder


def test_what_the_caches_of_this_machine_hold_is_listed_with_size_and_state(
    home: Home, tmp_path: Path
) -> None:
    hub, scope = tmp_path / "hub", tmp_path / "modelscope"
    model(hub / "models--Qwen--Qwen2.5-0.5B" / "snapshots" / "old", weights=False)
    model(hub / "models--Qwen--Qwen2.5-0.5B" / "snapshots" / "new")
    (hub / "models--Qwen--Qwen2.5-0.5B" / "refs").mkdir()
    (hub / "models--Qwen--Qwen2.5-0.5B" / "refs" / "main").write_text("new")
    model(hub / "models--acme--half" / "snapshots" / "a", weights=False)
    model(hub / "models--acme--encoder" / "snapshots" / "a", architecture="BertModel")
    (hub / "datasets--acme--rows" / "snapshots" / "a").mkdir(parents=True)
    model(scope / "models" / "Qwen" / "Qwen2___5-7B-Instruct")
    model(scope / "models" / "Qwen--Qwen3-4B" / "snapshots" / "master")
    model(scope / "iic" / "old-one")
    own = model(home.settings.models / "modelscope--Qwen--Qwen3-0.6B")
    (own / "loresmith.json").write_text("{}")

    base_models = BaseModels(home)
    found = {one.id: (one.kind, one.state) for one in base_models.all()[1:]}
    assert found == {
        "Qwen/Qwen2.5-0.5B": ("hub", "here"),
        "acme/half": ("hub", "incomplete"),
        "modelscope-cache:Qwen/Qwen2.5-7B-Instruct": ("modelscope", "here"),
        "modelscope-cache:Qwen/Qwen3-4B": ("modelscope", "here"),
        "modelscope-cache:iic/old-one": ("modelscope", "here"),
        "modelscope:Qwen/Qwen3-0.6B": ("modelscope", "here"),
    }
    assert all(one.bytes for one in base_models.all()[1:])
    assert str(tmp_path) not in repr(base_models.all())
    path = base_models.recipe_name("modelscope-cache:Qwen/Qwen3-4B")
    assert Path(path) == scope / "models" / "Qwen--Qwen3-4B" / "snapshots" / "master"
    assert base_models.id_of(path) == "modelscope-cache:Qwen/Qwen3-4B"
    assert base_models.recipe_name("modelscope:Qwen/Qwen3-0.6B") == "modelscope:Qwen/Qwen3-0.6B"
    with pytest.raises(RecipeError):
        base_models.recipe_name("modelscope-cache:../models")


def test_whole_weights_that_a_project_trained_can_be_trained_on(home: Home) -> None:
    project = home.projects.create("海岸")
    runs = Path(project.folder) / "runs"
    trained = model(runs / "v1-full" / "model")
    (runs / "v1-lora" / "adapter").mkdir(parents=True)
    base_models = BaseModels(home)
    _, one = base_models.all()
    assert (one.id, one.kind, one.state) == (f"run:{project.id}/v1-full", "run", "here")
    assert (one.name, one.project) == ("海岸 / v1-full", "海岸")
    assert base_models.recipe_name(one.id) == str(trained)
    assert base_models.id_of(str(trained)) == one.id
    for elsewhere in (f"run:{project.id}/../v1-full", f"run:{project.id}/v1-lora", "run:x/v1-full"):
        with pytest.raises(RecipeError):
            base_models.recipe_name(elsewhere)


@pytest.mark.parametrize("name", ["acme/tiny", "modelscope:acme/tiny"])
def test_an_id_of_a_hub_is_checked_listed_chosen_and_taken_off(
    base_models: BaseModels, home: Home, hub: HubServer, name: str
) -> None:
    added = base_models.add(f" {name} ")
    assert (added.id, added.state, added.bytes, added.listed) == (name, "absent", None, True)
    base_models.add(name)
    assert [one.id for one in base_models.all()][2:] == [name]
    found = base_models.check(name)
    assert found.fits and found.bytes_to_download >= 4000
    workspace = home.workspace(home.projects.create("coast").id)
    assert base_models.choose(workspace, name).base_model == name
    base_models.remove(name)
    assert len(base_models.all()) == 2
    with pytest.raises(NotFound):
        base_models.remove(name)
    assert not any("resolve" in path for path in hub.paths if path.endswith("safetensors"))


def test_what_no_hub_has_is_not_added(base_models: BaseModels, hub: HubServer) -> None:
    with pytest.raises(ModelUnavailable):
        base_models.add("acme/none")
    assert len(base_models.all()) == 2
    assert hub.paths


@pytest.mark.parametrize(
    "name",
    [
        *("/etc", "./x", "~/x", "../x/y", "folder:..", "folder:notes", "folder:/etc", "C:\\x", ""),
        *("a/../b", "modelscope:/etc", "owner/na me", "o/" + "x" * 200),
    ],
)
def test_no_path_is_taken_for_a_model(base_models: BaseModels, name: str) -> None:
    with pytest.raises(RecipeError):
        base_models.check(name)


def test_a_folder_that_happens_to_lie_there_is_no_id(
    base_models: BaseModels, tmp_path: Path
) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)  # the tests run in tmp_path
    with pytest.raises(RecipeError):
        base_models.check("owner/name")
