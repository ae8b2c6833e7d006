"""No request may send more than is taken, however it is sent: counted while it arrives."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loresmith.api.problems import TooLarge, problem_of, reply_with

MAX_UPLOAD = 200 * 1024 * 1024
"""Most bytes of an upload."""
MAX_IN_MEMORY = 16 * 1024 * 1024
"""Most bytes of any other body: those are read as a whole."""
_FORM_AROUND_FILES = 1024 * 1024
_UPLOADS = ("multipart/form-data", "application/octet-stream")


class _Overflow(Exception):
    """Stops whoever is reading the body."""


class BodyLimit:
    """Answers 413 to a body that is too large, at the byte that is too many."""

    def __init__(self, app: ASGIApp, *, max_upload: int = MAX_UPLOAD) -> None:
        self._app = app
        self._max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = self._limit(request)
        if _announced(request) > limit:
            await self._refuse(request, receive, send, limit)
            return
        body = _Counted(receive, send, limit)
        with suppress(_Overflow):
            await self._app(scope, body.receive, body.send)
        if body.overflown and not body.replied:
            await self._refuse(request, receive, send, limit)

    def _limit(self, request: Request) -> int:
        kind = request.headers.get("content-type", "").lower()
        return self._max_upload + _FORM_AROUND_FILES if kind.startswith(_UPLOADS) else MAX_IN_MEMORY

    async def _refuse(self, request: Request, receive: Receive, send: Send, limit: int) -> None:
        error = TooLarge(
            f"the request is larger than {limit // 2**20} MB",
            hint="Send large files one by one, or split them.",
        )
        reply = reply_with(request, problem_of(error), headers={"Connection": "close"})
        await reply(request.scope, receive, send)


class _Counted:
    """The two ends of a connection, with what has come in counted."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.replied = False

    @property
    def overflown(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self.overflown:
            raise _Overflow
        return message

    async def send(self, message: Message) -> None:
        """Passes the reply on, unless it is what somebody makes of a body cut short."""
        if self.overflown and not self.replied:
            return
        self.replied = True
        await self._send(message)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0
