"""The machine that the server runs on."""

from __future__ import annotations

from fastapi import APIRouter

from loresmith.api.dependencies import HomeHere
from loresmith.workspace.doctor import Finding, machine_findings
from loresmith.workspace.machine_use import MachineUse, machine_use

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])


@router.get("", summary="How busy the machine is")
def devices(home: HomeHere) -> MachineUse:
    """Processor, memory, disks and cards as they are now, and what our processes use of them."""
    return machine_use(home)


@router.get("/findings", summary="What is wrong with the machine")
def findings() -> list[Finding]:
    """Each with its fix; empty where nothing is wrong. The machine is looked at and does not
    compute. Takes seconds."""
    return list(machine_findings())
