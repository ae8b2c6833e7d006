"""Why: preferences are learned against the model as it starts, without a second one in memory.

What it says of each reply is found once, before the first step, and kept in the run's folder as
it is found: a training that goes on after a crash asks about the rest alone, and compares with the
very same numbers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from loresmith.errors import CheckpointError, JobCancelled, OutOfDeviceMemory
from loresmith.training.sealed import write_at_once
from loresmith.training.shortage import first_line, give_back_memory, is_shortage
from loresmith.training.stages.stage import Compared

if TYPE_CHECKING:
    from loresmith.training.forward import Forward
    from loresmith.training.row_log_probs import RowForward

ComparedT = TypeVar("ComparedT", bound=Compared)

_FILE = "reference.json"
_BETWEEN_NOTES = 10.0  # seconds
_BETWEEN_SAVES = 10.0  # seconds: what a crash can lose
_SAVING_SHARE = 0.05  # of the time, at most: a file of a million rows is written less often


class Reference:
    """The log-probabilities by the model as it starts, in `reference.json` of a run's folder."""

    def __init__(
        self,
        folder: Path,
        *,
        run_id: str,
        on_note: Callable[[str], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._path = folder / _FILE
        self._run_id = run_id
        self._on_note = on_note
        self._stopped = stopped

    def known_to(self, items: Sequence[ComparedT], forward: Forward) -> list[ComparedT]:
        """The items, each with its own. Several processes share the work, and the first writes.

        Raises JobCancelled when the training is to end, and CheckpointError where what was found
        cannot be written.
        """
        from loresmith.training.row_log_probs import RowForward

        assert isinstance(forward, RowForward)  # stages that are referred make such
        ranks = forward.ranks
        found = ranks.from_first(lambda: self._read(items))
        if not all(found):
            self._complete(found, items, forward)
            found = ranks.from_first(lambda: found)
        return [
            item.with_reference(log_probs) for item, log_probs in zip(items, found, strict=True)
        ]

    def _complete(
        self, found: list[list[float]], items: Sequence[Compared], forward: RowForward
    ) -> None:
        """Asks about what is not in `found`, and fills it in: in the first process, all of it."""
        known = sum(map(bool, found))
        if known:
            self._on_note(f"the model as it starts was asked about {known} of {len(items)} before")
        model = forward.model
        was_training = model.training
        model.eval()
        progress = _Progress(found, self._write, self._on_note)
        try:
            with forward.ready():
                self._in_passes(found, items, forward, progress)
        finally:
            model.train(was_training)
            if forward.ranks.first:
                progress.save()

    def _in_passes(
        self,
        found: list[list[float]],
        items: Sequence[Compared],
        forward: RowForward,
        progress: _Progress,
    ) -> None:
        ranks = forward.ranks
        missing = [_Numbered(n, item) for n, item in enumerate(items) if not found[n]]
        passes = forward.split(missing)
        for start in range(0, len(passes), ranks.world_size):
            if ranks.any(self._stopped()):
                raise JobCancelled(
                    "training was stopped before its first step", hint="Run the same again."
                )
            own = passes[start + ranks.rank : start + ranks.rank + 1]
            here = [answer for part in own for answer in self._answers(part, forward)]
            if not own and forward.in_step:
                forward.fill(learn=False)
            for answers in ranks.gathered(here):
                for number, log_probs in answers:
                    found[number] = log_probs
            if ranks.first:
                progress.look()

    def _answers(
        self, part: Sequence[_Numbered], forward: RowForward
    ) -> list[tuple[int, list[float]]]:
        """Of each item its number, and the log-probability of each of its rows; of fewer at once
        from where memory runs out."""
        tokens = forward.tokens_of([row for one in part for row in one.rows])
        if len(part) == 1 or tokens <= forward.pass_tokens:
            try:
                return _asked(part, forward)
            except (RuntimeError, MemoryError) as error:
                if not is_shortage(error) or forward.in_step:
                    raise
                said = first_line(error)
            if len(part) == 1:
                raise _does_not_fit(part[0], tokens, said)
            give_back_memory()
            forward.pass_tokens = tokens // 2
            self._on_note(
                f"memory ran out with {tokens} tokens at once: from now on at most {tokens // 2} "
                "go through the model at once; what a step learns is the same"
            )
        half = len(part) // 2
        return [*self._answers(part[:half], forward), *self._answers(part[half:], forward)]

    def _write(self, found: list[list[float]]) -> None:
        content = json.dumps({"run_id": self._run_id, "log_probs": found})
        try:
            write_at_once(self._path, content)
        except OSError as error:
            raise CheckpointError(
                f"cannot write {self._path}: {error}", hint="Make room, and run the same again."
            ) from error

    def _read(self, items: Sequence[Compared]) -> list[list[float]]:
        """What was found before, by this very training; empty for what was not."""
        nothing: list[list[float]] = [[] for _ in items]
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return nothing
        if not isinstance(content, dict) or content.get("run_id") != self._run_id:
            return nothing
        found: list[list[float]] = content["log_probs"]
        return found


class _Progress:
    """Saves and tells of what is found, now and then."""

    def __init__(
        self,
        found: list[list[float]],
        write: Callable[[list[list[float]]], None],
        on_note: Callable[[str], None],
    ) -> None:
        self._found = found
        self._write = write
        self._on_note = on_note
        self._known = self._saved = sum(map(bool, found))
        self._began = self._told = self._written = time.monotonic()
        self._cost = 0.0

    def look(self) -> None:
        """Does what is due."""
        now = time.monotonic()
        if now - self._written >= max(_BETWEEN_SAVES, self._cost / _SAVING_SHARE):
            self.save()
        if now - self._told >= _BETWEEN_NOTES:
            self._tell(now)

    def save(self) -> None:
        """Writes what is found, if some of it is not written."""
        known = sum(map(bool, self._found))
        if known > self._saved:
            began = time.monotonic()
            self._write(self._found)
            self._written = time.monotonic()
            self._cost, self._saved = self._written - began, known

    def _tell(self, now: float) -> None:
        self._told = now
        done, total = sum(map(bool, self._found)), len(self._found)
        rate = (done - self._known) / max(now - self._began, 1e-9)
        left = timedelta(seconds=round((total - done) / max(rate, 1e-9)))
        self._on_note(
            f"the model as it starts was asked about {done} of {total} rows, "
            f"{rate:,.1f} rows/s, {left} left"
        )


def _asked(part: Sequence[_Numbered], forward: RowForward) -> list[tuple[int, list[float]]]:
    """Of each item its number, and the log-probability of each of its rows."""
    known = iter(forward.log_probs([row for one in part for row in one.rows]).tolist())
    return [(one.number, [next(known) for _ in one.rows]) for one in part]


def _does_not_fit(one: _Numbered, tokens: int, said: str) -> OutOfDeviceMemory:
    return OutOfDeviceMemory(
        f"the device has no memory to ask the model as it starts about the row {one.rows[0].id} "
        f"alone, which has {tokens} tokens: {said}",
        hint="Set training.max_length lower, or take a smaller base model. What was found so far "
        "is kept.",
    )


class _Numbered:
    def __init__(self, number: int, item: Compared) -> None:
        self.number = number
        self._item = item

    @property
    def rows(self) -> Any:
        return self._item.rows

    @property
    def tokens(self) -> int:
        return self._item.tokens

    @property
    def mark(self) -> bytes:
        return b""
