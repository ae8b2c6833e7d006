"""Fine-tuning in a process of its own: out of memory or a crash ends the child and nothing else.

The parent writes a task file and reads one JSON line of progress after another; the child saves
what it has and leaves when the parent asks for it, or is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from loresmith import errors
from loresmith.devices import Device, detect_device, passive_environment
from loresmith.errors import JobCancelled, LoresmithError, TrainingError
from loresmith.exams import Exam
from loresmith.records import ExamItem, Example, Record
from loresmith.training import AnyTraining, TrainingProgress, TrainingResult

_TASK = "task.json"
_RESULT = "training.json"


class TrainingTask(Record):
    """All that the child needs to know; it opens no store and no recipe."""

    training: AnyTraining
    base: str
    """The folder of the base model's weights."""
    seed: int
    examples: tuple[Example, ...]
    validation: tuple[Example, ...] = ()
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
    (folder / _TASK).write_text(task.model_dump_json(), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "loresmith.workspace.training_process", str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, **passive_environment()},
        text=True,
        encoding="utf-8",
    )
    assert child.stdout is not None  # a pipe was asked for
    error: dict[str, str] | None = None
    try:
        for line in child.stdout:
            message = json.loads(line)
            if "error" in message:
                error = message["error"]
            else:
                on_progress(TrainingProgress.model_validate(message))
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
    parent = os.getppid()
    task = TrainingTask.model_validate_json((folder / _TASK).read_text(encoding="utf-8"))
    device = detect_device()
    try:
        result = _train(task, folder, device, orphaned=lambda: os.getppid() != parent)
    except LoresmithError as error:
        _tell(
            {
                "error": {
                    "type": type(error).__name__,
                    "message": error.message,
                    "hint": error.hint,
                }
            }
        )
        return 0
    temporary = folder / f"{_RESULT}.new"
    temporary.write_text(result.model_dump_json(indent=1), encoding="utf-8")
    temporary.replace(folder / _RESULT)
    return 0


def _train(
    task: TrainingTask, folder: Path, device: Device, *, orphaned: Callable[[], bool]
) -> TrainingResult:
    practice, exam = task.practice, task.exam
    return task.training.train(
        task.examples,
        base=Path(task.base),
        folder=folder,
        seed=task.seed,
        device=device,
        evaluate=(lambda model: exam.practice_score(model, practice)) if practice else None,
        validation=task.validation,
        on_progress=lambda progress: _tell(progress.model_dump(mode="json")),
        should_stop=orphaned,
    )


def _tell(message: dict[str, Any]) -> None:
    try:
        print(json.dumps(message, ensure_ascii=False), flush=True)
    except BrokenPipeError:  # the parent is gone; `orphaned` ends the training
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


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

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
