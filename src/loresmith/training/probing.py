"""Why: whether a package works on a card shows only when it is used, and it may take the process
with it: so it is tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache

_SECONDS = 180
_CODE = """
import importlib, sys, traceback, warnings
warnings.simplefilter("ignore")
module, function, *words = sys.argv[1:]
try:
    getattr(importlib.import_module(module), function)(*words)
except BaseException as error:
    print("fault:" + " ".join(f"{type(error).__name__}: {error}".split())[:300])
    sys.exit(3)
"""


@lru_cache(maxsize=64)
def probed_apart(module: str, function: str, *words: str) -> str:
    """Calls `module.function(*words)` in a new process; empty when it returns, else what went
    wrong. Remembered for this process's life."""
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
        return f"no answer within {_SECONDS} s"
    if done.returncode == 0:
        return ""
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault:")]
    if faults:
        return faults[-1].removeprefix("fault:").strip()
    return f"the process that tried it ended with code {done.returncode}"
