"""Two model hubs on this machine: what Hugging Face and ModelScope answer, from a local folder.

    with HubServer({"acme/tiny": folder}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)

`gated` names models that are refused, `failing` a status that answers everything, `cut_after`
bytes after which each ModelScope download breaks off (it can go on with Range).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """Serves models by id; `paths` lists what was asked for, as `GET /...`."""

    def __init__(
        self,
        models: Mapping[str, Path],
        *,
        gated: frozenset[str] = frozenset(),
        failing: int | None = None,
        cut_after: int | None = None,
        wrong_hash: bool = False,
    ) -> None:
        self.models = dict(models)
        self.gated = gated
        self.failing = failing
        self.cut_after = cut_after
        self.wrong_hash = wrong_hash
        self.paths: list[str] = []
        hub = self

        class Handler(_Handler):
            served = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def files(self, model: str) -> list[Path]:
        folder = self.models[model]
        return sorted(path for path in folder.rglob("*") if path.is_file())


class _Handler(BaseHTTPRequestHandler):
    served: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        return None

    def _answer(self) -> None:
        url = urlsplit(self.path)
        hub = self.served
        hub.paths.append(f"{self.command} {url.path}")
        parts = url.path.strip("/").split("/")
        if hub.failing is not None:
            return self._send(hub.failing, b"{}")
        if parts[:3] == ["api", "v1", "models"]:
            return self._modelscope("/".join(parts[3:5]), parts[5:], parse_qs(url.query))
        if parts[:2] == ["api", "models"]:
            model, rest = "/".join(parts[2:4]), parts[4:]
        else:
            model, rest = "/".join(parts[:2]), parts[2:]
        if model in hub.gated:
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if model not in hub.models:
            return self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        return self._hugging_face(model, rest)

    def _hugging_face(self, model: str, rest: list[str]) -> None:
        folder = self.served.models[model]
        if rest[:1] == ["resolve"]:
            return self._file(folder / "/".join(rest[2:]))
        files = [
            {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
            for path in self.served.files(model)
        ]
        if rest[:1] == ["tree"]:
            tree = [{**file, "type": "file", "oid": COMMIT} for file in files]
            return self._send(200, json.dumps(tree).encode())
        description = {
            "id": model,
            "modelId": model,
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": file["path"], "size": file["size"]} for file in files],
            "safetensors": {"parameters": {"BF16": 123_456}, "total": 123_456},
        }
        return self._send(200, json.dumps(description).encode())

    def _modelscope(self, model: str, rest: list[str], query: dict[str, list[str]]) -> None:
        hub = self.served
        if model not in hub.models:
            return self._send(404, b'{"Code": 10010205001, "Message": "not found"}')
        folder = hub.models[model]
        if rest == ["repo", "files"]:
            files = [
                {
                    "Path": path.relative_to(folder).as_posix(),
                    "Size": path.stat().st_size,
                    "Type": "blob",
                    "Sha256": "0" * 64
                    if hub.wrong_hash
                    else hashlib.sha256(path.read_bytes()).hexdigest(),
                }
                for path in hub.files(model)
            ]
            files.append({"Path": "assets", "Size": 0, "Type": "tree", "Sha256": ""})
            answer = {"Code": 200, "Data": {"Files": files}}
            return self._send(200, json.dumps(answer).encode())
        return self._range(folder / query["FilePath"][0])

    def _file(self, path: Path) -> None:
        if not path.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        body = path.read_bytes()
        etag = hashlib.sha256(body).hexdigest()
        return self._send(200, body, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def _range(self, path: Path) -> None:
        body = path.read_bytes()
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        rest = body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        cut = self.served.cut_after
        self.wfile.write(rest if cut is None else rest[:cut])
        self.close_connection = cut is not None and len(rest) > cut

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
