"""Lets every test import what tests share: `from servers.teacher_server import TeacherServer`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Run in the background by a script: what tests start and stop by Ctrl-C would not hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("gate", derandomize=True)
"""A gate tries the same cases each time; who develops gets new ones with each run."""
if os.environ.get("LORESMITH_NO_SKIPS") == "1":
    settings.load_profile("gate")
