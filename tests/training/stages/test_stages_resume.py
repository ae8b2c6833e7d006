"""A training of any stage that was killed goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.errors import JobCancelled
from loresmith.training import Full, Lora, TrainingMethod, TrainingResult
from loresmith.training.stages import Stage
from stopped_training import stop_after
from training.stages.stage_rows import STAGES, rows_for

TRAINER = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from tiny_training import one_thread
from training.stages.stage_rows import STAGES, rows_for
from loresmith.training import Lora
method = Lora.model_validate_json({settings!r})
def on_progress(progress):
    if progress.phase == "training" and progress.step == 7:
        os.kill(os.getpid(), signal.SIGKILL)
method.train(
    rows_for(STAGES[{name!r}], range(8)),
    base=Path({base!r}), folder=Path({folder!r}), seed=5, device=one_thread(),
    on_progress=on_progress,
)
"""


def method_of(kind: type[TrainingMethod], stage: Stage) -> TrainingMethod:
    return kind(stage=stage, num_epochs=5, batch_size=3, checkpoint_seconds=0, learning_rate=5e-3)


def train(
    method: TrainingMethod, base: Path, folder: Path, device: Device, **options: object
) -> TrainingResult:
    rows = rows_for(method.stage, range(8))
    return method.train(rows, base=base, folder=folder, seed=5, device=device, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Lora, Full])
@pytest.mark.parametrize("name", ["pretrain", "sigmoid", "simpo", "kto", "reward"])
def test_stopped_and_resumed_it_is_the_training_that_was_never_stopped(
    kind: type[TrainingMethod], name: str, base: Path, device: Device, tmp_path: Path
) -> None:
    method = method_of(kind, STAGES[name])
    whole = train(method, base, tmp_path / "whole", device)
    rows = rows_for(method.stage, range(8))
    stop_after(3, method, rows, base=base, folder=tmp_path / "run", seed=5, device=device)
    result = train(method, base, tmp_path / "run", device)
    assert any("goes on after step 3" in note for note in result.notes)
    assert result.losses == pytest.approx(whole.losses, abs=1e-5)
    assert result.measures.keys() == whole.measures.keys()
    for measure, figures in whole.measures.items():
        assert result.measures[measure] == pytest.approx(figures, abs=1e-4)


@pytest.mark.parametrize("name", ["sigmoid", "kto", "reward"])
def test_so_it_is_after_kill_9(name: str, base: Path, device: Device, tmp_path: Path) -> None:
    method = method_of(Lora, STAGES[name])
    code = TRAINER.format(
        tests=str(Path(__file__).parents[2]),
        settings=method.model_dump_json(),
        name=name,
        base=str(base),
        folder=str(tmp_path / "run"),
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    result = train(method, base, tmp_path / "run", device)
    whole = train(method, base, tmp_path / "whole", device)
    assert any("goes on after step" in note for note in result.notes)
    assert result.losses == pytest.approx(whole.losses, abs=1e-4)


def test_the_reference_is_asked_for_once_and_kept(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = method_of(Full, STAGES["sigmoid"])
    rows = rows_for(method.stage, range(8))
    stop_after(3, method, rows, base=base, folder=tmp_path, seed=5, device=device)
    kept = tmp_path / "reference.json"
    content = json.loads(kept.read_text(encoding="utf-8"))
    before = kept.stat().st_mtime_ns
    assert len(content["log_probs"]) == 8
    train(method, base, tmp_path, device)
    assert kept.stat().st_mtime_ns == before


def test_a_reference_file_that_was_cut_is_made_anew(
    base: Path, device: Device, tmp_path: Path
) -> None:
    """Before the first step only: the model is then as it was."""
    method = method_of(Full, STAGES["sigmoid"])
    whole = train(method, base, tmp_path / "whole", device)
    folder = tmp_path / "run"
    folder.mkdir()
    text = (tmp_path / "whole" / "reference.json").read_text(encoding="utf-8")
    (folder / "reference.json").write_text(text[: len(text) // 2], encoding="utf-8")
    result = train(method, base, folder, device)
    assert result.losses == pytest.approx(whole.losses, abs=1e-6)


def test_it_can_be_stopped_while_the_reference_is_asked_for(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = method_of(Lora, STAGES["sigmoid"])
    with pytest.raises(JobCancelled, match="before its first step"):
        train(method, base, tmp_path, device, should_stop=lambda: True)
