"""Why: a proxy that is gone, or misspelt, looks like a teacher or a hub that does not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_SCHEMES = ("http", "https", "socks5", "socks5h")
_PATIENCE_SECONDS = 3.0


def proxy(scene: Scene) -> Iterator[Finding]:
    """Whether the proxies that the environment names can be used. Their passwords are not told."""
    tried: dict[str, str] = {}
    for name in (form for one in _VARIABLES for form in (one, one.lower())):
        address = scene.environment.get(name, "").strip()
        if not address:
            continue
        if address not in tried:
            tried[address] = _fault(address)
        if tried[address]:
            yield Finding(
                check="proxy",
                message=f"{name} names a proxy that stands in the way: {tried[address]}",
                hint=f"Correct {name}, or unset it where no proxy is needed.",
            )


def _fault(address: str) -> str:
    """Why a proxy is of no use; empty where something listens there."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its address is not understood"
    if parts.scheme not in _SCHEMES or not host:
        return "its address should be like http://HOST:PORT"
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        return "for a SOCKS proxy the package socksio is needed, and is not installed"
    at = (host, port or (443 if parts.scheme == "https" else 80))
    try:
        with socket.create_connection(at, timeout=_PATIENCE_SECONDS):
            return ""
    except OSError as error:
        return f"{host}:{at[1]} does not answer ({error.strerror or error})"
