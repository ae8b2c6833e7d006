from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.errors import CheckpointError, Conflict, JobCancelled
from loresmith.models.base import ChatModel
from loresmith.records import Example
from loresmith.training import Full, Lora, TrainingMethod, TrainingProgress, TrainingResult
from loresmith.training.lock import trainer_lock

STEPS = 24
LORA = Lora(num_epochs=6, batch_size=2, dropout=0.1, checkpoint_seconds=0, learning_rate=1e-2)
FULL = Full(num_epochs=6, batch_size=2, checkpoint_seconds=0, learning_rate=1e-2)

TRAINER = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from training.conftest import FACTS, example
from loresmith.devices import Device
from loresmith.training import Full, Lora
method = {{"lora": Lora, "full": Full}}[{method!r}].model_validate_json({settings!r})
device = Device(
    kind="cpu", torch_device="cpu", name="CPU", memory_bytes=8 * 10**9, bf16=False, threads=1
)
def on_progress(progress):
    print(progress.phase, progress.step, flush=True)
    if progress.phase == "training" and progress.step == {kill_at}:
        os.kill(os.getpid(), signal.SIGKILL)
method.train(
    [example(*fact) for fact in FACTS],
    base=Path({base!r}), folder=Path({folder!r}), seed=5, device=device, on_progress=on_progress,
)
"""


def train(
    method: TrainingMethod,
    examples: Sequence[Example],
    base: Path,
    folder: Path,
    device: Device,
    **options: object,
) -> TrainingResult:
    return method.train(
        examples,
        base=base,
        folder=folder,
        seed=5,
        device=device,
        **options,  # type: ignore[arg-type]
    )


def start_trainer(
    method: TrainingMethod, base: Path, folder: Path, *, kill_at: int = -1
) -> subprocess.Popen[str]:
    code = TRAINER.format(
        tests=str(Path(__file__).parents[1]),
        method=method.model_dump()["type"],
        settings=method.model_dump_json(),
        kill_at=kill_at,
        base=str(base),
        folder=str(folder),
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    )


def logged_steps(folder: Path) -> list[int]:
    lines = (folder / "trainer_log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["current_steps"] for line in lines]


def stop_after(step: int) -> tuple[object, object]:
    """`on_progress` and `should_stop` that end a training after this step."""
    reached: list[int] = [0]

    def on_progress(progress: TrainingProgress) -> None:
        reached[0] = progress.step

    return on_progress, lambda: reached[0] >= step


@pytest.mark.parametrize("method", [LORA, FULL], ids=["lora", "full"])
def test_after_kill_9_the_losses_are_those_of_an_undisturbed_run(
    method: TrainingMethod, base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    expected = train(method, examples, base, tmp_path / "whole", device)
    killed = start_trainer(method, base, tmp_path / "run", kill_at=9)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    result = train(method, examples, base, tmp_path / "run", device)
    assert result.losses == pytest.approx(expected.losses, abs=1e-4)
    assert any("goes on after step 8" in note for note in result.notes)
    assert logged_steps(tmp_path / "run") == list(range(1, STEPS + 1))
    assert {p.name for p in (tmp_path / "run").glob("attempt-*")} >= {"attempt-2"}


def test_a_log_line_that_was_cut_by_the_crash_is_written_anew(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    on_progress, should_stop = stop_after(5)
    with pytest.raises(JobCancelled):
        train(
            LORA, examples, base, tmp_path, device, on_progress=on_progress, should_stop=should_stop
        )
    with (tmp_path / "trainer_log.jsonl").open("a") as log:
        log.write('{"current_steps": 6, "total_st')
    train(LORA, examples, base, tmp_path, device)
    assert logged_steps(tmp_path) == list(range(1, STEPS + 1))


@pytest.mark.parametrize("damage", ["cut", "flipped", "no manifest", "garbled manifest"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, damage: str
) -> None:
    on_progress, should_stop = stop_after(7)
    with pytest.raises(JobCancelled):
        train(
            LORA, examples, base, tmp_path, device, on_progress=on_progress, should_stop=should_stop
        )
    newest = tmp_path / "attempt-1" / "checkpoint-7"
    weights, manifest = newest / "adapter_model.safetensors", newest / "manifest.json"
    content = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(content[:-100])
    elif damage == "flipped":
        weights.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("[")
    result = train(LORA, examples, base, tmp_path, device)
    assert any("checkpoint-7 is damaged" in note for note in result.notes)
    assert any("goes on after step 6" in note for note in result.notes)
    assert len(result.losses) == STEPS


def test_should_stop_saves_first_and_says_how_to_go_on(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    rarely = LORA.model_copy(update={"checkpoint_seconds": 1000.0})
    on_progress, should_stop = stop_after(3)
    with pytest.raises(JobCancelled, match="after step 3 of 24") as error:
        train(
            rarely,
            examples,
            base,
            tmp_path,
            device,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    assert "go on" in error.value.hint
    assert (tmp_path / "attempt-1" / "checkpoint-3" / "manifest.json").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_first_and_is_ours_only_while_training(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    def on_progress(progress: TrainingProgress) -> None:
        if progress.phase == "training" and progress.step == 4:
            os.kill(os.getpid(), number)

    rarely = FULL.model_copy(update={"checkpoint_seconds": 1000.0})
    with pytest.raises(JobCancelled, match="after step 4"):
        train(rarely, examples, base, tmp_path, device, on_progress=on_progress)
    assert signal.getsignal(number) is before
    whole = train(rarely, examples, base, tmp_path / "whole", device)
    resumed = train(rarely, examples, base, tmp_path, device)
    assert resumed.losses == pytest.approx(whole.losses, abs=1e-4)


def test_ctrl_c_in_practice_ends_it_at_once_and_practice_is_held_again(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    def impatient(_: ChatModel) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
        return 0.1

    began = time.monotonic()
    with pytest.raises(JobCancelled):
        train(LORA, examples, base, tmp_path, device, evaluate=impatient)
    assert time.monotonic() - began < 60
    result = train(LORA, examples, base, tmp_path, device, evaluate=lambda _: 0.7)
    assert [p.score for p in result.practice] == [0.7]
    assert len(result.losses) == STEPS


def test_a_second_trainer_is_kept_out_and_told_who_is_in(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    first = start_trainer(LORA.model_copy(update={"num_epochs": 900.0}), base, folder)
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("training"):
            break
    try:
        with pytest.raises(Conflict, match=f"process {first.pid} is training"):
            train(LORA, examples, base, folder, device)
    finally:
        first.kill()
        first.communicate()
    with trainer_lock(folder):  # free again, though nobody tidied up
        pass


def test_another_training_does_not_go_on_from_these_checkpoints(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    train(LORA, examples, base, tmp_path, device)
    with pytest.raises(CheckpointError, match="other rows, settings, seed or base"):
        train(LORA, examples[:4], base, tmp_path, device)
    with pytest.raises(CheckpointError):
        train(LORA.model_copy(update={"rank": 8}), examples, base, tmp_path, device)


def test_a_finished_training_is_returned_and_not_done_again(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    first = train(LORA, examples, base, tmp_path, device)
    told: list[TrainingProgress] = []
    often = LORA.model_copy(update={"checkpoint_seconds": 3.0})
    assert train(often, examples, base, tmp_path, device, on_progress=told.append) == first
    assert all(p.phase != "training" for p in told)


def test_checkpoints_over_the_limit_are_deleted(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    on_progress, should_stop = stop_after(9)
    with pytest.raises(JobCancelled):
        train(
            LORA, examples, base, tmp_path, device, on_progress=on_progress, should_stop=should_stop
        )
    kept = sorted(path.name for path in tmp_path.glob("attempt-*/checkpoint-*"))
    assert kept == ["checkpoint-8", "checkpoint-9"]


def test_a_full_disk_is_told_before_anything_is_trained(
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CheckpointError, match="GB of that disk are free"):
        train(LORA, examples, base, tmp_path, device)


def test_training_in_another_thread_leaves_signals_alone(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    results: list[TrainingResult] = []
    worker = threading.Thread(
        target=lambda: results.append(train(LORA, examples, base, tmp_path, device))
    )
    worker.start()
    worker.join()
    assert results[0].steps == STEPS
