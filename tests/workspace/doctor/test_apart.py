from __future__ import annotations

import subprocess
import sys

import pytest

from loresmith.workspace.doctor import apart, machine_findings

ASK = """
import sys
from loresmith.workspace.doctor import machine_findings
print([found.check for found in machine_findings()])
assert "torch" not in sys.modules
"""


def test_who_asks_is_told_what_is_wrong_and_does_not_load_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "all")
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "card_environment" in done.stdout


def test_a_look_that_fails_is_itself_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LOOK", "import loresmith.not_there")
    (found,) = machine_findings()
    assert found.wrong and "No module named" in found.message and "loresmith doctor" in found.hint
