"""Fine-tuning in a process of its own: out of memory or a crash ends the child and nothing else.

The parent writes a task file and reads one JSON line of progress after another. The child holds
one end of a pipe whose other end closes when the parent is gone, however it went: then, and when
the parent asks for it, the child saves what it has and leaves.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from loresmith import errors
from loresmith.devices import Device, detect_device, passive_environment
from loresmith.errors import Conflict, JobCancelled, LoresmithError, TrainingError
from loresmith.exams import Exam
from loresmith.records import ExamItem, Record, TrainingRow
from loresmith.training import AnyTraining, TrainingProgress, TrainingResult
from loresmith.whole_files import write_whole
from loresmith.workspace.device_log import DEVICE_LOG, DeviceLog
from loresmith.workspace.environment import note_environment

TASK_FILE = "task.json"
_RESULT = "training.json"
_SAMPLES = 3
"""Practice questions whose replies are shown as they change."""
_ORPHAN_SECONDS = 30.0
"""How long a trainer whose parent was killed may take to save what it has, and leave."""


class TrainingTask(Record):
    """All that the child needs to know; it opens no store and no recipe."""

    training: AnyTraining
    base: str
    """The folder of the base model's weights."""
    seed: int
    examples: tuple[TrainingRow, ...]
    """Of the kind that the stage of `training` takes."""
    validation: tuple[TrainingRow, ...] = ()
    exam: Exam = Exam()
    """How practice questions are asked and marked."""
    practice: tuple[ExamItem, ...] = ()
    """Questions that steer early stopping; never those of the exam."""


def train_in_child(
    task: TrainingTask,
    folder: Path,
    *,
    on_progress: Callable[[TrainingProgress], None],
    check: Callable[[], None],
) -> TrainingResult:
    """Trains below `folder` and waits for it; raises what the child raised.

    `check` is called at every line of progress; what it raises stops the child (which saves a
    checkpoint first) and is raised again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TASK_FILE).write_text(task.model_dump_json(), encoding="utf-8")
    child = subprocess.Popen(
        [*(sys.executable, "-W", "ignore::FutureWarning", "-c", _CHILD), str(folder)],
        stdin=subprocess.PIPE,  # nothing is written to it: that it closes is the message
        stdout=subprocess.PIPE,
        env={**os.environ, **passive_environment(), "PYTHONSAFEPATH": "1"},
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C reaches the parent only, which then asks the child once
    )
    assert child.stdout is not None  # a pipe was asked for
    error: dict[str, str] | None = None
    device_log = DeviceLog(folder / DEVICE_LOG, child.pid)
    try:
        for line in child.stdout:
            if not line.startswith("{"):  # printed before the child could turn it elsewhere
                continue
            message = json.loads(line)
            if "error" in message:
                error = message["error"]
            else:
                progress = TrainingProgress.model_validate(message)
                on_progress(progress)
                device_log.look(progress.step)
            check()
    except BaseException:
        child.send_signal(signal.SIGTERM)
        raise
    finally:
        child.wait()
    if error is not None:
        _raise_again(error)
    if child.returncode != 0:
        raise TrainingError(_last_words(child.returncode), hint=_MEMORY)
    return finished_training(folder)


def finished_training(folder: Path) -> TrainingResult:
    """What a finished training noted in its folder."""
    return TrainingResult.model_validate_json((folder / _RESULT).read_text(encoding="utf-8"))


def main(folder: Path) -> int:
    """The child: trains, tells, and leaves with 0; an error that we know is told, not raised."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    channel = _Channel()
    task = TrainingTask.model_validate_json((folder / TASK_FILE).read_text(encoding="utf-8"))
    device = detect_device()
    note_environment(folder, device, task.examples, task.validation)
    try:
        result = _train_when_free(task, folder, device, channel)
    except LoresmithError as error:
        known = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
        channel.tell({"error": known})
        return 0
    write_whole(folder / _RESULT, result.model_dump_json(indent=1))
    return 0


class _Channel:
    """The way to the parent. What libraries print goes elsewhere: to the terminal's stderr."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def tell(self, message: dict[str, Any]) -> None:
        try:
            print(json.dumps(message, ensure_ascii=False), file=self._out, flush=True)
        except BrokenPipeError:  # the parent is gone, and this process leaves soon
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _leave_with_parent() -> None:
    """Asks this process to stop, once the parent's end of the pipe is closed."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _train_when_free(
    task: TrainingTask, folder: Path, device: Device, channel: _Channel
) -> TrainingResult:
    """Trains as soon as the trainer of a run that was killed just now has left the folder."""
    until = time.monotonic() + _ORPHAN_SECONDS
    while True:
        try:
            return _train(task, folder, device, channel)
        except Conflict:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _train(task: TrainingTask, folder: Path, device: Device, channel: _Channel) -> TrainingResult:
    practice, exam = task.practice, task.exam
    return task.training.train(
        task.examples,
        base=Path(task.base),
        folder=folder,
        seed=task.seed,
        device=device,
        evaluate=(lambda model: exam.practice_score(model, practice)) if practice else None,
        validation=task.validation,
        sample_prompts=[item.prompt for item in practice[:_SAMPLES]],
        on_progress=lambda progress: channel.tell(progress.model_dump(mode="json")),
    )


def _raise_again(error: dict[str, str]) -> NoReturn:
    kind = getattr(errors, error["type"], TrainingError)
    if not issubclass(kind, (TrainingError, JobCancelled, errors.Conflict, errors.ModelError)):
        kind = TrainingError
    raise kind(error["message"], hint=error["hint"])


def _last_words(code: int) -> str:
    if code < 0:
        return f"the training process was ended by {signal.Signals(-code).name}"
    return f"the training process broke off (exit code {code}); what it printed stands above"


_MEMORY = (
    "Run again to go on from the last checkpoint. If memory ran out: lower training.pass_tokens "
    "or training.max_length, or take a smaller base model."
)
_CHILD = (
    "import sys; from pathlib import Path; "
    "from loresmith.workspace.training_process import main; sys.exit(main(Path(sys.argv[1])))"
)
