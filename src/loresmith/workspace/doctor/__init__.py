"""What is wrong with this machine, and with a training that is wanted on it, each with its fix."""

from __future__ import annotations

from loresmith.workspace.doctor.apart import machine_findings
from loresmith.workspace.doctor.diagnosis import Diagnosis, asked_of, diagnose, training_findings
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

__all__ = [
    "Diagnosis",
    "Finding",
    "Scene",
    "asked_of",
    "diagnose",
    "machine_findings",
    "training_findings",
]
