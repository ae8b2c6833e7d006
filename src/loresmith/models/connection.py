"""One kept-alive HTTP/1.1 connection, as much of RFC 9112 as a client of JSON APIs needs."""

from __future__ import annotations

import select
import socket
import ssl
import time
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from loresmith.models.proxies import Proxy

_MOST_HEADER_BYTES = 256 * 1024
_MOST_BODY_BYTES = 256 * 1024 * 1024
_AT_ONCE = 64 * 1024


class HTTPReply(NamedTuple):
    """A reply as it came."""

    status: int
    headers: dict[str, str]
    """By their names in lower case; of a repeated one, the last."""
    body: bytes
    keeps_alive: bool
    """Whether the connection may be used again."""


class ConnectionLost(Exception):
    """The other side closed the connection in the middle, or does not speak HTTP."""


class Connection:
    """A socket that sends requests and reads replies, each within a deadline.

    Deadlines are moments of `time.monotonic()` and hold for a whole reply, however slowly it
    drips; TimeoutError is raised when one has passed, OSError or ConnectionLost for the rest.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._read = bytearray()
        self._readable = select.poll() if hasattr(select, "poll") else None
        if self._readable is not None:
            self._readable.register(connected, select.POLLIN)

    @classmethod
    def to(
        cls, url: str, seconds: float, *, proxy: Proxy | None, tls: ssl.SSLContext | None
    ) -> Connection:
        """A connection to the host of `url`, made within `seconds`, through `proxy` if given."""
        deadline = time.monotonic() + seconds
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if tls else 80)
        first = (proxy.host, proxy.port) if proxy is not None else (host, port)
        connected = socket.create_connection(first, timeout=seconds)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy is not None and tls is not None:
                cls(connected)._tunnel(host, port, proxy, deadline)
            if tls is not None:
                connected.settimeout(_left(deadline))
                connected = tls.wrap_socket(connected, server_hostname=host)
        except BaseException:
            connected.close()
            raise
        return cls(connected)

    def send(self, request: bytes, deadline: float) -> None:
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(request)

    def reply(self, deadline: float) -> HTTPReply:
        """The reply to the request that was sent last."""
        while True:
            version, status, headers = self._head(deadline)
            if status >= 200:
                break  # what came before was information, such as 100 Continue
        keeps_alive = _keeps_alive(version, headers)
        if status in (204, 304):
            return HTTPReply(status, headers, b"", keeps_alive)
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._chunks(deadline)
        elif "content-length" in headers:
            body = self._exactly(_length(headers["content-length"], 10), deadline)
        else:
            body, keeps_alive = self._rest(deadline), False
        return HTTPReply(status, headers, body, keeps_alive and not self._read)

    def is_idle(self) -> bool:
        """Whether it can be used again: nothing came unasked, not even its end."""
        if self._readable is None:
            return not select.select([self._socket], [], [], 0)[0]
        return not self._readable.poll(0)

    def break_off(self) -> None:
        """Ends whatever another thread waits for on this connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _tunnel(self, host: str, port: int, proxy: Proxy, deadline: float) -> None:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode(), deadline)
        _, status, _ = self._head(deadline)
        if not 200 <= status < 300:
            raise ConnectionLost(f"the proxy {proxy.host}:{proxy.port} refused ({status})")

    def _head(self, deadline: float) -> tuple[str, int, dict[str, str]]:
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if len(self._read) > _MOST_HEADER_BYTES:
                raise ConnectionLost("the headers of the reply do not end")
            self._receive(deadline)
        lines = self._read[:end].decode("latin-1").split("\r\n")
        del self._read[: end + 4]
        version, _, rest = lines[0].partition(" ")
        if not version.startswith("HTTP/") or not rest[:3].isdecimal():
            raise ConnectionLost(f"what came is no HTTP: {lines[0][:60]!r}")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return version, int(rest[:3]), headers

    def _chunks(self, deadline: float) -> bytes:
        body = bytearray()
        while size := _length(self._line(deadline).partition(b";")[0].decode("latin-1"), 16):
            body += self._exactly(size, deadline)
            if self._line(deadline) or len(body) > _MOST_BODY_BYTES:
                raise ConnectionLost("the chunks of the reply do not fit together")
        while self._line(deadline):
            pass  # fields after the last chunk
        return bytes(body)

    def _line(self, deadline: float) -> bytes:
        while (end := self._read.find(b"\r\n")) < 0:
            if len(self._read) > _MOST_HEADER_BYTES:
                raise ConnectionLost("a line of the reply does not end")
            self._receive(deadline)
        line = bytes(self._read[:end])
        del self._read[: end + 2]
        return line

    def _exactly(self, size: int, deadline: float) -> bytes:
        while len(self._read) < size:
            self._receive(deadline)
        body = bytes(self._read[:size])
        del self._read[:size]
        return body

    def _rest(self, deadline: float) -> bytes:
        """All that comes until the other side closes."""
        while len(self._read) <= _MOST_BODY_BYTES:
            try:
                self._receive(deadline)
            except ConnectionLost:
                break
        body = bytes(self._read)
        self._read.clear()
        return body

    def _receive(self, deadline: float) -> None:
        self._socket.settimeout(_left(deadline))
        data = self._socket.recv(_AT_ONCE)
        if not data:
            raise ConnectionLost("the connection was closed before the reply was complete")
        self._read += data


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _keeps_alive(version: str, headers: dict[str, str]) -> bool:
    said = headers.get("connection", "").lower()
    return "close" not in said and (version != "HTTP/1.0" or "keep-alive" in said)


def _length(text: str, base: int) -> int:
    try:
        size = int(text.strip(), base)
    except ValueError:
        size = -1
    if not 0 <= size <= _MOST_BODY_BYTES:
        raise ConnectionLost(f"the reply says that it is {text.strip()[:40]!r} long")
    return size
