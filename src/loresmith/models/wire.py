"""Carries one call to an endpoint over HTTP/1.1, within one overall time limit.

Why: hundreds of calls a second have to pass through one core beside all other work, which general
clients do not manage (docs/decisions/0015). So a thread that calls holds a kept-alive socket of
its own for as long as it waits, and nothing stands between the two.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from loresmith.models.connection import Connection, ConnectionLost, HTTPReply
from loresmith.models.forbidden_hosts import refuse_forbidden_host
from loresmith.models.proxies import Proxy, proxy_for


class WireReply(NamedTuple):
    """What the endpoint sent back, whatever the status."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """By their names in lower case."""


class WireFault(Exception):
    """No whole reply came back: no connection, a reset, or the time was over."""

    def __init__(self, what: str, *, connected: bool, timed_out: bool = False) -> None:
        super().__init__(what)
        self.connected = connected
        """False when not even a connection came about."""
        self.timed_out = timed_out
        """Whether the reply did not come in time."""


class Wire:
    """The connections to one endpoint, shared by all threads.

    It neither retries nor follows redirects: documents and the key go to the endpoint that was
    named, and to no other. `timeout` is the limit of a whole call in seconds, also for a server
    that keeps sending a byte now and then, as some do while a request waits in their queue.
    """

    def __init__(
        self, url: str, *, key: str | None, timeout: float, connect_timeout: float
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._opened = self._closed = False
        self._proxy: Proxy | None = None
        self._tls: ssl.SSLContext | None = None

    def post(self, model: str, messages: list[dict[str, Any]], rest: dict[str, Any]) -> WireReply:
        """Asks for a completion; `rest` are further members of the body. Raises WireFault."""
        body = json.dumps({"model": model, "messages": messages, **rest}, ensure_ascii=False)
        return self._sent("POST", "/chat/completions", body.encode("utf-8", "replace"))

    def models(self) -> WireReply:
        """Asks for the list of the endpoint's models. Raises WireFault."""
        return self._sent("GET", "/models")

    def open(self) -> None:
        """Gets ready. Raises ModelUnavailable for a host that is never called, or a proxy of a
        kind that is not supported."""
        with self._lock:
            if self._opened:
                return
            refuse_forbidden_host(self._url)
            # A proxy of the environment is of no use for a server on this machine.
            self._proxy = None if is_local(self._url) else proxy_for(self._url)
            if urlsplit(self._url).scheme == "https":
                import httpx  # for the certificates that it trusts: SSL_CERT_FILE, else certifi's

                self._tls = httpx.create_ssl_context()
            self._opened = True

    def close(self) -> None:
        """Closes all connections; calls that are under way end in a WireFault."""
        with self._lock:
            self._closed = True
            connections = list(self._all)
            self._idle.clear()
        for connection in connections:
            connection.break_off()

    def _sent(self, method: str, path: str, body: bytes = b"") -> WireReply:
        self.open()
        deadline = time.monotonic() + self._timeout
        connection = self._connection(deadline)
        whole = False
        try:
            connection.send(self._head(method, path, len(body)) + body, deadline)
            reply = connection.reply(deadline)
            whole = True
        except TimeoutError as error:
            what = f"no complete reply within {self._timeout:g} s"
            raise WireFault(what, connected=True, timed_out=True) from error
        except (OSError, ConnectionLost) as error:
            raise WireFault(str(error) or type(error).__name__, connected=True) from error
        finally:
            self._give_back(connection, reusable=whole and reply.keeps_alive)
        return _as_wire_reply(reply)

    def _head(self, method: str, path: str, length: int) -> bytes:
        parts = urlsplit(self._url)
        target = f"{parts.path}{path}" + (f"?{parts.query}" if parts.query else "")
        through = self._proxy if self._proxy is not None and parts.scheme == "http" else None
        lines = [
            f"{method} {f'http://{parts.netloc}' if through else ''}{target} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            "Accept: application/json",
            "Accept-Encoding: identity",
            "User-Agent: loresmith",
            f"Authorization: Bearer {self._key or 'none'}",
        ]
        if through is not None and through.authorization:
            lines.append(f"Proxy-Authorization: {through.authorization}")
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")

    def _connection(self, deadline: float) -> Connection:
        """One that waits for use and is still good, else a new one. Raises WireFault."""
        while True:
            with self._lock:
                if self._closed:
                    raise WireFault("it was closed", connected=False)
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._new_connection(deadline)
            if connection.is_idle():
                return connection
            self._give_back(connection, reusable=False)

    def _new_connection(self, deadline: float) -> Connection:
        limit = min(self._connect_timeout, max(0.001, deadline - time.monotonic()))
        try:
            connection = Connection.to(self._url, limit, proxy=self._proxy, tls=self._tls)
        except TimeoutError as error:
            what = f"no connection within {self._connect_timeout:g} s"
            raise WireFault(what, connected=False) from error
        except (OSError, ConnectionLost, UnicodeError) as error:
            raise WireFault(str(error) or type(error).__name__, connected=False) from error
        with self._lock:
            self._all.add(connection)
            closed = self._closed
        if closed:
            connection.break_off()
        return connection

    def _give_back(self, connection: Connection, *, reusable: bool) -> None:
        with self._lock:
            if reusable and not self._closed:
                self._idle.append(connection)
                return
            self._all.discard(connection)
        connection.close()


def _as_wire_reply(reply: HTTPReply) -> WireReply:
    return WireReply(reply.status, reply.body, reply.headers)


def is_local(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
