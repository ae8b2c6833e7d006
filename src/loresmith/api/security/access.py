"""The gate: lets in who may come in, and only requests that the caller meant to make.

On a loopback address everybody is at home, but the request must be addressed to this machine by
name (a foreign site's name that was made to point here is refused: DNS rebinding). Elsewhere a
session or an API key is needed. A request that changes something and was made by a browser must
come from one of our own pages: by its origin, and by the token of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loresmith.api.problems import BadRequest, headers_of, is_for_programs, problem_of, reply_with
from loresmith.api.security.csrf import (
    BROWSER_COOKIE,
    SESSION_COOKIE,
    csrf_token,
    is_right,
    new_browser,
    refuse_without_token,
)
from loresmith.errors import LoresmithError
from loresmith.workspace.accounts import AccessDenied, Accounts, Caller

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN_FORMS = frozenset({"/login", "/logout"})
"""Their routes check the token in the form (`csrf.checked_form`)."""
_OPEN_TO_ALL = ("/healthz", "/login", "/static/")
_BROWSER_SIGNS = ("origin", "referer", "sec-fetch-site", "sec-fetch-mode", "cookie")
_PROXY_SIGNS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_YEAR = 365 * 24 * 3600


class Access(NamedTuple):
    """Who may come in, and under which names this server is called."""

    login_required: bool = False
    hosts: frozenset[str] = _LOOPBACK_NAMES
    """Names that requests may be addressed to, where no login protects what is here."""
    behind_proxy: bool = False
    """Whether requests that a proxy passes on may enter without a login."""


LOOPBACK = Access()


class Gate:
    """Finds out who asks (`request.state.caller`) and refuses what is not allowed."""

    def __init__(self, app: ASGIApp, *, access: Access, accounts: Accounts, key: bytes) -> None:
        self._app = app
        self._access = access
        self._accounts = accounts
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no websockets here
        request = Request(scope)
        browser = request.cookies.get(BROWSER_COOKIE, "")
        sends_page = not is_for_programs(request.url.path) and "/static/" not in request.url.path
        fresh = new_browser() if not browser and sends_page else ""

        async def send_with_cookie(message: Message) -> None:
            if fresh and message["type"] == "http.response.start":
                cookie = _cookie(BROWSER_COOKIE, fresh, _YEAR, secure=request.url.scheme == "https")
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        refusal = await self._refusal(request, browser or fresh)
        await (refusal or self._app)(scope, receive, send_with_cookie)

    async def _refusal(self, request: Request, browser: str) -> Response | None:
        """None for who may go on."""
        session = request.cookies.get(SESSION_COOKIE, "")
        state = request.state
        state.csrf_token = csrf_token(self._key, browser, session)
        state.caller, state.logged_in = None, False
        try:
            self._check_host(request)
            state.caller = await self._caller(request, session)
            state.logged_in = state.caller is not None and not state.caller.by_key
            self._check_origin(request)
            if not self._may_enter(request):
                return _to_the_login(request)
        except LoresmithError as error:
            return reply_with(request, problem_of(error), headers=headers_of(error))
        return None

    def _check_host(self, request: Request) -> None:
        if self._access.login_required:
            return
        if _host_of(request) not in self._access.hosts:
            raise BadRequest(
                "this server is not called by that name",
                hint="Use http://127.0.0.1 with the port that it said when it was started.",
            )
        if not self._access.behind_proxy and any(one in request.headers for one in _PROXY_SIGNS):
            raise AccessDenied(
                "the request was passed on by a proxy, and here nobody is asked to log in",
                hint="Start the server with --login; or with --allow-host NAME for a proxy that "
                "checks logins by itself.",
                known=True,
            )

    async def _caller(self, request: Request, session: str) -> Caller | None:
        if not self._access.login_required:
            return None
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            caller = await run_in_threadpool(self._accounts.by_key, key.strip())
            if caller is None:
                raise AccessDenied("the API key is not known", hint="It may have been revoked.")
            return caller
        return await run_in_threadpool(self._accounts.by_session, session) if session else None

    def _check_origin(self, request: Request) -> None:
        """Refuses a change that a browser asks for from anywhere but our own pages."""
        caller: Caller | None = request.state.caller
        if request.method in _HARMLESS or (caller is not None and caller.by_key):
            return
        headers, path = request.headers, request.url.path
        origin = headers.get("origin")
        if origin is not None and _place_of(origin) != headers.get("host"):
            raise _foreign()
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise _foreign()
        if path in _PLAIN_FORMS or (is_for_programs(path) and not _is_browser(headers)):
            return
        if not is_right(headers.get("x-csrf-token", ""), request.state.csrf_token):
            raise refuse_without_token()

    def _may_enter(self, request: Request) -> bool:
        if not self._access.login_required or request.state.caller is not None:
            return True
        return request.url.path.startswith(_OPEN_TO_ALL)


def _to_the_login(request: Request) -> Response:
    path, query = request.url.path, request.url.query
    if is_for_programs(path):
        error = AccessDenied("log in first", hint="Send an API key: Authorization: Bearer ...")
        return reply_with(request, problem_of(error), headers=headers_of(error))
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    if request.method != "GET" or path == "/":
        return RedirectResponse("/login", status_code=303)
    wanted = quote(f"{path}?{query}" if query else path)
    return RedirectResponse(f"/login?next={wanted}", status_code=303)


def _is_browser(headers: Mapping[str, str]) -> bool:
    return any(sign in headers for sign in _BROWSER_SIGNS)


def _host_of(request: Request) -> str:
    """The name in the Host header, in small letters; "" if there is none."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _place_of(origin: str) -> str:
    """The name and port of an origin; "" if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _foreign() -> AccessDenied:
    return AccessDenied(
        "the request comes from a page of another site",
        hint="Open the studio's own page, by the address that it said when it was started.",
        known=True,
    )


def session_cookie(request: Request, token: str, seconds: float) -> str:
    """The `Set-Cookie` of a session; with 0 seconds it ends."""
    return _cookie(SESSION_COOKIE, token, int(seconds), secure=request.url.scheme == "https")


def _cookie(name: str, value: str, seconds: int, *, secure: bool) -> str:
    cookie = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return f"{cookie}; Secure" if secure else cookie
