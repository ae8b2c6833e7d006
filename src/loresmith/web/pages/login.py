"""The door of a studio that others can reach: name and password, and out again."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from loresmith.api.dependencies import AccountsHere
from loresmith.api.problems import headers_of, status_of
from loresmith.api.security.access import session_cookie
from loresmith.api.security.csrf import SESSION_COOKIE, checked_form
from loresmith.web.rendering import render
from loresmith.workspace.accounts import AccessDenied, TooManyAttempts
from loresmith.workspace.accounts.accounts import SESSION_SECONDS

router = APIRouter()


@router.get("/login")
def ask(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """The form; who is in already, or need not log in, goes on."""
    if request.state.logged_in or not request.app.state.access.login_required:
        return _go_to(next)
    return render(request, "login/index.html", name="", next=next, refusal=None, pause=0)


@router.post("/login", dependencies=[Depends(checked_form)])
def log_in(
    request: Request,
    accounts: AccountsHere,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Begins a session, or says why not: never whether it was the name or the password."""
    address = request.client.host if request.client else ""
    try:
        token = accounts.log_in(name, password, address=address)
    except AccessDenied as error:
        pause = round(error.retry_after) if isinstance(error, TooManyAttempts) else 0
        shown = {"name": name, "next": next, "refusal": error, "pause": max(pause, 0)}
        reply = render(request, "login/index.html", status=status_of(error), **shown)
        reply.headers.update(headers_of(error))
        return reply
    reply = _go_to(next)
    reply.headers.append("Set-Cookie", session_cookie(request, token, SESSION_SECONDS))
    return reply


@router.post("/logout", dependencies=[Depends(checked_form)])
def log_out(request: Request, accounts: AccountsHere) -> Response:
    """Ends the session, on the server too."""
    accounts.log_out(request.cookies.get(SESSION_COOKIE, ""))
    reply = RedirectResponse("/login", status_code=303)
    reply.headers.append("Set-Cookie", session_cookie(request, "", 0))
    return reply


def _go_to(place: str) -> Response:
    """To a page of ours: an address elsewhere, which somebody put into a link, is not followed."""
    try:
        parts = urlsplit(place)
        ours = not parts.scheme and not parts.netloc and place.startswith("/")
    except ValueError:
        ours = False
    ours = ours and place.isprintable() and not place.startswith(("//", "/\\"))
    return RedirectResponse(place if ours else "/", status_code=303)
