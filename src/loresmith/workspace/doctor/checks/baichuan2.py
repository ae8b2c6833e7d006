"""Why: Baichuan2's own code takes xformers when it finds it, fails in it, and takes LoRA only."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def baichuan2(scene: Scene) -> Iterator[Finding]:
    """Whether xformers, or another method than LoRA, meets a Baichuan2 model."""
    name = scene.model_name.lower().replace("-", "").replace("_", "")
    if "baichuan" not in scene.model_family or "baichuan2" not in name:
        return
    if scene.version("xformers"):
        yield Finding(
            check="baichuan2",
            message="Baichuan2's code uses xformers where it is installed, and its training fails "
            "in it",
            hint="pip uninstall xformers",
        )
    recipe = scene.recipe
    method = recipe.training.type if recipe is not None else scene.asked.get("finetuning_type")
    if method not in (None, "lora"):
        yield Finding(
            check="baichuan2",
            message=f"Baichuan2 is known to train with LoRA only, and the method is {method}",
            hint="Set the method to lora.",
        )
