"""A real HTTP server on this machine that answers chat completions, well or badly, by a script.

    with TeacherServer(answer=lambda messages: "[]", latency=0.3, per_token=0.01) as server:
        spec = OpenAICompatible(model="any", url=server.url)

What the `script` says of a call decides how it is treated: `None` is the ordinary answer, and
`cut()`, `status(429, retry_after=1)`, `garbage(...)`, `hang()`, `reset()` and the like are faults.
The log holds every call whose reply went out whole, so that a test can prove that none was paid
for twice.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import select
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

ChatMessages = list[dict[str, str]]


@dataclass(frozen=True)
class Act:
    """How one call is answered. The default is a good reply."""

    kind: str = "reply"
    text: str | None = None
    status: int = 200
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    message: Mapping[str, Any] = field(default_factory=dict)


def say(text: str, *, finish_reason: str = "stop", **message: Any) -> Act:
    """A good reply with this text; `message` are further members such as reasoning_content."""
    return Act(text=text, finish_reason=finish_reason, message=message)


def cut(share: float = 0.6) -> Act:
    """The first `share` of the ordinary reply, ended by max_tokens."""
    return Act(kind="cut", finish_reason="length", seconds=share)


def status(code: int, error: Any = None, *, retry_after: float | str | None = None) -> Act:
    """An error status; `error` is what stands under "error" (a dict or a text)."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    shown = error if error is not None else {"message": f"status {code}", "type": "test"}
    body = json.dumps({"error": shown}, ensure_ascii=False).encode()
    return Act(kind="raw", status=code, headers=headers, body=body)


def garbage(body: bytes = b"<html><body>Bad gateway</body></html>") -> Act:
    """Status 200 with a body that is no completion."""
    return Act(kind="raw", body=body)


def hang(seconds: float = 3600.0) -> Act:
    """Nothing at all, for so long or until the server is closed."""
    return Act(kind="hang", seconds=seconds)


def trickle(seconds: float = 3600.0) -> Act:
    """A blank line every tenth of a second, and never a reply."""
    return Act(kind="trickle", seconds=seconds)


def reset() -> Act:
    """The connection is torn down before any reply."""
    return Act(kind="reset")


def broken_off() -> Act:
    """The headers and half of the body, then the connection is torn down."""
    return Act(kind="broken_off")


class FinishedCall(NamedTuple):
    """A call whose good reply went out whole: what a provider would bill."""

    digest: str
    """Hash of the whole request body."""
    messages: ChatMessages
    body: dict[str, Any]
    text: str
    completion_tokens: int
    at: float
    """When it was finished, by `time.time()`."""


Script = Callable[[int, dict[str, Any]], "Act | None"] | Sequence["Act | None"]


