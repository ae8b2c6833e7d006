"""A page that lists the routes: from OpenAPI, without a script and without a CDN."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)


@router.get("/api/v1/docs")
def docs(request: Request) -> HTMLResponse:
    """For people; programs read `/api/v1/openapi.json`."""
    described = request.app.openapi()
    rows = [
        _row(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    about = "".join(
        f"<p>{escape(part)}</p>" for part in described["info"]["description"].split("\n\n")
    )
    return HTMLResponse(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Loresmith API</title>"
        "<meta name='viewport' content='width=device-width'></head><body>"
        f"<h1>Loresmith API {escape(described['info']['version'])}</h1>{about}"
        "<p>The whole description, for generators of clients: "
        "<a href='/api/v1/openapi.json'>openapi.json</a></p>"
        "<table><tr><th align='left'>Route</th><th align='left'>What it does</th></tr>"
        f"{''.join(rows)}</table></body></html>"
    )


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    summary = escape(operation.get("summary", ""))
    told = escape(operation.get("description", ""))
    name = f"<code>{method.upper()} {escape(path)}</code>"
    return f"<tr valign='top'><td>{name}</td><td><b>{summary}</b><br>{told}</td></tr>"
