"""Every request leaves one line in the log, and no error leaves the server unnoticed.

A line has the request's id, method, route (the pattern, not the address), status and duration:
never a query, a header or a body, where secrets and documents are.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loresmith.api.problems import reply_with, unexpected_problem

_log = logging.getLogger("loresmith.requests")


class RequestLog:
    """The outermost layer: gives requests their ids and answers what nobody foresaw with 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # noqa: BLE001 - the outermost place: whatever it is, it is told as 500
            _log.exception("unexpected error", extra={"request_id": request_id})
            if status == 0:
                reply = reply_with(Request(scope), unexpected_problem())
                await reply(scope, receive, send_with_id)
        finally:
            _log.info("request", extra=_line(scope, request_id, status, began))


def _line(scope: Scope, request_id: str, status: int, began: float) -> dict[str, Any]:
    route = scope.get("route")
    return {
        "request_id": request_id,
        "method": scope["method"],
        "route": getattr(route, "path", None) or "(none)",
        "status": status,
        "milliseconds": round((time.perf_counter() - began) * 1000, 1),
    }
