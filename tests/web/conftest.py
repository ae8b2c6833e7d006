"""The studio over an empty home, asked without a browser or a port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from starlette.testclient import TestClient

from loresmith.settings import load_settings
from loresmith.web import create_studio
from loresmith.workspace.home import Home


class StudioClient(TestClient):
    """Asks as a browser on this machine does: for pages, and with the page's CSRF token."""

    def request(self, method: str, url: Any, **options: Any) -> Any:
        if method.upper() not in ("GET", "HEAD", "OPTIONS"):
            headers = dict(options.pop("headers", None) or {})
            headers.setdefault("X-CSRF-Token", self.csrf_token())
            options["headers"] = headers
        return super().request(method, url, **options)

    def csrf_token(self) -> str:
        """The token of the pages that this client is shown."""
        found = re.search(r'name="csrf-token" content="([^"]*)"', self.get("/settings").text)
        assert found is not None
        return found[1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home."""
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    return Home(load_settings())


@pytest.fixture
def client(home: Home) -> Iterator[StudioClient]:
    """A client of the studio over `home`; in English unless it says otherwise."""
    app = create_studio(home)
    with StudioClient(
        app,
        base_url="http://127.0.0.1:8000",
        client=("127.0.0.1", 50000),
        headers={"Accept": "text/html", "Accept-Language": "en"},
    ) as asking:
        yield asking
