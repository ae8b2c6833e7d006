"""A path stands for a model: a project's newest run, a run, an adapter, or whole weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from loresmith.errors import NotFound
from loresmith.workspace.candidates import Candidate, find_candidate


def _run(folder: Path, *, base: str = "Qwen/Qwen2.5-0.5B", adapter: bool = True) -> Path:
    part = folder / ("adapter" if adapter else "model")
    part.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"base_model": base}), encoding="utf-8")
    if adapter:
        noted = {"base_model_name_or_path": "/somewhere/else"}
        (part / "adapter_config.json").write_text(json.dumps(noted))
    else:
        (part / "config.json").write_text("{}")
    return folder


def test_a_run_stands_for_its_adapter_on_the_base_model_that_it_notes(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", base="模型/基座")
    expected = Candidate("模型/基座", adapter=run / "adapter")
    assert find_candidate(run) == find_candidate(run / "adapter") == expected


def test_a_run_of_full_fine_tuning_stands_for_its_weights(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", adapter=False)
    assert find_candidate(run) == Candidate("Qwen/Qwen2.5-0.5B", weights=run / "model")


def test_an_adapter_from_elsewhere_says_its_base_model_itself(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    (run / "run.json").unlink()
    assert find_candidate(run / "adapter").base == "/somewhere/else"


def test_the_base_model_that_is_named_wins(tmp_path: Path) -> None:
    assert find_candidate(_run(tmp_path / "run"), base_model="embedded").base == "embedded"


def test_a_project_stands_for_its_newest_finished_run(tmp_path: Path) -> None:
    for number in (1, 2):
        run = _run(tmp_path / "runs" / f"v{number}")
        os.utime(run, (number, number))
    (tmp_path / "runs" / "v3-unfinished" / "adapter").mkdir(parents=True)
    assert find_candidate(tmp_path).adapter == tmp_path / "runs" / "v2" / "adapter"


def test_a_folder_of_weights_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert find_candidate(tmp_path) == Candidate(str(tmp_path))


def test_what_is_no_model_says_what_would_be(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(NotFound) as error:
            find_candidate(path)
        assert error.value.hint


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_an_adapter_that_does_not_say_its_base_model_asks_for_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(NotFound) as error:
        find_candidate(tmp_path)
    assert "--base-model" in error.value.hint
