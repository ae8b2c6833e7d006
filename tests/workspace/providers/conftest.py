"""A home of its own, without any key and any downloaded model of this machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.models.presets import PRESETS
from loresmith.settings import load_settings
from loresmith.workspace.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    for preset in PRESETS.values():
        if preset.api_key_env:
            monkeypatch.delenv(preset.api_key_env, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    for name in ("LORESMITH_DATABASE_URL", "LORESMITH_ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    return Home(load_settings())
