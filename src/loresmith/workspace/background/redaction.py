"""Keeps secrets out of what a job writes down: an error may quote what a server sent back."""

from __future__ import annotations

import os
import re

_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)(S|_\d+)?$")
_SHORTEST = 8
"""A shorter value of the environment is no secret, and may stand in any text."""
_LOOKS = re.compile(r"\b(sk|hf|ms|ak|pat|ls)[-_][A-Za-z0-9_\-]{16,}")
_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")


def without_secrets(text: str) -> str:
    """`text` with every key of the environment, and whatever looks like one, struck out."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _NAMES.search(name.upper()):
            text = text.replace(value, "***")
    return _IN_URL.sub(r"\1:***@", _LOOKS.sub(r"\1-***", text))
