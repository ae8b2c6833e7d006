"""The process that works off the background jobs of one project, one after another, and leaves.

    python -m loresmith.workspace.background.worker FOLDER

SIGTERM stops the job under way politely: what it has is saved, and it ends as cancelled.
"""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from loresmith.errors import JobCancelled, LeaseLost, LoresmithError, RecipeError
from loresmith.jobs.job import Claim
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.recipe import Recipe
from loresmith.workspace.background.background import log_path
from loresmith.workspace.background.job_log import JobLog
from loresmith.workspace.background.launching import start_worker
from loresmith.workspace.project import Project
from loresmith.workspace.runs.exports import EXPORT, carry_out_export
from loresmith.workspace.scope import Scope
from loresmith.workspace.workspace import Workspace


def main(folder: Path) -> int:
    """Works off what waits; returns 0 when nothing is left that this process may do."""
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop.note)
    with Workspace(folder, recipe=Recipe()).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        while not stop.wanted:
            queue.release_dead()
            claim = queue.claim(worker_name(), alone=True, background=True)
            if claim is None:
                return 0
            _Work(queue, claim, folder, stop).carry_out()
    return 0


class _Stop:
    """Whether this process was asked to leave. Asked twice, it leaves where it stands."""

    wanted = False

    def note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True

    def check(self) -> None:
        if self.wanted:
            raise JobCancelled("its worker was asked to stop", hint="Retry it to go on.")


class _Work:
    """One job from its claim to its end."""

    def __init__(self, queue: Queue, claim: Claim, folder: Path, stop: _Stop) -> None:
        self._queue = queue
        self._claim = claim
        self._folder = folder
        self._stop = stop
        self._verb = queue.job(claim.job_id).kind
        self._log = JobLog(log_path(Project.at(folder), claim.job_id))

    def carry_out(self) -> None:
        """Does the job and writes how it ended. What nobody foresaw ends this process."""
        self._log.take_output()
        sys.excepthook = self._last_words
        self._log.say(f"attempt {self._claim.attempt} at `{self._verb}` by {worker_name()}")
        try:
            self._work()
        except JobCancelled as error:
            self._log.say(f"stopped: {error.message}; what is finished is kept")
        except LeaseLost as error:
            self._log.say(f"another worker has taken over: {error.message}")
        except LoresmithError as error:
            self._log.stopped(error)
        else:
            self._log.say("done")
        sys.excepthook = sys.__excepthook__

    def _work(self) -> None:
        payload = self._claim.payload
        try:
            recipe = Recipe.build(payload["recipe"], source="the recipe of this job")
        except RecipeError as error:  # of another version
            told = {"type": "RecipeError", "message": error.message, "hint": error.hint}
            self._queue.finish(
                self._claim, state="failed", error=error.message, progress={"error": told}
            )
            raise
        workspace = Workspace(self._folder, recipe=recipe)
        with workspace.opened(self._log.tell) as context:
            context.scope = Scope.model_validate(payload.get("scope") or {})
            context.check = self._stop.check
            if self._verb == EXPORT:
                carry_out_export(
                    self._queue,
                    self._claim,
                    project=workspace.project.folder,
                    check=self._stop.check,
                    on_progress=self._log.tell,
                )
            else:
                workspace.carry_out(self._queue, self._claim, self._verb, context)

    def _last_words(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """An error of our own making: the log has it whole, and the next job gets a new worker."""
        self._log.say("".join(traceback.format_exception(kind, error, trace)).rstrip())
        if isinstance(error, Exception):
            start_worker(Project.at(self._folder))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
