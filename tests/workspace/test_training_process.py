"""Training in a child process: what reaches the parent, and what happens when either one dies."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from loresmith.errors import JobCancelled, ModelUnavailable, TrainingError
from loresmith.records import Example, Message
from loresmith.training import Lora, TrainingProgress, TrainingResult
from loresmith.workspace.training_process import TrainingTask, finished_training, train_in_child
from projects import environment
from tiny_model import make_tiny_model

_PARENT = (
    "import sys; from pathlib import Path\n"
    "from loresmith.workspace.training_process import TrainingTask, train_in_child\n"
    "task = TrainingTask.model_validate_json(Path(sys.argv[1]).read_text(encoding='utf-8'))\n"
    "tell = lambda progress: print(progress.phase, progress.step, flush=True)\n"
    "train_in_child(task, Path(sys.argv[2]), on_progress=tell, check=lambda: None)\n"
)


class _Parent(NamedTuple):
    process: subprocess.Popen[str]
    folder: Path

    def wait_for(self, phase: str) -> None:
        assert self.process.stdout is not None
        assert any(line.startswith(phase) for line in self.process.stdout), "it ended before that"

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def parent(base: Path, tmp_path: Path) -> Iterator[_Parent]:
    """Another process, whose child trains for minutes."""
    (tmp_path / "task.json").write_text(_task(base, epochs=900).model_dump_json(), encoding="utf-8")
    words = [sys.executable, "-c", _PARENT, str(tmp_path / "task.json"), str(tmp_path / "run")]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    ) as process:
        yield _Parent(process, tmp_path / "run")
        process.kill()


def test_a_training_tells_each_step_and_leaves_its_result_whatever_libraries_print(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit\nprint('a greeting')\natexit.register(print, 'a farewell')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told: list[TrainingProgress] = []
    result = _train(_task(base, epochs=2), tmp_path / "run", told)
    assert [one.step for one in told if one.phase == "training"] == [1, 2]
    assert result == finished_training(tmp_path / "run")


def test_an_error_of_the_child_is_the_parent_s_error(base: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(base, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        _train(_task(damaged, epochs=1), tmp_path / "run")


def test_a_child_that_is_killed_says_how_to_go_on(base: Path, tmp_path: Path) -> None:
    def kill(progress: TrainingProgress) -> None:
        if progress.phase == "training":
            for child in psutil.Process().children():
                if "training_process" in " ".join(child.cmdline()):  # not other tests' browser
                    child.kill()

    with pytest.raises(TrainingError, match="ended by SIGKILL") as error:
        train_in_child(_task(base, epochs=900), tmp_path, on_progress=kill, check=lambda: None)
    assert "from the last checkpoint" in error.value.hint


def test_ctrl_c_saves_a_checkpoint_and_leaves_no_child(parent: _Parent) -> None:
    parent.wait_for("training 2")
    (child,) = parent.children()
    parent.process.send_signal(signal.SIGINT)
    parent.process.wait(30)
    assert not child.is_running()
    assert _checkpoints(parent.folder)


def test_the_child_of_a_killed_parent_saves_and_leaves_and_the_next_run_goes_on(
    parent: _Parent, base: Path
) -> None:
    parent.wait_for("training 2")
    (child,) = parent.children()
    parent.process.kill()
    parent.process.wait()
    told: list[TrainingProgress] = []
    with pytest.raises(JobCancelled):
        train_in_child(
            _task(base, epochs=900), parent.folder, on_progress=told.append, check=_until(told, 9)
        )
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    steps = [one.step for one in told if one.phase == "training"]
    assert steps[0] > 1, "it began anew"
    log = (parent.folder / "trainer_log.jsonl").read_text().splitlines()
    logged = [json.loads(line)["current_steps"] for line in log]
    assert logged == list(range(1, len(log) + 1)), "each step is logged once"


def test_a_child_whose_parent_dies_before_it_began_leaves_too(parent: _Parent) -> None:
    deadline = time.monotonic() + 30
    while not parent.children():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (child,) = parent.children()
    parent.process.kill()
    parent.process.wait()
    with suppress(psutil.NoSuchProcess):
        child.wait(30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def _until(told: list[TrainingProgress], steps: int) -> Callable[[], None]:
    def check() -> None:
        if sum(one.phase == "training" for one in told) >= steps:
            raise JobCancelled("enough was seen")

    return check


def _task(base: Path, *, epochs: float) -> TrainingTask:
    return TrainingTask(
        training=Lora(num_epochs=epochs, checkpoint_seconds=0.5),
        base=str(base),
        seed=1,
        examples=tuple(
            Example(
                id=f"row {number}",
                messages=(
                    Message(role="user", content=f"Who is master number {number}?"),
                    Message(role="assistant", content="林海舟。"),
                ),
            )
            for number in range(2)
        ),
    )


def _train(
    task: TrainingTask, folder: Path, told: list[TrainingProgress] | None = None
) -> TrainingResult:
    keep = [] if told is None else told
    return train_in_child(task, folder, on_progress=keep.append, check=lambda: None)


def _checkpoints(folder: Path) -> list[Path]:
    return list(folder.glob("attempt-*/checkpoint-*"))
