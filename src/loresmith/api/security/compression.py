"""Large replies travel compressed, except pages: those hold a secret beside what others wrote."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from loresmith.api.problems import is_for_programs


class Compression:
    """gzip for static files and what programs ask for. Streams of events stay as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=2048, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        compressible = is_for_programs(path) or path.startswith("/static/")
        streamed = path.endswith("/events") or path.startswith("/v1/")
        app = self._compressed if compressible and not streamed else self._app
        await app(scope, receive, send)
