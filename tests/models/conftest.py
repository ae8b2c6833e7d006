"""Models that several tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.devices import Device, detect_device
from loresmith.errors import ModelUnavailable
from loresmith.models.embedded import fetch_embedded
from loresmith.settings import load_settings
from tiny_model import make_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def device() -> Device:
    return detect_device("cpu")


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The real embedded model: of LORESMITH_HOME, else downloaded once."""
    try:
        return fetch_embedded(load_settings())
    except ModelUnavailable as error:
        pytest.skip(f"{error.message} {error.hint}")
