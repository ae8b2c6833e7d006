"""Why: how busy this machine is now, in one record: processor, memory, disks and cards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loresmith.devices.card_kinds import card_loads
from loresmith.devices.card_load import CardLoad
from loresmith.records import Record

_FIRST_LOOK_SECONDS = 0.1
_SHORTEST_LOOK_SECONDS = 0.5
_CARDS_HOLD_SECONDS = 2.0
_PATIENCE_SECONDS = 1.0


class DiskLoad(Record):
    """A disk that we write to."""

    name: str
    """What we keep there."""
    used: int
    """Bytes."""
    total: int
    """Bytes."""
    free: int
    """Bytes that we may still write."""


class MachineLoad(Record):
    """One look at a machine."""

    cores_percent: tuple[float, ...]
    """How busy each logical core was since the last look."""
    memory_used: int
    """Bytes that are not available to other programs."""
    memory_total: int
    """Bytes."""
    swap_used: int
    swap_total: int
    load_average: float | None
    """Processes that wanted to compute, on average over a minute; null where that is not known."""
    disks: tuple[DiskLoad, ...]
    cards: tuple[CardLoad, ...]


class LoadWatch:
    """Looks at the machine for everybody who asks; cards are asked apart, for they may be slow."""

    def __init__(self, ask_cards: Callable[[], Sequence[CardLoad]] | None = None) -> None:
        self._ask_cards = ask_cards or card_loads
        self._cores = _CoreWatch()
        self._cards: tuple[CardLoad, ...] = ()
        self._seen_at = float("-inf")
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None

    def now(
        self, folders: Mapping[str, Path], *, patience: float = _PATIENCE_SECONDS
    ) -> MachineLoad:
        """The machine as it is; `folders` are those whose disks are of interest, by name.

        For cards that were never seen it waits `patience` seconds; a later look has them.
        """
        import psutil

        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return MachineLoad(
            cores_percent=self._cores.busy(),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            swap_used=swap.used,
            swap_total=swap.total,
            load_average=psutil.getloadavg()[0] if hasattr(psutil, "getloadavg") else None,
            disks=_disks(folders),
            cards=self._fresh_cards(patience),
        )

    def cards(self, *, patience: float = 0.0) -> tuple[CardLoad, ...]:
        """The cards alone."""
        return self._fresh_cards(patience)

    def _fresh_cards(self, patience: float) -> tuple[CardLoad, ...]:
        with self._lock:
            due = time.monotonic() - self._seen_at > _CARDS_HOLD_SECONDS
            if due and (self._asking is None or not self._asking.is_alive()):
                self._asking = threading.Thread(target=self._look, daemon=True, name="cards")
                self._asking.start()
            asking, never = self._asking, self._seen_at == float("-inf")
        if never and asking is not None:
            asking.join(patience)
        return self._cards

    def _look(self) -> None:
        cards = tuple(self._ask_cards())
        with self._lock:
            self._cards, self._seen_at = cards, time.monotonic()


class _CoreWatch:
    """How busy each core is. (psutil's own figure is one since the same thread's last look.)"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen_at = float("-inf")
        self._seen: list[tuple[float, float]] = []
        self._busy: tuple[float, ...] = ()

    def busy(self) -> tuple[float, ...]:
        """Percent of the time since the last look; looks too close together share one."""
        with self._lock:
            if not self._seen:
                self._seen = _core_times()
                time.sleep(_FIRST_LOOK_SECONDS)
            if time.monotonic() - self._seen_at >= _SHORTEST_LOOK_SECONDS:
                now = _core_times()
                self._busy = tuple(map(_share, self._seen, now))
                self._seen, self._seen_at = now, time.monotonic()
            return self._busy


def _core_times() -> list[tuple[float, float]]:
    """Of each core, the seconds that it was idle and all seconds."""
    import psutil

    return [
        (times.idle + getattr(times, "iowait", 0.0), sum(times[:8]))  # what follows is in these
        for times in psutil.cpu_times(percpu=True)
    ]


def _share(before: tuple[float, float], now: tuple[float, float]) -> float:
    idle, whole = now[0] - before[0], now[1] - before[1]
    return min(100.0, max(0.0, 100.0 * (1.0 - idle / whole))) if whole > 0 else 0.0


def _disks(folders: Mapping[str, Path]) -> tuple[DiskLoad, ...]:
    """The disks of the folders, each once; what does not exist yet counts by its parent."""
    import psutil

    found: dict[int, DiskLoad] = {}
    for name, folder in folders.items():
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None:
            continue
        device = there.stat().st_dev
        known = found.get(device)
        if known is not None:
            found[device] = known.model_copy(update={"name": f"{known.name}, {name}"})
            continue
        usage = psutil.disk_usage(str(there))
        found[device] = DiskLoad(name=name, used=usage.used, total=usage.total, free=usage.free)
    return tuple(found.values())


THE_WATCH = LoadWatch()
"""The one that a process asks, so that slow tools are asked once for all who look."""


def watched_cards() -> tuple[CardLoad, ...]:
    """The cards as they were seen last, at once; none before the first answer."""
    return THE_WATCH.cards()
