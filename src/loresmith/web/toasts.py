"""Lets a reply to htmx say something at the edge of the page as well."""

from __future__ import annotations

import json

from fastapi import Response


def with_toast(reply: Response, message: str, *, hint: str = "", tone: str = "") -> Response:
    """`reply` with a message for studio.js to show. tone: "" or "bad"; what is bad stays."""
    said = {"message": message, "hint": hint, "tone": tone}
    reply.headers["HX-Trigger"] = json.dumps({"toast": said})
    return reply
