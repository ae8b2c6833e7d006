"""Tools that watch cards, on a PATH that has no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring_tools import PutTool, tool_in


@pytest.fixture
def put_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutTool:
    """Puts a program that watches cards on an otherwise bare PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tool_in(folder)
