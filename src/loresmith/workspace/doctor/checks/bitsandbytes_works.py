"""Why: bitsandbytes is not established on a DCU, and may fail on any card: so it is tried."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.training.quantization import quantization_obstacles
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def bitsandbytes_works(scene: Scene) -> Iterator[Finding]:
    """Lets bitsandbytes hold a layer in 4 bits, where it is installed beside a card that torch
    uses; a training that asks for it is told by its own check, on any machine."""
    if scene.device.kind == "cpu" or not scene.version("bitsandbytes"):
        return
    for obstacle in quantization_obstacles(4):
        yield Finding(
            check="bitsandbytes_works",
            wrong=False,
            message=obstacle.message,
            hint=obstacle.hint,
        )
