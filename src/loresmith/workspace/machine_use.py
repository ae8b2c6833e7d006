"""What this machine has to compute with, how busy it is, and which of it is our work."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import psutil

from loresmith.devices.examination import Examination, examine_machine
from loresmith.devices.load import THE_WATCH, MachineLoad
from loresmith.records import Record
from loresmith.settings import load_settings
from loresmith.workspace.background import jobs_everywhere

if TYPE_CHECKING:
    from loresmith.workspace.home import Home

_SECONDS_FOR_CARDS = 45.0
"""Three questions of 15 s, at most, to the tool of one maker."""
_watch = THE_WATCH
_known: dict[int, psutil.Process] = {}
"""Kept between two looks: a share of CPU time is one over the time between them."""
_lock = threading.Lock()


class ProcessUse(Record):
    """One process of ours."""

    pid: int
    role: Literal["server", "worker", "trainer"]
    """This server, a worker that does a job, or a process that a worker trains in."""
    project_id: str = ""
    project_name: str = ""
    job_id: str = ""
    verb: str = ""
    cpu_percent: float
    """Of one core, so 200 for two busy ones; since the look before, 0 at the first."""
    memory: int
    """Bytes that it holds."""
    card_memory: int = 0
    """Bytes that it holds on cards."""


class MachineUse(Record):
    """A look at the machine and at our processes."""

    cpu_name: str
    load: MachineLoad
    processes: tuple[ProcessUse, ...]


class MachineView(Record):
    """A look at the machine, and what came of using it."""

    load: MachineLoad
    examination: Examination


def machine_load(*, patience: float = _SECONDS_FOR_CARDS) -> MachineLoad:
    """How busy the machine is now; waits for cards that were never seen."""
    settings = load_settings()
    return _watch.now({"projects": settings.home, "models": settings.models}, patience=patience)


def machine_view(*, products: bool) -> MachineView:
    """The machine as it is now and as torch sees it; with `products` it computes a little."""
    return MachineView(load=machine_load(), examination=examine_machine(products=products))


def machine_use(home: Home) -> MachineUse:
    """The machine that the server runs on, as it is now."""
    load = _watch.now({"projects": home.settings.home, "models": home.settings.models})
    held: dict[int, int] = {}
    for card in load.cards:
        for pid, amount in card.processes.items():
            held[pid] = held.get(pid, 0) + amount
    with _lock:
        processes = tuple(_processes(home, held))
        for pid in _known.keys() - {process.pid for process in processes}:
            del _known[pid]
    return MachineUse(cpu_name=_cpu_name(), load=load, processes=processes)


def _processes(home: Home, held: dict[int, int]) -> Iterator[ProcessUse]:
    own = _use(os.getpid(), held, role="server")
    if own is not None:
        yield own
    for one in jobs_everywhere(home):
        pid = _pid_here(one.job.attempts[-1].worker) if one.job.state == "running" else None
        if pid is None:
            continue
        whose = {
            "project_id": one.project_id,
            "project_name": one.project_name,
            "job_id": one.job.id,
            "verb": one.job.verb,
        }
        worker = _use(pid, held, role="worker", **whose)
        if worker is None:
            continue
        yield worker
        for child in _children(pid):
            trainer = _use(child, held, role="trainer", **whose)
            if trainer is not None:
                yield trainer


def _use(pid: int, held: dict[int, int], **about: str) -> ProcessUse | None:
    """What a process uses; None when it has ended."""
    try:
        process = _known.get(pid)
        if process is None or not process.is_running():
            process = _known[pid] = psutil.Process(pid)
        cpu, memory = process.cpu_percent(None), process.memory_info().rss
    except psutil.Error:
        return None
    return ProcessUse.model_validate(
        {"pid": pid, "cpu_percent": cpu, "memory": memory, "card_memory": held.get(pid, 0), **about}
    )


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _pid_here(worker: str) -> int | None:
    """The process id in a worker's name, where it is one of this machine."""
    host, _, rest = worker.rpartition("/")[0].rpartition("/")
    return int(rest) if host == socket.gethostname() and rest.isdigit() else None


def _cpu_name() -> str:
    from loresmith.devices.machine import cpu_name

    return cpu_name()
