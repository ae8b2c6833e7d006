"""What whole runs share: a base model that is made in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiny_model import make_tiny_model


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))
