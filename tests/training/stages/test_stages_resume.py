"""A training of any stage that was killed goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from loresmith.devices import Device
from loresmith.errors import JobCancelled, OutOfDeviceMemory
from loresmith.training import Full, Lora, TrainingMethod, TrainingProgress, TrainingResult
from loresmith.training.row_log_probs import RowForward
from loresmith.training.stages import Stage, reference
from stopped_training import stop_after
from training.stages.stage_rows import STAGES, rows_for

TRAINER = """
import os, signal, sys
from contextlib import contextmanager
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


@contextmanager
def room_for_asking(tokens: int, *, after: int) -> Iterator[None]:
    """A device without memory for more tokens at once, and once that is seen, for `after`."""
    room = [tokens]

    def refuse(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        embeds = isinstance(module, torch.nn.Embedding)
        if embeds and not module.training and inputs[0].numel() > room[0]:
            room[0] = after
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    hook = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()


def test_where_memory_is_short_the_reference_is_asked_for_in_smaller_parts(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = method_of(Lora, STAGES["sigmoid"])
    told: list[TrainingProgress] = []
    with room_for_asking(250, after=200):
        result = train(method, base, tmp_path / "run", device, on_progress=told.append)
    whole = train(method, base, tmp_path / "whole", device)
    assert result.losses == pytest.approx(whole.losses, abs=1e-5)
    assert any("memory ran out with" in progress.note for progress in told)


def test_a_pair_that_the_reference_has_no_memory_for_is_named(
    base: Path, device: Device, tmp_path: Path
) -> None:
    method = method_of(Lora, STAGES["sigmoid"])
    with room_for_asking(250, after=0), pytest.raises(OutOfDeviceMemory) as error:
        train(method, base, tmp_path, device)
    first = rows_for(method.stage, range(8))
    assert any(f"about the row {row.id} alone" in error.value.message for row in first)


ASKER = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
sys.path[:0] = [{tests!r}]
from training.stages.stage_rows import STAGES, rows_for
from loresmith.devices import Device
from loresmith.training import Lora
from loresmith.training.stages import reference
reference._BETWEEN_SAVES = reference._BETWEEN_NOTES = 0
reference._SAVING_SHARE = float("inf")  # a slow disk changes nothing here
method = Lora.model_validate_json({settings!r})
device = Device(
    kind="cpu", torch_device="cpu", name="CPU", memory_bytes=8 * 10**9, bf16=False, threads=1
)
def on_progress(progress):
    if "asked about 5 of 8 rows" in progress.note:
        os.kill(os.getpid(), signal.SIGKILL)
method.train(
    rows_for(STAGES["sigmoid"], range(8)),
    base=Path({base!r}), folder=Path({folder!r}), seed=5, device=device, on_progress=on_progress,
)
"""


def test_killed_while_the_reference_is_asked_for_it_asks_for_the_rest_alone(
    base: Path, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = method_of(Lora, STAGES["sigmoid"])
    method = method.model_copy(update={"pass_tokens": 16})  # a pair at a time
    code = ASKER.format(
        tests=str(Path(__file__).parents[2]),
        settings=method.model_dump_json(),
        base=str(base),
        folder=str(tmp_path / "run"),
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = json.loads((tmp_path / "run" / "reference.json").read_text(encoding="utf-8"))
    known = sum(map(bool, kept["log_probs"]))
    assert known == 5, "each was saved before the next was told of"
    asked, told = _rows_asked(monkeypatch), list[TrainingProgress]()
    result = train(method, base, tmp_path / "run", device, on_progress=told.append)
    assert sum(asked) == 2 * (8 - known)
    assert any(f"was asked about {known} of 8 before" in progress.note for progress in told)
    whole = train(method, base, tmp_path / "whole", device)
    assert result.losses == pytest.approx(whole.losses, abs=1e-6)


def test_who_stops_it_while_the_reference_is_asked_for_loses_nothing(
    base: Path, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = method_of(Lora, STAGES["kto"]).model_copy(update={"pass_tokens": 16})
    asked = _rows_asked(monkeypatch)
    with pytest.raises(JobCancelled, match="before its first step"):
        train(method, base, tmp_path, device, should_stop=lambda: len(asked) >= 3)
    assert len(asked) == 3
    train(method, base, tmp_path, device)
    assert sum(asked) == 2 * 16, "each answer, and the same question with another's"


def test_how_fast_the_reference_is_found_is_told_on_the_way(
    base: Path, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "_BETWEEN_NOTES", 0.0)
    told: list[TrainingProgress] = []
    method = method_of(Lora, STAGES["sigmoid"]).model_copy(update={"pass_tokens": 16})
    train(method, base, tmp_path, device, on_progress=told.append)
    notes = [progress.note for progress in told if "rows/s" in progress.note]
    assert len(notes) == 8
    assert re.search(r"asked about 3 of 8 rows, [\d.,]+ rows/s, \d+:\d\d:\d\d left", notes[2])


def _rows_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fills up with the number of rows in each pass of a reference: steps ask with gradients."""
    asked: list[int] = []
    real = RowForward.log_probs

    def counted(self: RowForward, rows: Any) -> Any:
        if not self.model.training:
            asked.append(len(rows))
        return real(self, rows)

    monkeypatch.setattr(RowForward, "log_probs", counted)
    return asked
