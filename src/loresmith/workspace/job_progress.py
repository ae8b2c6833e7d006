"""How far a job is, in the form that the queue keeps: every step of it, whoever asks and whenever.

`{"steps": {name: {"done", "total", "note", "seconds", "began_at"}}, "current": name}`; `began_at`
is how much was done when this attempt came to the step, so that a rate can be told. A job that
ended has `failures` (pieces of work that are missing, and why) or `error` (what stopped it) too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from loresmith.errors import LoresmithError
from loresmith.workspace.progress import Progress
from loresmith.workspace.steps.base import StepState

_MOST_FAILURES = 100
"""So many failures are kept with the job; all of them are in the records."""


class JobProgress:
    """Puts what steps tell together, and passes the whole on at every change."""

    def __init__(
        self,
        steps: Iterable[str],
        report: Callable[..., None],
        *,
        before: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`before` is how far an earlier attempt had come: what holds until a step tells anew."""
        known = before or {}
        self._steps: dict[str, dict[str, Any]] = {
            name: _step_after(known[name]) if name in known else _step() for name in steps
        }
        self._current = ""
        self._began = time.monotonic()
        self._report = report
        self._pass_on()

    def found(self, step: str, state: StepState) -> None:
        """A step that had nothing left to do."""
        self._steps[step] = _step(done=state.done, total=state.total, began_at=state.done)
        self._pass_on()

    def begin(self, step: str, state: StepState) -> None:
        """A step that comes to its turn."""
        self._current, self._began = step, time.monotonic()
        if not self._counts_finer(step, state):
            self._steps[step] = _step(done=state.done, total=state.total, began_at=state.done)
        self._pass_on()

    def tell(self, progress: Progress) -> None:
        """What a step says of itself; one that nobody announced (a download) is added."""
        if progress.step not in self._steps:
            self._steps[progress.step] = _step(began_at=progress.done)
        known = self._steps[progress.step]
        if progress.step == self._current:
            known["seconds"] = round(time.monotonic() - self._began, 1)
        if progress.total:
            known.update(done=progress.done, total=progress.total)
        known["note"] = progress.note
        self._pass_on()

    def end(self, step: str, state: StepState) -> None:
        """The step under way has done what it could."""
        self._steps[step].update(done=state.done, total=state.total)
        self._steps[step]["seconds"] = round(time.monotonic() - self._began, 1)
        self._current = ""
        self._pass_on()

    def close(self, states: Mapping[str, StepState]) -> None:
        """The job is over: each step as it stands, with what is missing and why."""
        for name, state in states.items():
            self._steps[name].update(done=state.done, total=state.total)
        failures = [failure for state in states.values() for failure in state.failures]
        shown = [failure._asdict() for failure in failures[:_MOST_FAILURES]]
        self._pass_on(failures=shown, failure_count=len(failures))

    def stop(self, error: LoresmithError) -> None:
        """The job was stopped by an error."""
        kind = type(error).__name__
        self._pass_on(error={"type": kind, "message": error.message, "hint": error.hint})

    def _counts_finer(self, step: str, state: StepState) -> bool:
        """Whether an earlier attempt told more than the state can: a training counts its steps."""
        known = self._steps[step]
        return state.done == 0 and known["done"] < known["total"] > state.total

    def _pass_on(self, **more: Any) -> None:
        self._report(steps=self._steps, current=self._current, **more)


def _step(*, done: int = 0, total: int = 0, began_at: int = 0) -> dict[str, Any]:
    return {"done": done, "total": total, "note": "", "seconds": 0.0, "began_at": began_at}


def _step_after(told: Mapping[str, Any]) -> dict[str, Any]:
    """A step as an earlier attempt had left it; rate and time are this attempt's."""
    return _step(done=told["done"], total=told["total"], began_at=told["done"])
