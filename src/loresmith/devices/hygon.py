"""Why: Hygon's cards (DCU, lately HCU) are asked through `hy-smi`, which is often off the PATH."""

from __future__ import annotations

from loresmith.devices.card_load import CardLoad
from loresmith.devices.machine import find_hy_smi
from loresmith.devices.smi import loads_by


def hygon_loads() -> list[CardLoad]:
    """A look at each DCU; none where its tool is not there, or does not answer."""
    tool = find_hy_smi()
    return loads_by(tool, kind="dcu") if tool is not None else []
