"""Why: Qwen2 overflows in fp16: LLaMA Factory's users see a loss of 0 and a learning rate of 0."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def qwen2_half_precision(scene: Scene) -> Iterator[Finding]:
    """Whether a Qwen2 model is to be trained in fp16, which is not done here but by DeepSpeed."""
    half = scene.deepspeed.get("fp16")
    by_deepspeed = isinstance(half, dict) and half.get("enabled") is True
    if "qwen2" not in scene.model_family or not (scene.asked.get("fp16") or by_deepspeed):
        return
    yield Finding(
        check="qwen2_half_precision",
        wrong=by_deepspeed,
        message=f"{scene.model_name} is a Qwen2 model: in fp16 its numbers overflow, and loss and "
        "learning rate become 0",
        hint="Set bf16: true and leave fp16 out"
        + (", in DeepSpeed's file too." if by_deepspeed else "; fp16 is not used here anyway."),
    )
