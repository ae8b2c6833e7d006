"""Why: a training is watched by any number of programs, and depends on none of them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loresmith.errors import TrainingError
from loresmith.training.watchers import WATCHERS
from loresmith.training.watchers.base import WatchedRun
from loresmith.training.watchers.follower import RUN
from loresmith.whole_files import write_whole

_SECONDS_TO_END = 60.0
"""How long a watcher may take, after the training, to send what it has."""


def watcher_obstacles(names: Sequence[str]) -> Iterator[TrainingError]:
    """What the programs that are named need, and is not installed."""
    for name in names:
        package = WATCHERS[name].package
        if importlib.util.find_spec(package) is None:
            yield TrainingError(
                f"training.report_to names {name}, and the package {package} is not installed",
                hint=f"pip install {package}, or leave {name} out.",
            )


@contextmanager
def watched(
    names: Sequence[str],
    folder: Path,
    *,
    run_id: str,
    name: str | None,
    settings: dict[str, Any],
    on_note: Callable[[str], None],
) -> Iterator[None]:
    """Within this, the training in `folder` is watched by all of `names`.

    A watcher that fails is told of once, at the end, and changes nothing.
    """
    watchers = [
        _Follower(one, folder, _run(one, folder, run_id=run_id, name=name, settings=settings))
        for one in dict.fromkeys(names)
    ]
    try:
        yield
    finally:
        for watcher in watchers:
            watcher.close_input()
        for watcher in watchers:
            on_note(watcher.last_words())


class _Follower:
    """One watcher's process."""

    def __init__(self, name: str, folder: Path, run: WatchedRun) -> None:
        self._name = name
        self._log = run.folder / "watcher.log"
        run.folder.mkdir(parents=True, exist_ok=True)
        write_whole(run.folder / RUN, run.model_dump_json(indent=1))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loresmith.training.watchers.follower", name, str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONSAFEPATH": "1", "CUDA_VISIBLE_DEVICES": ""},
                start_new_session=True,  # Ctrl-C ends the training, which then ends this
            )

    def close_input(self) -> None:
        """Asks it to tell the rest, and end."""
        assert self._process.stdin is not None  # a pipe was asked for
        self._process.stdin.close()

    def last_words(self) -> str:
        """Where the training can be seen, or why it cannot. Waits for the end."""
        try:
            code = self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"{self._name} did not end within {_SECONDS_TO_END:.0f} s; see {self._log}"
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        if code == 0:
            seen = [line.removeprefix("seen: ") for line in said if line.startswith("seen: ")]
            return f"watched by {self._name}: {seen[0] if seen else ''}".rstrip(": ")
        last = next((line for line in reversed(said) if line.strip()), f"exit code {code}")
        return f"{self._name} stopped watching: {last[:300]} (the training is not affected)"


def _run(
    watcher: str, folder: Path, *, run_id: str, name: str | None, settings: dict[str, Any]
) -> WatchedRun:
    place = folder.resolve()
    return WatchedRun(
        id=run_id,
        name=name or place.name,
        project=place.parents[1].name if place.parent.name == "runs" else "loresmith",
        settings=settings,
        folder=place / "watchers" / watcher,
    )
