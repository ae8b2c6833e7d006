"""Why: whether a package works on a card shows only when it is used, and it may take the process
with it: so it is tried in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache
from typing import NamedTuple

_SECONDS = 180
_CODE = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
module, function, *words = sys.argv[1:]
try:
    getattr(importlib.import_module(module), function)(*words)
except BaseException as error:
    kind = type(error).__name__
    message = getattr(error, "message", f"{kind}: {error}")
    hint = getattr(error, "hint", "")
    shown = [" ".join(str(text).split())[:1000] for text in (message, hint)]
    print("fault:" + json.dumps([kind, *shown]))
    sys.exit(3)
"""


class Fault(NamedTuple):
    """What went wrong in a probe."""

    kind: str
    """The name of the error's class; empty when the process ended without one."""
    message: str
    hint: str = ""


@lru_cache(maxsize=64)
def probed_apart(module: str, function: str, *words: str) -> Fault | None:
    """Calls `module.function(*words)` in a new process; None when it returns. Remembered for this
    process's life."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CODE, module, function, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Fault("", f"no answer within {_SECONDS} s")
    if done.returncode == 0:
        return None
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault:")]
    if faults:
        return Fault(*json.loads(faults[-1].removeprefix("fault:")))
    return Fault("", f"the process that tried it ended with code {done.returncode}")
