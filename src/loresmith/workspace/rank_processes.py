"""Why: a training on several cards is several processes, and whoever waits for it sees one.

Each knows its place by torchrun's words in its environment (`RANK`, `WORLD_SIZE`, ...). When one
fails, the others cannot go on: they are given a moment to end by themselves, and are ended then.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from typing_extensions import Self

from loresmith.devices.threads import available_cores
from loresmith.errors import Conflict, RecipeError

_SECONDS_TO_END = 10.0
"""How long processes may go on when another one of their training has failed."""
_LAST_LINES = 5


class Place(NamedTuple):
    """Where one process of a training stands among all of them."""

    rank: int
    """From 0, over all machines."""
    world_size: int
    environment: Mapping[str, str]
    """What it is told in its environment, beside ours."""


class Said(NamedTuple):
    """A line that a process wrote to us, or that it has ended (`line` is None)."""

    place: Place
    line: str | None
    code: int = 0
    """Its exit code when it has ended."""


def places(processes: int | None) -> tuple[Place, ...]:
    """The processes to start here, `processes` of them unless the environment knows better.

    Under torchrun that is the one that torchrun means us to be. `NNODES`, `NODE_RANK`,
    `NPROC_PER_NODE`, `MASTER_ADDR` and `MASTER_PORT` are followed as LLaMA Factory's users set
    them. Raises RecipeError that names all that is wrong with these.
    """
    if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
        return (Place(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), {}),)
    nodes, node, local = _of_environment()
    local = processes or local or 1
    count = nodes * local
    if count == 1:
        return (Place(0, 1, {}),)
    shared = _shared_environment(local=local, count=count, alone=nodes == 1)
    return tuple(
        Place(
            node * local + number,
            count,
            {**shared, "RANK": str(node * local + number), "LOCAL_RANK": str(number)},
        )
        for number in range(local)
    )


def are_counted() -> bool:
    """Whether the environment says how many processes there are."""
    named = ("RANK", "NPROC_PER_NODE")
    return any(os.environ.get(name) for name in named)


def writes_results() -> bool:
    """Whether what is written once is written by us: the first of all, or of all machines."""
    if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
        return os.environ["RANK"] == "0"
    return os.environ.get("NODE_RANK", "0") in ("", "0")


def refuse_several() -> None:
    """Raises Conflict where somebody else starts processes of what only one process can do."""
    by_torchrun = "RANK" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1"
    if by_torchrun or os.environ.get("NNODES", "1") not in ("", "1"):
        raise Conflict(
            "a project is worked on by one command on one machine",
            hint="Run it without torchrun and NNODES: it starts a process for each card itself. "
            "For several machines, train on a file of rows.",
        )


class RankProcesses:
    """The processes of one training on this machine, from their start to the end of the last."""

    def __init__(
        self, words: Sequence[str], where: Sequence[Place], folder: Path, extra: Mapping[str, str]
    ) -> None:
        """`words` is the command; `extra` goes into the environment of each."""
        self.ended = False
        """Whether those that were left have been killed."""
        self._log_folder = folder / "logs"
        self._said: queue.Queue[Said] = queue.Queue()
        self._running = [self._start(words, place, extra) for place in where]
        for place, process in zip(where, self._running, strict=True):
            reader = threading.Thread(target=self._read, args=(place, process), daemon=True)
            reader.start()

    def _start(
        self, words: Sequence[str], place: Place, extra: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, **extra, **place.environment}
        if place.world_size == 1:
            return _popen(words, environment, None)
        self._log_folder.mkdir(parents=True, exist_ok=True)
        with self.log_of(place).open("wb") as log:
            return _popen(words, environment, log.fileno())

    def log_of(self, place: Place) -> Path:
        """Where a process of several writes what it prints."""
        return self._log_folder / f"rank-{place.rank}.log"

    @property
    def first_pid(self) -> int:
        """The first one's process."""
        return self._running[0].pid

    def said(self) -> Iterator[Said]:
        """What they say, and how each ends, until all have."""
        left = len(self._running)
        while left:
            one = self._said.get()
            left -= one.line is None
            yield one

    def end_soon(self) -> None:
        """Kills those that have not ended by themselves in a few seconds."""
        timer = threading.Timer(_SECONDS_TO_END, self._kill)
        timer.daemon = True
        timer.start()

    def _kill(self) -> None:
        self.ended = True
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        """Asks them to save what they have, and to leave."""
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(number)

    def _read(self, place: Place, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # a pipe was asked for
        with process.stdout:
            for line in process.stdout:
                self._said.put(Said(place, line))
        self._said.put(Said(place, None, process.wait()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exception_type is not None:
            self.stop()
        for process in self._running:
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def last_lines(log: Path) -> str:
    """The last lines that a process printed, in one; empty where there are none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    told = [line.strip() for line in lines if line.strip()]
    return " | ".join(told[-_LAST_LINES:])[-1000:]


def host() -> str:
    """What this machine calls itself."""
    return socket.gethostname()


def _popen(
    words: Sequence[str], environment: Mapping[str, str], log: int | None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,  # nothing is written to it: that it closes is the message
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C reaches the parent only, which then asks them once
    )


def _of_environment() -> tuple[int, int, int]:
    """NNODES, NODE_RANK and NPROC_PER_NODE (0 when it is not set)."""
    faults: list[str] = []
    nodes = _number("NNODES", 1, faults, least=1)
    node = _number("NODE_RANK", 0, faults)
    local = _number("NPROC_PER_NODE", 0, faults)
    if nodes > 1:
        missing = [
            name for name in ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)
        ]
        faults += [f"{name} is needed with NNODES={nodes}" for name in missing]
    if node >= nodes:
        faults.append(f"NODE_RANK should be below NNODES={nodes}, and is {node}")
    _number("MASTER_PORT", 0, faults)
    if faults:
        raise RecipeError(
            "the environment does not say how machines find each other:", faults=faults
        )
    return nodes, node, local


def _number(name: str, default: int, faults: list[str], *, least: int = 0) -> int:
    told = os.environ.get(name) or str(default)
    if told.isdigit() and int(told) >= least:
        return int(told)
    faults.append(f"{name} should be a whole number of at least {least}, and is {told!r}")
    return default


def _shared_environment(*, local: int, count: int, alone: bool) -> dict[str, str]:
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, available_cores() // local))
    shared = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(local),
        "MASTER_ADDR": os.environ.get("MASTER_ADDR") or "127.0.0.1",
        "MASTER_PORT": os.environ.get("MASTER_PORT") or str(_free_port()),
        "OMP_NUM_THREADS": threads,
    }
    if alone and sys.platform == "linux":  # a machine's own name may lead nowhere
        shared["GLOO_SOCKET_IFNAME"] = os.environ.get("GLOO_SOCKET_IFNAME") or "lo"
    return shared


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
