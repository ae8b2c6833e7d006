"""The process that holds a model: loads it, writes replies, and leaves when its parent is gone.

`ModelHost` starts it. Commands come in by stdin, what there is to tell goes out by stdout, and what
libraries print goes to stderr.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from loresmith.devices import Device, detect_device
from loresmith.errors import LoresmithError, ModelUnavailable
from loresmith.models.hosting.adapters import AdaptedModel
from loresmith.models.hosting.engine import Capacity, Engine
from loresmith.models.hosting.protocol import (
    COMMANDS,
    AddAdapter,
    Ask,
    Cancel,
    Command,
    Failed,
    HostTask,
    Ready,
    Told,
)
from loresmith.models.loading import Loaded, add_adapter, chat_template_of, load_base


def main() -> int:
    """Serves until stdin is closed; 1 when the model could not be loaded."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _die_first()
    task = HostTask.model_validate_json(sys.stdin.readline())
    try:
        host = _Host(task)
    except LoresmithError as error:
        _tell(out, [Failed.of(error, id=0)])
        return 1
    _tell(out, [host.ready(0)])
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    while True:
        for command in _taken(commands, wait=not host.engine.busy):
            _tell(out, host.do(command))
        _tell(out, host.engine.step())


class _Host:
    """The loaded model and its engine."""

    def __init__(self, task: HostTask) -> None:
        self._device = detect_device(task.device)
        if self._device.kind == "cpu":
            import torch

            torch.set_num_threads(self._device.threads)
        loaded = load_base(Path(task.base), device=self._device, dtype=task.dtype)
        if task.merged_adapter is not None:
            loaded = add_adapter(loaded, Path(task.merged_adapter), device=self._device)
        self._model = AdaptedModel(loaded.model)
        self.engine = _engine(loaded, self._model, self._device, max_rows=task.max_rows)

    def do(self, command: Command) -> Iterator[Told]:
        """Carries out a command; what goes wrong is told to whoever gave it."""
        try:
            if isinstance(command, Ask):
                self.engine.submit(command.id, command.adapter, command.question)
            elif isinstance(command, Cancel):
                self.engine.cancel(command.id)
            else:
                if isinstance(command, AddAdapter):
                    self._add(command)
                else:
                    yield from self.engine.drop_adapter(command.name)
                yield self.ready(command.id)
        except LoresmithError as error:
            yield Failed.of(error, id=command.id)

    def ready(self, id: int) -> Ready:
        return Ready(id=id, device=self._device.name, device_memory=_held(self._device))

    def _add(self, command: AddAdapter) -> None:
        import torch

        try:
            self._model.add(command.name, Path(command.folder))
            template = chat_template_of(Path(command.folder))
            if template is not None:
                self.engine.write_as(command.name, template)
        except torch.OutOfMemoryError as error:
            raise ModelUnavailable("the device has no room for this adapter") from error


def _engine(loaded: Loaded, model: AdaptedModel, device: Device, *, max_rows: int | None) -> Engine:
    ends = loaded.model.generation_config.eos_token_id
    more = ends if isinstance(ends, list) else [] if ends is None else [ends]
    longest = getattr(loaded.model.config, "max_position_embeddings", None) or 1_000_000
    capacity = _capacity(loaded.model.config, device)
    return Engine(
        model,
        loaded.tokenizer,
        stop_ids=frozenset(more),
        longest=longest,
        capacity=capacity._replace(rows=max_rows) if max_rows is not None else capacity,
    )


def _capacity(config: Any, device: Device) -> Capacity:
    """Half of the free memory may be filled with keys and values (in 2 bytes each)."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    bytes_per_token = 2 * 2 * config.num_hidden_layers * heads * width
    tokens = max(4_096, _free(device) // 2 // bytes_per_token)
    if device.kind == "cpu":
        return Capacity(rows=32, tokens=min(tokens, 131_072), prompt_tokens=1_024)
    return Capacity(rows=256, tokens=min(tokens, 2_097_152), prompt_tokens=16_384)


def _free(device: Device) -> int:
    if device.kind == "cpu":
        import psutil

        return int(psutil.virtual_memory().available)
    import torch

    return int(torch.cuda.mem_get_info()[0])


def _held(device: Device) -> int:
    if device.kind == "cpu":
        return 0
    import torch

    return int(torch.cuda.memory_reserved())


def _listen(commands: queue.SimpleQueue[Command]) -> None:
    """Hands commands on. When the parent is gone, so is this process, whatever it is doing."""
    for line in sys.stdin:
        commands.put(COMMANDS.validate_json(line))
    os._exit(0)


def _taken(commands: queue.SimpleQueue[Command], *, wait: bool) -> Iterator[Command]:
    if wait:
        yield commands.get()
    while not commands.empty():
        yield commands.get()


def _tell(out: Any, told: Iterable[Told]) -> None:
    lines = [one.model_dump_json() + "\n" for one in told]
    if lines:
        out.write("".join(lines))
        out.flush()


def _die_first() -> None:
    """Asks Linux to end this process, and not its parent, when memory runs out."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return
