"""Calls over TLS, through proxies, and to servers that close or part their replies."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import ModelUnavailable
from loresmith.models.wire import Wire, WireFault, WireReply

HOST = "api.teacher.test"


class Endpoint(ThreadingHTTPServer):
    """A server that tells back what it was sent; `how` says how it answers."""

    daemon_threads = True

    def __init__(self, how: str = "plain") -> None:
        super().__init__(("127.0.0.1", 0), _Telling)
        self.how = how
        self.seen: list[dict[str, Any]] = []
        self.connections = 0


class _Telling(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append({"path": self.path, **dict(self.headers)})
        self.send_response(200)
        if self.server.how == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (body[:7], body[7:]):
                self.wfile.write(f"{len(part):x};x=y\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\nTrailer: none\r\n\r\n")
            return
        if self.server.how == "until closed":
            self.send_header("Connection", "close")
            self.end_headers()
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.server.how == "until closed"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


class Proxy(ThreadingHTTPServer):
    """Leads every CONNECT, and every request for a whole URL, to one port of this machine."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Leading)
        self.port = port
        self.asked: list[str] = []
        self.authorization: list[str | None] = []


class _Leading(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self._note()
        with socket.create_connection(("127.0.0.1", self.server.port)) as beyond:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(beyond, self.connection), daemon=True)
            back.start()
            _pump(self.connection, beyond)
            back.join(5)

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.authorization.append(self.headers["Proxy-Authorization"])

    def log_message(self, *_: object) -> None:
        pass


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate and key for HOST and for 127.0.0.1, signed by itself."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(timezone.utc)
    names = [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "teacher.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[int]:
    """The port of an endpoint that speaks TLS."""
    server = Endpoint()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as port:
        yield port


@pytest.fixture
def ask() -> Iterator[Callable[[str], WireReply]]:
    """`ask(url)` sends one call there over a wire of its own."""
    wires: list[Wire] = []

    def asked(url: str) -> WireReply:
        wires.append(Wire(url, key="k", timeout=10, connect_timeout=5))
        return wires[-1].post("m", [{"role": "user", "content": "你好"}], {})

    yield asked
    for wire in wires:
        wire.close()


def said(reply: WireReply) -> str:
    text: str = json.loads(reply.body)["messages"][0]["content"]
    return text


def test_a_call_over_tls_is_answered_where_the_certificate_is_trusted(
    secure: int,
    certificate: Path,
    ask: Callable[[str], WireReply],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert said(ask(f"https://127.0.0.1:{secure}/v1")) == "你好"
    with pytest.raises(WireFault, match=r"(?i)hostname mismatch|doesn't match"):
        ask(f"https://localhost:{secure}/v1")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: int, ask: Callable[[str], WireReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(WireFault, match=r"(?i)certificate verify failed") as error:
        ask(f"https://127.0.0.1:{secure}/v1")
    assert not error.value.connected


def test_a_proxy_is_tunnelled_through_to_a_host_that_only_it_can_find(
    secure: int,
    certificate: Path,
    ask: Callable[[str], WireReply],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    proxy = Proxy(secure)
    with running(proxy) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:p%40ss@127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("https_proxy", raising=False)
        assert said(ask(f"https://{HOST}/v1")) == "你好"
    assert proxy.asked == [f"CONNECT {HOST}:443"]
    assert proxy.authorization == ["Basic YW5uOnBAc3M="]


def test_a_proxy_is_asked_for_the_whole_address_of_a_plain_one(
    ask: Callable[[str], WireReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(0)
    with running(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("http_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert said(ask(f"http://{HOST}:8080/v1")) == "你好"
    assert proxy.asked == [f"POST http://{HOST}:8080/v1/chat/completions"]


def test_a_server_of_this_machine_needs_no_proxy(
    ask: Callable[[str], WireReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with running(Endpoint()) as port:
        assert said(ask(f"http://127.0.0.1:{port}/v1")) == "你好"


def test_a_proxy_of_another_kind_is_refused_by_name(
    ask: Callable[[str], WireReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ModelUnavailable, match="socks5"):
        ask(f"https://{HOST}/v1")


@pytest.mark.parametrize("how", ["plain", "chunked", "until closed"])
def test_replies_are_whole_however_their_end_is_told(how: str) -> None:
    server = Endpoint(how)
    with running(server) as port:
        wire = Wire(f"http://127.0.0.1:{port}/v1", key="k", timeout=10, connect_timeout=5)
        replies = [wire.post("m", [{"role": "user", "content": f"第{n}句"}], {}) for n in range(3)]
        wire.close()
    assert [said(reply) for reply in replies] == ["第0句", "第1句", "第2句"]
    assert server.connections == (3 if how == "until closed" else 1)
    assert {one["Authorization"] for one in server.seen} == {"Bearer k"}
    assert {one["path"] for one in server.seen} == {"/v1/chat/completions"}
