"""Why: a torch that was built for the processor, or cannot be imported, leaves a card unused."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def torch_uses_card(scene: Scene) -> Iterator[Finding]:
    """Whether torch sees the card whose driver is there."""
    if scene.examination.fault:
        yield Finding(
            check="torch_uses_card",
            message=f"torch and its driver cannot be asked: {scene.examination.fault}",
            hint="Run python -c 'import torch; torch.cuda.is_available()', and mend what it says.",
        )
    machine = scene.machine
    if machine.torch_version and scene.device.note:
        yield Finding(
            check="torch_uses_card",
            message=f"this machine's card is not used: {_why(scene)}",
            hint=scene.device.note,
        )


def _why(scene: Scene) -> str:
    machine = scene.machine
    if machine.torch_fault:
        return "torch cannot be imported"
    if machine.hip_version or machine.cuda_version:
        return f"torch {machine.torch_version} finds none"
    return f"torch {machine.torch_version} is built for the processor alone"
