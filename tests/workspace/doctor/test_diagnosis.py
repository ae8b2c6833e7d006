"""A whole look at this machine, alone and with a training that is wanted on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.errors import NotFound, RecipeError
from loresmith.workspace.doctor import diagnose


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of one's own, and no variable of whoever runs the tests."""
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_this_machine_has_nothing_wrong_but_what_is_made_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = diagnose(products=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    after = diagnose(products=False)
    assert after.faults == before.faults + 2
    assert {"card_environment", "proxy"} <= {one.check for one in after.findings if one.wrong}


def test_a_recipe_is_looked_at_with_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("base_model: /models/Baichuan2-7B\ntraining: {type: full}\n")
    found = [one.check for one in diagnose(file, products=False).findings if one.wrong]
    assert found.count("baichuan2") == 1
    assert "training" in found, "the model is not there"


def test_a_file_of_llama_factory_with_faults_is_looked_at_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "sft.yaml"
    file.write_text(
        "model_name_or_path: Qwen/Qwen2-0.5B\nstage: sft\ndo_train: true\n"
        "lora_rnak: 8\nfp16: true\n"
    )
    findings = diagnose(file, products=False).findings
    assert any("line 4: lora_rnak" in one.message for one in findings if one.check == "file")
    assert [one.wrong for one in findings if one.check == "qwen2_half_precision"] == [False]


def test_a_file_that_is_not_there_or_no_recipe_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        diagnose(tmp_path / "none.yaml")
    file = tmp_path / "recipe.yaml"
    file.write_text("training: {rank: many}\n")
    with pytest.raises(RecipeError):
        diagnose(file, products=False)
