"""Why: ZeRO-3 with offload to the processor is known to end with tensors on two devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def zero3_offload(scene: Scene) -> Iterator[Finding]:
    """Whether DeepSpeed's settings ask for stage 3 and for offload to the processor."""
    zero = scene.deepspeed.get("zero_optimization")
    if not isinstance(zero, dict) or zero.get("stage") != 3:
        return
    offloaded = [key for key in ("offload_param", "offload_optimizer") if _to_cpu(zero.get(key))]
    if offloaded:
        yield Finding(
            check="zero3_offload",
            wrong=False,
            message=f"ZeRO-3 with {' and '.join(offloaded)} to the processor is known to fail with "
            "tensors on two devices",
            hint="Take ZeRO-2 with offload, or ZeRO-3 without; or go on where it works for you.",
        )


def _to_cpu(offload: Any) -> bool:
    return isinstance(offload, dict) and offload.get("device") == "cpu"