class TeacherServer:
    """The server, on a free port of the loopback address; use it with `with`.

    `answer(messages)` makes the text of ordinary replies, after `latency` seconds and `per_token`
    seconds a token. `script` is a list of acts for the first calls, or a function of the number of
    the call (from 0) and the request body. With `api_key` or `models`, others get 401 or 404.
    """

    def __init__(
        self,
        answer: Callable[[ChatMessages], str] = lambda _messages: "ready",
        *,
        script: Script = (),
        latency: float = 0.0,
        per_token: float = 0.0,
        api_key: str | None = None,
        models: Sequence[str] | None = None,
        listing: Act | None = None,
    ) -> None:
        self.answer = answer
        self.script = script
        self.latency = latency
        self.per_token = per_token
        self.api_key = api_key
        self.models = models
        self.listing = listing
        """How the list of models is answered, where that is not the ordinary way."""
        self.finished: list[FinishedCall] = []
        self.requests: list[dict[str, Any]] = []
        """Every request body that came in, answered or not."""
        self.abandoned = 0
        """Replies that nobody was there to take."""
        self.most_at_once = 0
        self.closing = threading.Event()
        self._in_flight = 0
        self._lock = threading.Lock()
        self._http = _QuietServer(("127.0.0.1", 0), _Handler)
        self._http.teacher = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def paid_twice(self) -> list[str]:
        """Digests of the requests that were answered in full more than once."""
        with self._lock:
            counts = Counter(call.digest for call in self.finished)
        return [digest for digest, count in counts.items() if count > 1]

    def __enter__(self) -> TeacherServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def begin(self, body: dict[str, Any]) -> Act:
        """Notes a request and looks up what is to be done with it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self._in_flight += 1
            self.most_at_once = max(self.most_at_once, self._in_flight)
            if callable(self.script):
                act = self.script(number, body)
            else:
                act = self.script[number] if number < len(self.script) else None
        return act or Act()

    def end(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def log(self, call: FinishedCall | None) -> None:
        with self._lock:
            if call is None:
                self.abandoned += 1
            else:
                self.finished.append(call)

    def take_back(self, call: FinishedCall) -> None:
        """The reply did not go out after all."""
        with self._lock:
            self.finished = [logged for logged in self.finished if logged is not call]
            self.abandoned += 1


def always(act: Act) -> Script:
    """A script by which every call is treated so."""
    return lambda _number, _body: act


def count_tokens(text: str) -> int:
    """About as a tokenizer counts: a token a Chinese character, one for four other characters."""
    wide = len(re.findall(r"[\u3000-\u9fff\uff00-\uffef]", text))
    return wide + (len(text) - wide + 3) // 4


def digest_of(body: Mapping[str, Any]) -> str:
    content = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def now_and_then(*acts: Act, share: float = 0.3, seed: int = 0) -> Script:
    """A script in which a `share` of the calls meets one of `acts`, drawn at random."""
    draw = random.Random(seed)
    return lambda _number, _body: draw.choice(acts) if draw.random() < share else None


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    teacher: TeacherServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the game; a mistake of the test's own is not."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _QuietServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        teacher = self.server.teacher
        act = self._refusal(teacher, {"model": (teacher.models or ["any"])[0]}) or teacher.listing
        if act is not None:
            self._perform(act, {}, teacher)
            return
        models = [{"id": name, "object": "model"} for name in teacher.models or ["any"]]
        self._send(200, json.dumps({"object": "list", "data": models}).encode(), {})

    def do_POST(self) -> None:
        teacher = self.server.teacher
        length = int(self.headers.get("Content-Length", "0"))
        body = json.loads(self.rfile.read(length))
        if not self.path.endswith("/chat/completions"):
            self._send(404, b'{"detail":"Not Found"}', {})
            return
        refusal = self._refusal(teacher, body)
        act = teacher.begin(body)
        self._is_counted = True
        try:
            self._perform(refusal or act, body, teacher)
        finally:
            self._leave()

    def _leave(self) -> None:
        """The call is in flight no more; said before the reply goes out, as its taker sees it."""
        if self._is_counted:
            self._is_counted = False
            self.server.teacher.end()

    def _refusal(self, teacher: TeacherServer, body: dict[str, Any]) -> Act | None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if teacher.api_key is not None and given != teacher.api_key:
            return status(401, {"message": f"Incorrect API key provided: {given}"})
        if teacher.models is not None and body.get("model") not in teacher.models:
            return status(404, {"message": f"The model `{body.get('model')}` does not exist"})
        return None

    def _perform(self, act: Act, body: dict[str, Any], teacher: TeacherServer) -> None:
        if act.kind == "raw":
            self._send(act.status, act.body, act.headers)
        elif act.kind == "hang":
            teacher.closing.wait(act.seconds)
            self.close_connection = True
        elif act.kind == "trickle":
            self._trickle(act.seconds, teacher)
        elif act.kind == "reset":
            self._tear_down()
        else:
            self._complete(act, body, teacher)

    def _complete(self, act: Act, body: dict[str, Any], teacher: TeacherServer) -> None:
        text = teacher.answer(body["messages"]) if act.text is None else act.text
        if act.kind == "cut":
            text = text[: int(len(text) * act.seconds)]
        tokens = count_tokens(text)
        teacher.closing.wait(teacher.latency + teacher.per_token * tokens)
        content = self._completion(act, body, text, tokens)
        if act.kind == "broken_off":
            self._head(200, len(content), {})
            self.wfile.write(content[: len(content) // 2])
            self._tear_down()
            return
        if self._is_gone():
            teacher.log(None)
            return
        call = FinishedCall(digest_of(body), body["messages"], body, text, tokens, time.time())
        # Logged first, so that whoever has the reply in hand finds it in the log.
        teacher.log(call)
        self._leave()
        try:
            self._send(200, content, act.headers)
        except OSError:
            teacher.take_back(call)

    def _completion(self, act: Act, body: dict[str, Any], text: str, tokens: int) -> bytes:
        asked = sum(count_tokens(str(message["content"])) for message in body["messages"])
        message = {"role": "assistant", "content": text, **act.message}
        completion = {
            "id": "chatcmpl-test",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": act.finish_reason}],
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": tokens,
                "total_tokens": asked + tokens,
            },
        }
        return json.dumps(completion, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _send(self, code: int, content: bytes, headers: Mapping[str, str]) -> None:
        self._head(code, len(content), headers, content)

    def _head(
        self, code: int, length: int, headers: Mapping[str, str], content: bytes = b""
    ) -> None:
        lines = [
            f"HTTP/1.1 {code} .",
            "Content-Type: application/json",
            f"Content-Length: {length}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        self.wfile.flush()

    def _trickle(self, seconds: float, teacher: TeacherServer) -> None:
        self._head(200, 1_000_000, {})
        until = time.monotonic() + seconds
        while time.monotonic() < until and not teacher.closing.wait(0.1):
            self.wfile.write(b"\n")
        self.close_connection = True

    def _is_gone(self) -> bool:
        """Whether the other side has closed the connection while the reply was in the making."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def _tear_down(self) -> None:
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
