"""Starts a worker that shares nothing with whoever started it: no terminal, pipe or session."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from loresmith.devices import passive_environment
from loresmith.errors import JobError
from loresmith.workspace.project import Project

_MODULE = "loresmith.workspace.background.worker"
_started: dict[Path, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()


def start_worker(project: Project, *, unless_starting: bool = False) -> bool:
    """Starts a worker on a project; it leaves at once where another one is at work.

    With `unless_starting`, none while the last one that this process started is still there.
    Returns whether it did. Raises JobError when no process can be started.
    """
    with _lock:
        last = _started.get(project.folder)
        if unless_starting and last is not None and _is_there(last):
            return False
        process = _start(project)
        _started[project.folder] = process
    # Somebody has to take note of its end, or it stays behind as a zombie.
    threading.Thread(target=process.wait, daemon=True, name="worker's end").start()
    return True


def _is_there(process: subprocess.Popen[bytes]) -> bool:
    """Whether it runs. One that was killed does not, though nobody has taken note of it yet."""
    import psutil

    try:
        return psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _start(project: Project) -> subprocess.Popen[bytes]:
    logs = log_folder(project)
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-W", "ignore::FutureWarning", "-m", _MODULE, str(project.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **passive_environment(), "PYTHONSAFEPATH": "1"},
                start_new_session=True,
                close_fds=True,
            )
    except OSError as error:
        raise JobError(
            f"no worker process can be started: {error.strerror}",
            hint="Free memory or disk space. The job waits, and is taken up when that is possible.",
        ) from error


def log_folder(project: Project) -> Path:
    """Where the logs of a project's jobs are."""
    return project.state / "logs"
