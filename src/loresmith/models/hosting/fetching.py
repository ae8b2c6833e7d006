"""Why: fetching a base model may convert it with torch, which the server must not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from loresmith.errors import ModelUnavailable
from loresmith.models.base_models import describe_base_model, resolve_base_model
from loresmith.settings import Settings


def folder_of(name: str, settings: Settings) -> Path:
    """The folder of a base model; fetched, in a process of its own, where it is not here yet.

    Raises ModelUnavailable.
    """
    if describe_base_model(name, settings).bytes_to_download == 0:
        return resolve_base_model(name, settings)
    done = subprocess.run(
        [sys.executable, "-c", _FETCH, name],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LORESMITH_HOME": str(settings.home)},
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ModelUnavailable(f"the base model {name!r} could not be fetched: {last}")
    told = json.loads(done.stdout.splitlines()[-1])
    if "error" in told:
        raise ModelUnavailable(told["error"], hint=told["hint"])
    return Path(told["folder"])


_FETCH = """
import json, sys
from loresmith.errors import LoresmithError
from loresmith.models.base_models import resolve_base_model
from loresmith.settings import load_settings
try:
    told = {"folder": str(resolve_base_model(sys.argv[1], load_settings()))}
except LoresmithError as error:
    told = {"error": error.message, "hint": error.hint}
print(json.dumps(told))
"""
