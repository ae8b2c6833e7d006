"""Which HTTP proxy of the environment stands before an endpoint, as other programs read it too."""

from __future__ import annotations

import base64
import urllib.request
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from loresmith.errors import ModelUnavailable


class Proxy(NamedTuple):
    """A proxy that is spoken to in plain HTTP."""

    host: str
    port: int
    authorization: str
    """What to send as Proxy-Authorization; empty where nothing is asked."""


def proxy_for(url: str) -> Proxy | None:
    """The proxy by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; None for a direct way.

    Raises ModelUnavailable for a proxy of another kind, such as SOCKS.
    """
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise ModelUnavailable(
            f"a proxy of the kind {proxy.scheme} cannot be used",
            hint="Name an HTTP proxy in HTTPS_PROXY, or list the host of the endpoint in NO_PROXY.",
        )
    user = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}"
    known = f"Basic {base64.b64encode(user.encode()).decode()}" if proxy.username else ""
    return Proxy(proxy.hostname, proxy.port or 80, known)
