"""Two processes learn from preferences what one learns: the same losses, figures and weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from loresmith.training import Lora, TrainingProgress, TrainingResult
from loresmith.training.stages import Stage
from loresmith.workspace.training_process import TrainingTask, train_in_child
from tiny_model import make_tiny_model
from training.stages.stage_rows import STAGES, rows_for

SETTINGS: dict[str, Any] = {
    "max_steps": 4,
    "batch_size": 3,  # of 10 or 5 rows: in some steps one process has none
    "pass_tokens": 128,
    "learning_rate": 1e-2,
    "precision": "fp32",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        pytest.param("kto", {}, id="kto"),
        pytest.param("sigmoid", {}, id="dpo", marks=pytest.mark.slow),
        pytest.param("simpo", {}, id="simpo", marks=pytest.mark.slow),
        pytest.param("reward", {}, id="reward", marks=pytest.mark.slow),
        pytest.param("sigmoid", {"fsdp": "full_shard"}, id="dpo in shards", marks=pytest.mark.slow),
        pytest.param("kto", {"fsdp": "full_shard"}, id="kto in shards", marks=pytest.mark.slow),
    ],
)
def test_two_processes_learn_from_preferences_what_one_learns(
    base: Path, tmp_path: Path, name: str, settings: dict[str, Any]
) -> None:
    stage = STAGES[name]
    told: list[TrainingProgress] = []
    one = _train(stage, base, tmp_path / "one", processes=1)
    two = _train(stage, base, tmp_path / "two", told, processes=2, **settings)
    assert two.losses == pytest.approx(one.losses, abs=1e-5)
    assert two.losses[0] != two.losses[-1]
    assert two.measures.keys() == one.measures.keys() and "margin" in one.measures
    for measure, figures in one.measures.items():
        assert two.measures[measure] == pytest.approx(figures, abs=1e-4)
    validated = [
        (p.validation_loss, p.validation_measures["margin"]) for p in (*two.practice, *one.practice)
    ]
    assert validated[: len(two.practice)] == [
        pytest.approx(figures, abs=1e-4) for figures in validated[len(two.practice) :]
    ]
    ours, theirs = (load_file(tmp_path / at / _ADAPTER) for at in ("two", "one"))
    for key, weight in ours.items():
        assert float((weight - theirs[key]).norm()) < 1e-3 * float(theirs[key].norm()), key
    if stage.type == "kto":
        assert max(kl or 0.0 for kl in one.measures["kl"]) > 0.01, "else nothing is compared"
    assert [p.step for p in told if p.phase == "training"] == [1, 2, 3, 4]
    if stage.referred:
        kept, expected = (_reference(tmp_path / at) for at in ("two", "one"))
        assert all(kept) and len(kept) == len(expected)
        for found, wanted in zip(kept, expected, strict=True):
            assert found == pytest.approx(wanted, abs=1e-4)


_ADAPTER = "adapter/adapter_model.safetensors"


def _train(
    stage: Stage,
    base: Path,
    folder: Path,
    told: list[TrainingProgress] | None = None,
    **settings: Any,
) -> TrainingResult:
    task = TrainingTask(
        training=Lora(stage=stage, **SETTINGS, **settings),
        base=str(base),
        seed=5,
        examples=tuple(rows_for(stage, range(5))),
        validation=tuple(rows_for(stage, range(20, 23))),
    )
    keep = [] if told is None else told
    return train_in_child(task, folder, on_progress=keep.append, check=lambda: None)


def _reference(folder: Path) -> list[list[float]]:
    found: list[list[float]] = json.loads((folder / "reference.json").read_text())["log_probs"]
    return found
