"""Waits for what another process or thread brings about: by looking, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

_LOOK_SECONDS = 0.02


def wait_for(come: Callable[[], object], *, seconds: float = 120.0, what: str = "it") -> None:
    """Returns as soon as `come()` is true; fails the test when it is not in time."""
    until = time.monotonic() + seconds
    while not come():
        if time.monotonic() > until:
            pytest.fail(f"{what} did not come within {seconds:.0f} s")
        time.sleep(_LOOK_SECONDS)
