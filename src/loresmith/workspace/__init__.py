"""The application: every door (command line, Python, later REST and studio) comes through here."""

from __future__ import annotations

from loresmith.workspace.progress import Progress, ProgressListener
from loresmith.workspace.workspace import Outcome, Workspace

__all__ = ["Outcome", "Progress", "ProgressListener", "Workspace"]
