"""The studio's application: the API, its pages and their static files."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from loresmith.api import create_api
from loresmith.api.security import LOOPBACK, MAX_UPLOAD, Access
from loresmith.web.pages import PAGES
from loresmith.web.problems import say_problem, show_problem
from loresmith.workspace.home import Home

_HERE = Path(__file__).parent


def create_studio(
    home: Home, *, access: Access = LOOPBACK, max_upload: int = MAX_UPLOAD
) -> FastAPI:
    """The API over `home`'s projects, with pages; see `create_api` for who may come in."""
    app = create_api(home, access=access, max_upload=max_upload)
    app.state.show_problem = show_problem
    app.state.say_problem = say_problem
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    for page in PAGES:
        app.include_router(page, include_in_schema=False)
    return app
