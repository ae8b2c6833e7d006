"""Why: bf16 on a device without it is emulated and slow, or fails: `auto` would have known."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def bf16_support(scene: Scene) -> Iterator[Finding]:
    """Whether bf16 is asked for on a device that does not compute in it."""
    if scene.recipe is None or scene.recipe.training.precision != "bf16" or scene.device.bf16:
        return
    yield Finding(
        check="bf16_support",
        wrong=scene.device.kind in ("rocm", "dcu"),
        message=f"{scene.device.name} does not compute in bf16: it is emulated, at a fraction of "
        "the speed, or fails",
        hint="Set training.precision to auto (in a LLaMA Factory file leave bf16 out): that takes "
        "fp32 here.",
    )
