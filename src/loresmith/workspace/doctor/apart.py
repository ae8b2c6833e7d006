"""Why: to look at a machine takes torch, which the studio has no other use for: so it is looked at
in a process of its own, which takes its memory with it."""

from __future__ import annotations

import subprocess
import sys

from pydantic import ValidationError

from loresmith.workspace.doctor.diagnosis import Diagnosis
from loresmith.workspace.doctor.finding import Finding

_SECONDS = 180
_LOOK = """
from loresmith.workspace.doctor.diagnosis import diagnose
print(diagnose(products=False).model_dump_json())
"""


def machine_findings() -> tuple[Finding, ...]:
    """What is wrong with this machine, as far as can be told without computing on it.

    It takes seconds. Where the look itself fails, that is the finding.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LOOK],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
        )
        return Diagnosis.model_validate_json(done.stdout).findings
    except subprocess.TimeoutExpired:
        return (_failed(f"no answer within {_SECONDS} s"),)
    except ValidationError:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return (_failed(last[:500]),)


def _failed(reason: str) -> Finding:
    return Finding(
        check="machine",
        message=f"this machine could not be looked at: {reason}",
        hint="Run loresmith doctor in a terminal.",
    )
