from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.errors import ModelUnavailable
from loresmith.models import base_model_facts
from loresmith.models.base_models import (
    check_base_model,
    describe_base_model,
    folder_of_config,
    resolve_base_model,
)
from loresmith.models.weights import model_files
from loresmith.settings import Settings
from servers.hub_server import HubServer


@pytest.fixture(autouse=True)
def nothing_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache of the hub, no settings from outside, and no waiting between attempts."""
    from huggingface_hub import constants

    from loresmith.models import modelscope

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(modelscope, "_PAUSE", 0.0)
    for name in ("HF_ENDPOINT", "MODELSCOPE_DOMAIN", "USE_MODELSCOPE_HUB", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def places(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=None)


@pytest.fixture
def hub(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer({"acme/tiny": tiny_model}, gated=frozenset({"acme/gated"})) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", server.url)
        yield server


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_local_folder_is_itself_and_its_parameters_are_counted(
    tiny_model: Path, places: Settings
) -> None:
    facts = describe_base_model(str(tiny_model), places)
    assert (facts.source, facts.folder, facts.bytes_to_download) == ("folder", tiny_model, 0)
    from transformers import AutoModelForCausalLM

    assert facts.parameters == AutoModelForCausalLM.from_pretrained(tiny_model).num_parameters()
    assert resolve_base_model(str(tiny_model), places) == tiny_model


@pytest.mark.parametrize("name", ["./no/such", "/no/such/folder", "~/no-such-folder-here", "..\\x"])
def test_a_path_that_is_not_there_is_not_looked_up_on_a_hub(name: str, places: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="no such folder"):
        describe_base_model(name, places)


def test_an_empty_folder_is_no_base_model(tmp_path: Path, places: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="holds no base model"):
        describe_base_model(str(tmp_path), places)


def test_an_adapter_is_no_base_model(tmp_path: Path, places: Settings) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="an adapter, not a base model"):
        describe_base_model(str(tmp_path), places)


def test_a_folder_that_lacks_a_shard_is_no_base_model(
    tmp_path: Path, tiny_model: Path, places: Settings
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    index = '{"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    (tmp_path / "model" / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ModelUnavailable, match="all its"):
        describe_base_model(str(tmp_path / "model"), places)


def test_weights_that_were_cut_short_are_noticed_without_loading(
    tmp_path: Path, tiny_model: Path, places: Settings
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    for rest in (weights.read_bytes()[:-1], b"\xff" * 20, b""):
        weights.write_bytes(rest)
        with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
            describe_base_model(str(tmp_path / "model"), places)


@pytest.mark.parametrize("name", ["", "a b", "a/b/c", "模型", "modelscope:", "modelscope:/x", "-x"])
def test_what_cannot_be_a_name_is_refused_with_examples(name: str, places: Settings) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        describe_base_model(name, places)
    assert caught.value.hint


def test_a_model_of_the_hub_is_described_before_it_is_downloaded(
    hub: HubServer, places: Settings, tiny_model: Path
) -> None:
    facts = describe_base_model("acme/tiny", places)
    assert facts.source == "hub"
    assert facts.parameters == 123_456
    assert facts.bytes_to_download == sum(f.stat().st_size for f in tiny_model.iterdir())
    assert facts.fits_disk
    assert not any("resolve" in path for path in hub.paths)


@pytest.mark.usefixtures("hub")
def test_a_model_of_the_hub_is_downloaded_once_and_then_needs_no_hub(
    places: Settings, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    folder = resolve_base_model("acme/tiny", places, on_progress=heard.append)
    weights = (folder / "model.safetensors").read_bytes()
    assert weights == (tiny_model / "model.safetensors").read_bytes()
    assert len(heard) == 1
    assert "acme/tiny" in heard[0]
    assert describe_base_model("acme/tiny", places).bytes_to_download == 0
    monkeypatch.setenv("HF_ENDPOINT", nobody_listens())
    assert resolve_base_model("acme/tiny", places).samefile(folder)


def test_of_a_model_of_the_hub_the_config_alone_is_fetched_to_estimate_by(
    hub: HubServer, places: Settings
) -> None:
    facts = describe_base_model("acme/tiny", places)
    folder = folder_of_config(facts, places)
    assert [file.name for file in folder.iterdir()] == ["config.json"]
    asked = len(hub.paths)
    assert folder_of_config(facts, places) == folder
    assert len(hub.paths) == asked, "it is asked for once"
    elsewhere = describe_base_model("modelscope:acme/tiny", places)
    with pytest.raises(ModelUnavailable, match="is not here"):
        folder_of_config(elsewhere, places)


@pytest.mark.usefixtures("hub")
def test_a_model_that_the_hub_does_not_know_is_told_apart_from_a_hub_out_of_reach(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelUnavailable, match="there is no base model 'acme/unknown'"):
        describe_base_model("acme/unknown", places)
    monkeypatch.setenv("HF_ENDPOINT", nobody_listens())
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        describe_base_model("acme/unknown", places)
    assert "HF_ENDPOINT" in caught.value.hint


def test_a_hub_that_never_answers_is_given_up_within_ten_seconds(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loresmith.models import hub, modelscope

    monkeypatch.setattr(hub, "_SECONDS_TO_ANSWER", 0.5)
    monkeypatch.setattr(modelscope, "_SECONDS_TO_ANSWER", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", url)
        for name in ("acme/tiny", "modelscope:acme/tiny"):
            start = time.monotonic()
            with pytest.raises(ModelUnavailable, match="cannot be reached"):
                describe_base_model(name, places)
            assert time.monotonic() - start < 2.0


@pytest.mark.usefixtures("hub")
def test_a_gated_model_asks_for_a_token(places: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="accept its licence") as caught:
        describe_base_model("acme/gated", places)
    assert "HF_TOKEN" in caught.value.hint


def test_a_hub_in_trouble_is_named_with_its_status(hub: HubServer, places: Settings) -> None:
    hub.failing = 503
    for name in ("acme/tiny", "modelscope:acme/tiny"):
        with pytest.raises(ModelUnavailable, match="answered 503"):
            describe_base_model(name, places)


def test_a_repository_without_weights_is_refused(
    hub: HubServer, places: Settings, tmp_path: Path
) -> None:
    repository = tmp_path / "gguf-only"
    repository.mkdir()
    (repository / "model.gguf").write_bytes(b"GGUF")
    (repository / "config.json").write_text("{}")
    hub.models["acme/gguf"] = repository
    for name in ("acme/gguf", "modelscope:acme/gguf"):
        with pytest.raises(ModelUnavailable, match="no safetensors weights"):
            describe_base_model(name, places)


def test_a_model_that_does_not_fit_the_disk_is_refused_before_a_byte_is_fetched(
    hub: HubServer, places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        base_model_facts.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1)
    )
    for name in ("acme/tiny", "modelscope:acme/tiny"):
        assert not describe_base_model(name, places).fits_disk
        with pytest.raises(ModelUnavailable, match="GB free"):
            check_base_model(name, places)
        with pytest.raises(ModelUnavailable, match="GB free"):
            resolve_base_model(name, places)
    assert not any("resolve" in path or path.endswith("/repo") for path in hub.paths)


def test_a_model_of_modelscope_is_downloaded_once(
    hub: HubServer, places: Settings, tiny_model: Path
) -> None:
    facts = describe_base_model("modelscope:acme/tiny", places)
    assert facts.bytes_to_download == sum(f.stat().st_size for f in tiny_model.iterdir())
    folder = resolve_base_model("modelscope:acme/tiny", places)
    weights = (folder / "model.safetensors").read_bytes()
    assert weights == (tiny_model / "model.safetensors").read_bytes()
    asked = len(hub.paths)
    assert resolve_base_model("modelscope:acme/tiny", places) == folder
    assert len(hub.paths) == asked


@pytest.mark.usefixtures("hub")
def test_a_hub_id_is_looked_up_on_modelscope_where_the_environment_says_so(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_MODELSCOPE_HUB", "1")
    assert describe_base_model("acme/tiny", places).source == "modelscope"


def test_a_download_that_breaks_off_goes_on_where_it_was(
    hub: HubServer, places: Settings, tiny_model: Path
) -> None:
    hub.cut_after = 9_000
    folder = resolve_base_model("modelscope:acme/tiny", places)
    weights = (folder / "model.safetensors").read_bytes()
    assert weights == (tiny_model / "model.safetensors").read_bytes()
    assert len(weights) > 5 * 9_000


def test_what_was_fetched_before_a_failure_is_not_fetched_again(
    hub: HubServer, places: Settings, tiny_model: Path
) -> None:
    def cut_the_line_at_the_third_file(words: str) -> None:
        if "config.json" in words:
            hub.cut_after = 0

    with pytest.raises(ModelUnavailable, match="broke off"):
        resolve_base_model(
            "modelscope:acme/tiny", places, on_progress=cut_the_line_at_the_third_file
        )
    assert not (places.models / "modelscope--acme--tiny").exists()
    hub.cut_after = None
    hub.paths.clear()
    resolve_base_model("modelscope:acme/tiny", places)
    downloads = [path for path in hub.paths if path.endswith("/repo")]
    assert len(downloads) == len(list(tiny_model.iterdir())) - 2


def test_a_file_that_arrives_damaged_is_refused(hub: HubServer, places: Settings) -> None:
    hub.wrong_hash = True
    with pytest.raises(ModelUnavailable, match="arrived damaged"):
        resolve_base_model("modelscope:acme/tiny", places)
    assert not (places.models / "modelscope--acme--tiny").exists()


@pytest.mark.usefixtures("hub")
def test_modelscope_says_which_model_it_does_not_know(places: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="no base model 'acme/unknown'"):
        describe_base_model("modelscope:acme/unknown", places)


def test_of_a_repository_only_what_makes_up_the_model_is_fetched() -> None:
    repository = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    repository += ["model.safetensors.index.json", "config.json", "tokenizer.json", "merges.txt"]
    repository += ["LICENSE", "README.md", "pytorch_model.bin", "consolidated.safetensors"]
    repository += [
        "onnx/model.onnx",
        "original/consolidated.00.pth",
        "model.gguf",
        ".gitattributes",
    ]
    assert set(model_files(repository)) == {*repository[:7]}
    assert model_files(["pytorch_model.bin", "config.json"]) == ["pytorch_model.bin", "config.json"]
    assert model_files(["model.gguf", "config.json"]) == []
