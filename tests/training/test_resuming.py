from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loresmith.devices import Device
from loresmith.errors import CheckpointError, Conflict, JobCancelled
from loresmith.models.base import ChatModel
from loresmith.records import Example
from loresmith.training import Full, Lora, TrainingMethod, TrainingProgress, TrainingResult
from loresmith.training.lock import trainer_lock
from loresmith.training.sealed import read_seal
from stopped_training import stop_after
from tiny_model import make_tiny_model
from tiny_training import train

STEPS = 24
LORA = Lora(num_epochs=6, batch_size=2, dropout=0.1, checkpoint_seconds=0, learning_rate=1e-2)
FULL = Full(num_epochs=6, batch_size=2, checkpoint_seconds=0, learning_rate=1e-2)

TRAINER = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from tiny_training import FACTS, example, one_thread
from loresmith.training import Full, Lora
method = {{"lora": Lora, "full": Full}}[{method!r}].model_validate_json({settings!r})
def on_progress(progress):
    print(progress.phase, progress.step, flush=True)
    if progress.phase == "training" and progress.step == {kill_at}:
        os.kill(os.getpid(), signal.SIGKILL)
method.train(
    [example(*fact) for fact in FACTS],
    base=Path({base!r}), folder=Path({folder!r}), seed=5, device=one_thread(),
    on_progress=on_progress,
)
"""


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
    stop_after(5, LORA, examples, base=base, folder=tmp_path, seed=5, device=device)
    with (tmp_path / "trainer_log.jsonl").open("a") as log:
        log.write('{"current_steps": 6, "total_st')
    train(LORA, examples, base, tmp_path, device)
    assert logged_steps(tmp_path) == list(range(1, STEPS + 1))


@pytest.mark.parametrize("damage", ["cut", "flipped", "no manifest", "garbled manifest"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(
    base: Path, device: Device, examples: list[Example], tmp_path: Path, damage: str
) -> None:
    stop_after(7, LORA, examples, base=base, folder=tmp_path, seed=5, device=device)
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
    error = stop_after(3, rarely, examples, base=base, folder=tmp_path, seed=5, device=device)
    assert "after step 3 of 24" in error.message
    assert "go on" in error.hint
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
    ended: list[str] = []

    def impatient(_: ChatModel) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
        ended.append("by itself")
        return 0.1

    with pytest.raises(JobCancelled):
        train(LORA, examples, base, tmp_path, device, evaluate=impatient)
    assert not ended
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
    with pytest.raises(CheckpointError) as error:
        train(LORA.model_copy(update={"rank": 8}), examples, base, tmp_path, device)
    assert "What has changed: training.rank (64 -> 8)." in error.value.hint


def test_what_has_changed_since_a_stop_is_named(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    stop_after(3, LORA, examples, base=base, folder=tmp_path, seed=5, device=device)
    other = make_tiny_model(tmp_path / "other base", seed=9)
    for rows, model, named in ((examples[:4], base, "rows"), (examples, other, "base model")):
        with pytest.raises(CheckpointError) as error:
            train(LORA, rows, model, tmp_path, device)
        assert error.value.hint.startswith(f"What has changed: {named}. Use another folder")
    assert train(LORA, examples, base, tmp_path, device).steps == STEPS, "it still goes on"


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
    stop_after(9, LORA, examples, base=base, folder=tmp_path, seed=5, device=device)
    kept = sorted(path.name for path in tmp_path.glob("attempt-*/checkpoint-*"))
    assert kept == ["checkpoint-8", "checkpoint-9"]


def test_checkpoints_after_so_many_steps_are_kept_when_it_is_done(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    method = LORA.model_copy(update={"save_steps": 5, "save_total_limit": 3})
    train(method, examples, base, tmp_path, device)
    kept = sorted(path.name for path in tmp_path.glob("attempt-*/checkpoint-*"))
    assert kept == ["checkpoint-10", "checkpoint-15", "checkpoint-20", "checkpoint-24"]
    assert all(read_seal(path).fault == "" for path in tmp_path.glob("attempt-*/checkpoint-*"))


FULL_DISK = """
import subprocess, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
folder = Path({folder!r})
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + {size!r}, "none", str(folder)], check=True)
from tiny_training import FACTS, example, one_thread
from loresmith.errors import CheckpointError
from loresmith.training import Lora
from loresmith.training.checkpoints import checkpoint_folders
from loresmith.training.sealed import read_seal
method = Lora.model_validate_json({settings!r})
def on_progress(progress):
    if progress.phase == "training" and progress.step == 6:  # somebody fills the disk
        with (folder / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
def train():
    return method.train(
        [example(*fact) for fact in FACTS],
        base=Path({base!r}), folder=folder, seed=5, device=one_thread(),
        on_progress=on_progress,
    )
try:
    train()
except CheckpointError as error:
    print("refused:", error.message, "|", error.hint)
print("good:", [one.name for one in checkpoint_folders(folder) if not read_seal(one).fault])
(folder / "ballast").unlink()
on_progress = None
result = train()
print("notes:", result.notes)
print("losses:", *result.losses)
"""


def _can_mount() -> bool:
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(words, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.mark.skipif(not _can_mount(), reason="a small disk cannot be mounted by this user")
def test_a_disk_that_fills_up_keeps_the_last_good_checkpoint(
    base: Path, device: Device, examples: list[Example], tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    code = FULL_DISK.format(
        tests=str(Path(__file__).parents[1]),
        folder=str(tmp_path / "disk"),
        size="30m",
        settings=LORA.model_dump_json(),
        base=str(base),
    )
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert "No space left on device" in said["refused"]
    assert "What was saved before is kept" in said["refused"]
    assert "checkpoint-5" in said["good"]
    assert "goes on after step" in said["notes"]
    expected = train(LORA, examples, base, tmp_path / "whole", device)
    losses = [float(one) for one in said["losses"].split()]
    assert losses == pytest.approx(expected.losses, abs=1e-4)


@pytest.mark.parametrize("name", ["manifest.json.part", "trainer_log.jsonl"])
def test_a_write_without_room_is_told_and_leaves_what_was_saved(
    base: Path,
    device: Device,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    full: list[bool] = []
    as_ever = open

    def no_room(path: object, *args: object, **options: object) -> object:
        if full and str(path).endswith(name) and "r" not in str(args[:1]):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return as_ever(path, *args, **options)  # type: ignore[call-overload]

    def on_progress(progress: TrainingProgress) -> None:
        if progress.phase == "training" and progress.step == 6:
            full.append(True)

    monkeypatch.setattr("io.open", no_room)
    monkeypatch.setattr("builtins.open", no_room)
    with pytest.raises(CheckpointError, match="No space left on device") as error:
        train(LORA, examples, base, tmp_path, device, on_progress=on_progress)
    assert "What was saved before is kept" in error.value.hint
    monkeypatch.undo()
    result = train(LORA, examples, base, tmp_path, device)
    assert any("goes on after step" in note for note in result.notes)
    assert logged_steps(tmp_path) == list(range(1, STEPS + 1))


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
