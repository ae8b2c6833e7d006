"""Lets a reply to htmx say something at the edge of the page as well."""

from __future__ import annotations

import json

from fastapi import Response


def with_toast(
    reply: Response, message: str, *, hint: str = "", tone: str = "", event: str = ""
) -> Response:
    """`reply` with a message for studio.js to show. tone: "" or "bad"; what is bad stays.

    `event` is a further one that the page listens for.
    """
    events: dict[str, object] = {"toast": {"message": message, "hint": hint, "tone": tone}}
    if event:
        events[event] = True
    reply.headers["HX-Trigger"] = json.dumps(events)
    return reply
