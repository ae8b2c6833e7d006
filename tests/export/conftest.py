"""A tiny base that knows a few answers, an adapter that changes one, and whole tuned weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from taught_models import WHO, teach, teach_adapter
from tiny_model import make_tiny_model


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bases")
    return teach(make_tiny_model(folder / "blank"), folder / "base")


@pytest.fixture(scope="session")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return teach_adapter(base, tmp_path_factory.mktemp("adapters") / "who", WHO)
