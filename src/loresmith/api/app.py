"""The application that serves `/api/v1` and OpenAI's `/v1`; the studio adds its pages to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from loresmith import __version__
from loresmith.api.events import Feeds
from loresmith.api.openapi import describe
from loresmith.api.problems import PROBLEM_RESPONSES, install_problems
from loresmith.api.routes import ROUTERS
from loresmith.api.security import (
    LOOPBACK,
    MAX_UPLOAD,
    Access,
    BodyLimit,
    Compression,
    Gate,
    RequestLog,
    SafeHeaders,
)
from loresmith.workspace.accounts import Accounts, server_key
from loresmith.workspace.home import Home
from loresmith.workspace.recovery import RECOVER_SECONDS, Recovery


def create_api(home: Home, *, access: Access = LOOPBACK, max_upload: int = MAX_UPLOAD) -> FastAPI:
    """The API over `home`'s projects, without pages. `max_upload` is in bytes.

    Its caller must serve it where `access` says: the default is for a loopback address.
    """
    app = FastAPI(
        title="Loresmith",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses=PROBLEM_RESPONSES,
        generate_unique_id_function=_name_of,
        lifespan=_while_serving,
    )
    app.state.home = home
    app.state.access = access
    app.state.accounts = Accounts(home.engine)
    app.state.feeds = Feeds()
    install_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    # The last one is the outermost.
    app.add_middleware(Compression)
    app.add_middleware(BodyLimit, max_upload=max_upload)
    app.add_middleware(
        Gate, access=access, accounts=app.state.accounts, key=server_key(home.settings.home)
    )
    app.add_middleware(SafeHeaders)
    app.add_middleware(RequestLog)
    describe(app)
    return app


def _name_of(route: APIRoute) -> str:
    """What generated clients call the operation: `rows_list_rows`."""
    tag = str(route.tags[0]) if route.tags else "other"
    return f"{tag}_{route.name}"


@asynccontextmanager
async def _while_serving(app: FastAPI) -> AsyncIterator[None]:
    """Jobs that a crash left behind are taken up again, while the server answers already."""
    recovery = asyncio.create_task(_recover(Recovery(app.state.home)))
    yield
    recovery.cancel()
    with suppress(asyncio.CancelledError):
        await recovery


async def _recover(recovery: Recovery) -> None:
    while True:
        await run_in_threadpool(recovery.look)
        await asyncio.sleep(RECOVER_SECONDS)
