"""Fine-tuning in a process of its own: out of memory or a crash ends the child and nothing else.

The parent writes a task file and reads one JSON line of progress after another. The child holds
one end of a pipe whose other end closes when the parent is gone, however it went: then, and when
the parent asks for it, the child saves what it has and leaves. Where there are several cards there
is a child for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

from loresmith import errors
from loresmith.devices import Device, detect_device, passive_environment
from loresmith.errors import Conflict, JobCancelled, LoresmithError, TrainingError
from loresmith.exams import Exam
from loresmith.records import ExamItem, Record, TrainingRow
from loresmith.training import AnyTraining, TrainingMethod, TrainingProgress, TrainingResult
from loresmith.training.ranks import is_first_process, world_size
from loresmith.whole_files import write_whole
from loresmith.workspace.device_log import DEVICE_LOG, DeviceLog
from loresmith.workspace.environment import note_environment
from loresmith.workspace.rank_processes import (
    Place,
    RankProcesses,
    Said,
    are_counted,
    host,
    last_lines,
    places,
)

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
    batch_of_each: bool = False
    """Whether the batch size counts the rows of each process, as LLaMA Factory's files do."""


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
    write_whole(folder / TASK_FILE, task.model_dump_json())
    words = (sys.executable, "-W", "ignore::FutureWarning", "-c", _CHILD, str(folder))
    extra = {**passive_environment(), "PYTHONSAFEPATH": "1"}
    where = places(task.training.processes)
    while True:
        outcome = _Outcome()
        with RankProcesses(words, where, folder, extra) as processes:
            device_log = DeviceLog(folder / DEVICE_LOG, processes.first_pid)
            for said in processes.said():
                step = outcome.take(said, processes, on_progress)
                if step is not None:
                    device_log.look(step)
                check()
        if outcome.cards <= len(where):
            break
        where = places(outcome.cards)
    outcome.raise_failure()
    assert outcome.result is not None  # no process has failed
    return outcome.result


class _Failure(NamedTuple):
    """Why one process ended before it was done; `told` is an error that it could still tell."""

    place: Place
    told: dict[str, str]
    code: int
    log: Path

    def weight(self) -> int:
        """The more of a cause it is, the less: who only lost the others is none."""
        if not self.told:
            return 1
        return {"RankLost": 3, "JobCancelled": 2}.get(self.told["type"], 0)


class _Outcome:
    """What the processes of a training say of how it ends."""

    def __init__(self) -> None:
        self.result: TrainingResult | None = None
        self.cards = 0
        """How many there are, where a process found that it should not be alone."""
        self._failures: list[_Failure] = []
        self._told: dict[int, dict[str, str]] = {}

    def take(
        self,
        said: Said,
        processes: RankProcesses,
        on_progress: Callable[[TrainingProgress], None],
    ) -> int | None:
        """One line, or one end; returns the step that a line of progress tells of."""
        if said.line is None:
            told = self._told.get(said.place.rank, {})
            if (told or said.code != 0) and not processes.ended:
                failure = _Failure(said.place, told, said.code, processes.log_of(said.place))
                self._failures.append(failure)
                processes.end_soon()
            return None
        if not said.line.startswith("{"):  # printed before the child could turn it elsewhere
            return None
        message = json.loads(said.line)
        if "error" in message:
            self._told[said.place.rank] = message["error"]
        elif "cards" in message:
            self.cards = message["cards"]
        elif "result" in message:
            self.result = TrainingResult.model_validate(message["result"])
        else:
            progress = TrainingProgress.model_validate(message)
            on_progress(progress)
            return progress.step
        return None

    def raise_failure(self) -> None:
        """Raises the error of the process that failed, if one did: of several the cause."""
        if self._failures:
            _raise_again(min(self._failures, key=_Failure.weight))


def finished_training(folder: Path) -> TrainingResult:
    """What a finished training noted in its folder."""
    return TrainingResult.model_validate_json((folder / _RESULT).read_text(encoding="utf-8"))


def main(folder: Path) -> int:
    """The child: trains, tells, and leaves with 0; an error that we know is told, not raised."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    channel = _Channel()
    task = TrainingTask.model_validate_json((folder / TASK_FILE).read_text(encoding="utf-8"))
    device = detect_device()
    cards = worth_having(task.training, device, batch_of_each=task.batch_of_each)
    if cards > 1:
        channel.tell({"cards": cards})
        return 0
    if is_first_process():
        note_environment(folder, device, task.examples, task.validation)
    try:
        result = _train_when_free(task, folder, device, channel)
    except LoresmithError as error:
        known = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
        channel.tell({"error": known})
        return 0
    told = result.model_dump(mode="json")
    if is_first_process():
        write_whole(folder / _RESULT, json.dumps(told, ensure_ascii=False, indent=1))
    channel.tell({"result": told})
    return 0


def process_count(training: TrainingMethod, device: Device, *, batch_of_each: bool) -> int:
    """How many processes a training here would have, on all machines. Raises RecipeError where the
    environment does not say how machines find each other."""
    counted = places(training.processes)[0].world_size
    if counted > 1:
        return counted
    return worth_having(training, device, batch_of_each=batch_of_each)


def worth_having(training: TrainingMethod, device: Device, *, batch_of_each: bool) -> int:
    """How many processes should share this training, where nobody has said it: one for each card
    that has a row of each step."""
    if device.kind == "cpu" or training.processes or are_counted():
        return 1
    if not training.stage.shared:
        return 1
    import torch

    cards: int = torch.cuda.device_count()
    return cards if batch_of_each else min(cards, training.batch_size)


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
    practice, exam, training = task.practice, task.exam, task.training
    if task.batch_of_each:
        rows = training.batch_size * world_size()
        training = training.model_copy(update={"batch_size": rows})
    return training.train(
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


def _raise_again(failure: _Failure) -> NoReturn:
    """What one child raised, or how it ended; with its place where it was one of several."""
    if failure.told:
        kind = getattr(errors, failure.told["type"], TrainingError)
        if not issubclass(kind, (TrainingError, JobCancelled, errors.Conflict, errors.ModelError)):
            kind = TrainingError
        told, advice = failure.told["message"], failure.told["hint"]
    else:
        kind, told, advice = TrainingError, _last_words(failure), _MEMORY
    place = failure.place
    if place.world_size == 1 or kind is JobCancelled:
        raise kind(told, hint=advice)
    last = last_lines(failure.log)
    raise kind(
        f"process {place.rank} of {place.world_size}, on {host()}: {told}",
        hint=f"{advice} It printed at last ({failure.log}): {last}" if last else advice,
    )


def _last_words(failure: _Failure) -> str:
    code = failure.code
    if code < 0:
        return f"the training process was ended by {signal.Signals(-code).name}"
    if failure.place.world_size > 1:
        return f"the training process broke off (exit code {code})"
    return f"the training process broke off (exit code {code}); what it printed stands above"


_MEMORY = (
    "Run again to go on from the last checkpoint. If memory ran out: lower training.pass_tokens "
    "or training.max_length, or take a smaller base model."
)
_CHILD = (
    "import sys; from pathlib import Path; "
    "from loresmith.workspace.training_process import main; sys.exit(main(Path(sys.argv[1])))"
)
