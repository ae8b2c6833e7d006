"""Why: models are loaded when they are asked, share a base where they can, and leave when idle."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.errors import ModelUnavailable
from loresmith.models.hosting.adapters import shares_batches
from loresmith.models.hosting.model_host import Listener, ModelHost, Ticket
from loresmith.models.hosting.protocol import HostTask, Question

_SPARE = 1.25
"""A model needs about its weights' bytes, and some of them again while it is loaded."""


class Weights(NamedTuple):
    """A model as it lies on disk: a base, or a base with an adapter; folders on this machine."""

    base: Path
    adapter: Path | None = None


class LoadedWeights(NamedTuple):
    """A process with a base model and the adapters beside it."""

    base: Path
    adapters: tuple[Path, ...]
    """Those that were loaded beside the base."""
    device: str
    memory: int
    """Bytes of main memory."""
    device_memory: int
    """Bytes on the card; 0 on a CPU."""
    in_flight: int
    """Questions that are being answered, or wait."""
    idle_seconds: float


@dataclass
class _Place:
    """Where a base is or will be loaded; `lock` is held while something is loaded there."""

    host: ModelHost | None = None
    adapters: dict[Path, str] = field(default_factory=dict)
    base_wanted: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Hosts:
    """The models that are loaded; thread-safe. `close` ends all their processes.

    `device` and `dtype` are as `load_base` takes them; `max_rows` limits how many replies are
    written side by side. A process that was not asked anything for
    `idle_seconds` is ended.
    """

    def __init__(
        self,
        *,
        idle_seconds: float = 900.0,
        queue_limit: int = 64,
        device: str = "auto",
        dtype: str | None = None,
        max_rows: int | None = None,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._queue_limit = queue_limit
        self._device = device
        self._dtype = dtype
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self._places: dict[Weights, _Place] = {}
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None

    def ask(self, weights: Weights, question: Question, listener: Listener) -> Ticket:
        """Has a question answered; loads the model first where need be, which takes seconds.

        Raises ModelUnavailable, or RateLimited when too many questions wait.
        """
        place = self._place(weights)
        with place.lock:
            host, adapter = self._loaded(place, weights)
            return host.ask(adapter, question, listener)

    def load(self, weights: Weights) -> None:
        """Loads the model, if it is not loaded. Raises ModelUnavailable."""
        place = self._place(weights)
        with place.lock:
            self._loaded(place, weights)

    def unload(self, weights: Weights) -> None:
        """Frees the model. A base takes all adapters on it along; questions to them fail."""
        place = self._place(weights)
        with place.lock:
            if place.host is None:
                return
            if weights.adapter is not None and weights.adapter in place.adapters:
                place.host.drop_adapter(place.adapters.pop(weights.adapter))
                if place.adapters or place.base_wanted:
                    return
            _end(place)

    def loaded(self) -> list[LoadedWeights]:
        """What is in memory now."""
        found = []
        with self._lock:
            places = list(self._places.items())
        for weights, place in places:
            host = place.host
            if host is None or host.state is None or not host.alive:
                continue
            own = (weights.adapter,) if weights.adapter is not None else tuple(place.adapters)
            found.append(
                LoadedWeights(
                    weights.base,
                    own,
                    host.state.device,
                    host.memory,
                    host.state.device_memory,
                    host.in_flight,
                    host.idle_seconds,
                )
            )
        return found

    def holds(self, weights: Weights) -> bool:
        """Whether the model would answer without being loaded first."""
        with self._lock:
            place = self._places.get(_key(weights))
        if place is None or place.host is None or not place.host.alive:
            return False
        shared = weights.adapter is not None and _key(weights).adapter is None
        return weights.adapter in place.adapters if shared else True

    def close(self) -> None:
        """Ends all processes."""
        self._closed.set()
        with self._lock:
            places = list(self._places.values())
        for place in places:
            with place.lock:
                _end(place)

    def _place(self, weights: Weights) -> _Place:
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._end_idle, daemon=True)
                self._watch.start()
            return self._places.setdefault(_key(weights), _Place())

    def _loaded(self, place: _Place, weights: Weights) -> tuple[ModelHost, str]:
        """The process and the adapter's name in it; `place.lock` is held."""
        if place.host is None or not place.host.alive:
            _end(place)
            place.host = self._start(_key(weights))
        if weights.adapter is None or _key(weights).adapter is not None:
            place.base_wanted = True
            return place.host, ""
        name = _name_of(weights.adapter)
        if place.adapters.get(weights.adapter) != name:
            if weights.adapter in place.adapters:  # trained again since
                place.host.drop_adapter(place.adapters.pop(weights.adapter))
            place.host.add_adapter(name, weights.adapter)
            place.adapters[weights.adapter] = name
        return place.host, name

    def _start(self, weights: Weights) -> ModelHost:
        _check_memory(weights.base)
        task = HostTask(
            base=str(weights.base),
            merged_adapter=str(weights.adapter) if weights.adapter is not None else None,
            device=self._device,
            dtype=self._dtype,
            max_rows=self._max_rows,
        )
        return ModelHost(task, queue_limit=self._queue_limit)

    def _end_idle(self) -> None:
        while not self._closed.wait(min(30.0, self._idle_seconds / 2)):
            with self._lock:
                places = list(self._places.values())
            for place in places:
                if not place.lock.acquire(blocking=False):
                    continue  # something is being loaded there
                try:
                    if place.host is not None and place.host.idle_seconds >= self._idle_seconds:
                        _end(place)
                finally:
                    place.lock.release()


def _key(weights: Weights) -> Weights:
    """Where a model is loaded: with its base, or in a process of its own."""
    if weights.adapter is not None and shares_batches(weights.adapter):
        return Weights(weights.base)
    return weights


def _end(place: _Place) -> None:
    if place.host is not None:
        place.host.close()
    place.host, place.adapters, place.base_wanted = None, {}, False


def _name_of(adapter: Path) -> str:
    """A name for PEFT that changes when the adapter is trained again."""
    files = sorted(adapter.glob("adapter_*"))
    seen = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return "adapter_" + content_id(str(adapter), seen)


def _check_memory(folder: Path) -> None:
    """Raises ModelUnavailable before a model is loaded that cannot fit into main memory."""
    import psutil

    files = [*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]
    needed = int(sum(file.stat().st_size for file in files) * _SPARE)
    free = int(psutil.virtual_memory().available)
    if needed > free:
        raise ModelUnavailable(
            f"the model needs about {needed / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free",
            hint="Unload another model, or take a smaller one.",
        )
