"""Tokens that only our own pages know: no other site can have a browser change anything here.

A browser keeps a random cookie; the token in a page is a keyed hash of it (and of the session, if
there is one), so that a page of another site, or another port, can neither read nor make it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Form, Request

from loresmith.workspace.accounts.errors import AccessDenied

BROWSER_COOKIE = "loresmith_browser"
SESSION_COOKIE = "loresmith_session"


def new_browser() -> str:
    """The value of a browser's cookie."""
    return secrets.token_urlsafe(24)


def csrf_token(key: bytes, browser: str, session: str) -> str:
    """The token for a browser and its session ("" without one)."""
    message = f"{browser}\n{session}".encode("utf-8", "replace")
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def is_right(given: str, expected: str) -> bool:
    """Compares two tokens in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def refuse_without_token() -> AccessDenied:
    """The error for a request that lacks the page's token."""
    return AccessDenied(
        "the request does not come from a page of this studio",
        hint="Reload the page. Programs send no cookies, or an API key.",
        known=True,
    )


def checked_form(request: Request, csrf_token: Annotated[str, Form()] = "") -> None:
    """Checks the hidden field of a plain form; for the routes that `Gate` leaves it to."""
    if not is_right(csrf_token, request.state.csrf_token):
        raise refuse_without_token()
