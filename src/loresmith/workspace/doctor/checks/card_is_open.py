"""Why: a card whose driver is not loaded, or is closed to this user, looks like none at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

_KFD = Path("/dev/kfd")


def card_is_open(scene: Scene, *, kfd: Path = _KFD) -> Iterator[Finding]:
    """Whether AMD's or Hygon's driver is loaded and lets this user in."""
    if scene.machine.hy_smi is not None and not kfd.exists():
        yield Finding(
            check="card_is_open",
            message=f"hy-smi is installed, and there is no {kfd}: the driver is not loaded, or "
            "this container was not given it",
            hint="Load the driver (modprobe hydcu or hycu), or start the container with "
            "--device=/dev/kfd --device=/dev/dri --device=/dev/mkfd.",
        )
    if kfd.exists() and not os.access(kfd, os.R_OK | os.W_OK):
        yield Finding(
            check="card_is_open",
            message=f"{kfd} is closed to this user",
            hint="sudo usermod -aG video,render $USER, and log in again.",
        )
