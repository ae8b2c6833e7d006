"""What a request may carry, reach and be told: a test for each line of what is promised as safe.

Who may come in stands in test_safe.py; other projects' objects in test_other_projects.py.
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import socket
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from loresmith.api.log_lines import JsonLines
from loresmith.vault import Vault
from loresmith.web import create_studio
from loresmith.workspace.datasets import EXPORT_FORMS
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from servers.teacher_server import Act, TeacherServer

KEY = "sk-safe-0123456789abcdefXYZ"
MARKUP = (
    '"><b class=planted onclick=planted()>港</b><script>planted()</script><img src=x onerror=a>'
)
TRAVERSALS = (
    "..",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a/../../../etc/passwd",
    "~/.ssh/id_rsa",
    "file:///etc/passwd",
    "loresmith.yaml\x00.md",
)


class TestDocumentTextAndNamesAreNeverHtml:
    @pytest.fixture
    def pages(self, home: Home, project: KnownProject) -> Iterator[TestClient]:
        """A studio in which file, text, row, project and note all try to be markup."""
        documents = Path(project.folder) / "documents"
        name = f"{MARKUP.replace('/', '')}.md"
        (documents / name).write_text(f"# {MARKUP}\n\nThe port: {MARKUP}\n\n{MARKUP}", "utf-8")
        home.projects.rename(project.id, MARKUP[:80])
        with TestClient(create_studio(home), base_url="http://127.0.0.1:8000") as client:
            token = {"X-CSRF-Token": _token_in(client.get("/").text)}
            base = f"/api/v1/projects/{project.id}"
            row = {"question": f"Who? {MARKUP}", "answer": f"I. {MARKUP}", "system": MARKUP}
            sent = {"file": (f"{MARKUP}.json", json.dumps([row] * 2).encode())}
            upload = client.post(f"{base}/imports/uploads", files=sent, headers=token).json()
            wanted = {"upload_id": upload["upload"]["id"]}
            made = client.post(f"{base}/imports", json=wanted, headers=token)
            assert made.status_code in (200, 201, 202), made.text
            yield client

    def test_no_page_takes_what_people_wrote_for_markup(self, pages: TestClient) -> None:
        read = dict(_crawled(pages))

        assert len(read) > 25
        assert sum("planted" in text for text in read.values()) >= 5, "the markup is shown nowhere"
        for address, text in read.items():
            found = _Elements(text)
            assert found.planted == [], f"{address}: {found.planted}"

    def test_every_page_has_the_strict_policy_and_keeps_to_it(self, pages: TestClient) -> None:
        for address, text in _crawled(pages):
            policy = pages.get(address).headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy, address
            inline = re.search(r"<style|\sstyle=|\shx-on|javascript:|hx-vals=.js:", text)
            assert inline is None, f"{address}: {inline}"

    def test_a_problem_page_and_a_login_page_show_an_address_as_text(
        self, pages: TestClient
    ) -> None:
        for path in (f"/{quote(MARKUP)}", f"/login?next={quote(MARKUP)}", f"/?q={quote(MARKUP)}"):
            assert _Elements(pages.get(path).text).planted == []

    def test_downloads_are_saved_and_not_shown(
        self, pages: TestClient, project: KnownProject
    ) -> None:
        base = f"/api/v1/projects/{project.id}/documents"
        for line in pages.get(base).json()["items"]:
            file = pages.get(f"{base}/{quote(line['key'])}/file")
            assert file.headers["content-disposition"].startswith("attachment")
            assert file.headers["content-type"] == "application/octet-stream"
            assert file.headers["x-content-type-options"] == "nosniff"

    def test_a_reply_of_the_api_is_never_taken_for_a_page(
        self, pages: TestClient, project: KnownProject
    ) -> None:
        for path in ("rows", "documents", f"documents/{quote(MARKUP, safe='')}"):
            reply = pages.get(f"/api/v1/projects/{project.id}/{path}")
            assert "json" in reply.headers["content-type"]


class TestUploadsAreLimitedByContent:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.pdf", b"MZ\x90\x00 a program"),
            ("a.docx", b"plain text"),
            ("a.pdf", b"<html><script>planted()</script></html>"),
            ("a.md", b"%PDF-1.7\n1 0 obj\n"),
            ("a.txt", b"PK\x03\x04" + b"\x00" * 60),
            ("a.exe", b"MZ\x90"),
            ("a.svg", b"<svg onload='planted()'/>"),
            ("a.txt", b""),
        ],
    )
    def test_a_file_that_is_not_what_its_name_says_is_refused(
        self, api: TestClient, project: KnownProject, name: str, content: bytes
    ) -> None:
        before = _files_of(project)
        sent = {"files": (name, content)}
        [told] = api.post(f"/api/v1/projects/{project.id}/documents", files=sent).json()["files"]

        assert told["outcome"] == "refused"
        assert told["reason"]
        assert _files_of(project) == before

    def test_a_small_archive_that_unpacks_to_a_huge_document_is_refused(
        self, api: TestClient, project: KnownProject
    ) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", b" " * (600 * 2**20))
        sent = {"files": ("bomb.docx", packed.getvalue())}
        [told] = api.post(f"/api/v1/projects/{project.id}/documents", files=sent).json()["files"]

        assert told["outcome"] == "refused"


class TestNoPathOfAClientIsUsedAsAPath:
    @pytest.mark.parametrize("given", TRAVERSALS)
    def test_in_the_place_of_any_name(
        self, api: TestClient, project: KnownProject, given: str
    ) -> None:
        here, path = f"/api/v1/projects/{project.id}", quote(given, safe="").replace(".", "%2E")
        for address in (
            f"/api/v1/projects/{path}",
            f"{here}/documents/{path}",
            f"{here}/documents/{path}/file",
            f"{here}/documents/{path}/revisions/{path}",
            f"{here}/runs/{path}",
            f"{here}/runs/{path}/curves",
            f"{here}/runs/{path}/exam",
            f"{here}/jobs/{path}/log",
            f"{here}/rows/{path}",
            f"{here}/datasets/{path}/export",
            f"{here}/imports/{path}",
            f"/v1/models/{path}",
            f"/static/{path}",
            f"/help/images/{path}",
        ):
            reply = api.get(address)
            assert reply.status_code in (404, 422), f"{address}: {reply.status_code}"
            assert "root:" not in reply.text

    @pytest.mark.parametrize("given", TRAVERSALS)
    def test_in_the_name_of_an_uploaded_file(
        self, api: TestClient, project: KnownProject, tmp_path: Path, given: str
    ) -> None:
        documents = Path(project.folder) / "documents"
        outside = _all_files(tmp_path) - {
            path for path in _all_files(tmp_path) if documents in path.parents
        }
        sent = {"files": (f"{given}.md", b"# Up\n\nThe tide rose.\n")}
        api.post(f"/api/v1/projects/{project.id}/documents", files=sent)
        here = Path(project.folder) / ".loresmith"

        new = {path for path in _all_files(tmp_path) - outside if documents not in path.parents}
        assert {path for path in new if here not in path.parents and "home" not in path.parts} == (
            set()
        )
        assert all(path.parent == documents for path in documents.rglob("*.md"))

    def test_a_link_in_the_documents_folder_does_not_lead_out_of_it(
        self, api: TestClient, project: KnownProject, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret.md"
        secret.write_text("# Hidden\n\nThe code is 4711.\n", "utf-8")
        (Path(project.folder) / "documents" / "linked.md").symlink_to(secret)
        base = f"/api/v1/projects/{project.id}/documents"
        sent = {"files": ("linked.md", b"# Mine\n\nNothing.\n")}
        api.post(f"{base}?replace=true", files=sent)

        assert secret.read_text("utf-8").endswith("The code is 4711.\n")


class TestRequestsGoOutToConfiguredEndpointsOnly:
    @pytest.fixture
    def asked_for(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The hosts that the server wants to reach; it reaches only this machine."""
        wanted: list[str] = []
        resolve = socket.getaddrinfo

        def note(host: Any, *rest: Any, **named: Any) -> Any:
            if named.get("flags", 0) & socket.AI_NUMERICHOST:  # asks nobody
                return resolve(host, *rest, **named)
            wanted.append(host.decode() if isinstance(host, bytes) else str(host))
            if wanted[-1] not in ("127.0.0.1", "localhost"):
                raise socket.gaierror("no network in this test")
            return resolve(host, *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", note)
        return wanted

    def test_a_test_call_takes_no_address(self, api: TestClient, asked_for: list[str]) -> None:
        for extra in ({"url": "http://evil.example/v1"}, {"base_url": "http://evil.example"}):
            reply = api.post("/api/v1/providers/openai/test", json={"model": "m", **extra})
            assert reply.status_code == 422
        for name in ("http://evil.example", "openai@evil.example", "//evil.example"):
            address = f"/api/v1/providers/{quote(name, safe='')}/test"
            assert api.post(address, json={"model": "m"}).status_code == 404
        assert not any("evil" in host for host in asked_for)

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            "http://[fd00:ec2::254]/latest",
            "http://metadata.google.internal/v1",
            "http://0xA9FEA9FE/v1",
            "http://2852039166/v1",
            "http://[::ffff:169.254.169.254]/v1",
            "http://169.254.169.254./v1",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_INFO",
            "http://user:password@127.0.0.1/v1",
        ],
    )
    @pytest.mark.usefixtures("asked_for")
    def test_metadata_files_and_other_protocols_are_no_endpoint(
        self, api: TestClient, url: str
    ) -> None:
        assert api.post("/api/v1/providers", json={"name": "E", "url": url}).status_code == 422
        assert not any(one["added"] for one in api.get("/api/v1/providers").json()["items"])

    def test_an_endpoint_cannot_send_us_elsewhere_with_the_key(
        self, api: TestClient, asked_for: list[str]
    ) -> None:
        with TeacherServer() as elsewhere:
            away = Act(
                kind="raw", status=307, headers={"Location": f"{elsewhere.url}/chat/completions"}
            )
            with TeacherServer(script=[away] * 20, listing=away) as server:
                made = api.post(
                    "/api/v1/providers",
                    json={"name": "Lab", "url": server.url, "needs_key": True},
                ).json()
                api.put(f"/api/v1/providers/{made['id']}/key", json={"key": KEY})
                found = api.post(f"/api/v1/providers/{made['id']}/test", json={"model": "m"})
                api.get(f"/api/v1/providers/{made['id']}/models")
            assert found.json()["ok"] is False
            assert elsewhere.requests == []
        assert set(asked_for) <= {"127.0.0.1", "localhost"}

    def test_a_project_cannot_be_given_a_teacher_that_is_not_configured(
        self, api: TestClient, project: KnownProject
    ) -> None:
        base = f"/api/v1/projects/{project.id}"
        wanted = {"teacher": "openai:m@http://evil.example/v1"}

        assert api.put(f"{base}/teacher", json=wanted).status_code == 422


class TestKeysAtRest:
    def test_keys_are_encrypted_and_their_files_are_for_the_owner_only(
        self, api: TestClient, home: Home
    ) -> None:
        assert api.put("/api/v1/providers/deepseek/key", json={"key": KEY}).status_code == 200
        folder = home.settings.home

        assert Vault(folder).get("DEEPSEEK_API_KEY") == KEY
        for name in ("keys.key", "keys.fernet"):
            assert (folder / name).stat().st_mode & 0o777 == 0o600
        for path in _all_files(folder):
            assert KEY.encode() not in path.read_bytes(), path

    def test_a_new_home_is_for_its_owner_only(self, home: Home) -> None:
        assert home.settings.home.stat().st_mode & 0o777 == 0o700


class TestNoSecretIsTold:
    def test_no_export_of_a_project_has_a_key(
        self, api: TestClient, home: Home, examined: Path, tmp_path: Path
    ) -> None:
        folder = shutil.copytree(examined, tmp_path / "full")
        project = home.projects.add(folder, name="Full").id
        for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY"):
            Vault(home.settings.home).set(name, KEY)
        base = f"/api/v1/projects/{project}"
        told = [
            api.get(f"{base}/datasets/1/export", params={"form": form, "split": "all"}).content
            for form in EXPORT_FORMS
        ]
        with zipfile.ZipFile(io.BytesIO(next(one for one in told if one[:2] == b"PK"))) as packed:
            told += [packed.read(name) for name in packed.namelist()]
        told += [api.get(f"{base}/{path}").content for path in ("recipe", "models", "jobs", "runs")]
        told += [path.read_bytes() for path in _all_files(folder / "runs")]

        assert len(told) > len(EXPORT_FORMS) + 6
        assert not any(KEY.encode() in one for one in told)

    def test_a_recipe_cannot_hold_a_key(self, api: TestClient, project: KnownProject) -> None:
        recipe = f"/api/v1/projects/{project.id}/recipe"
        etag = api.get(recipe).headers["etag"]
        reply = api.patch(
            recipe, json={"changes": {"teacher.api_key": KEY}}, headers={"If-Match": etag}
        )

        assert reply.status_code == 422
        assert KEY not in reply.text
        assert not any(
            KEY.encode() in path.read_bytes() for path in _all_files(Path(project.folder))
        )

    def test_a_line_of_the_log_is_json_without_what_looks_like_a_key(self) -> None:
        try:
            raise RuntimeError(f"401 for {KEY} at https://mei:hush-hush@lab.example/v1")
        except RuntimeError as error:
            failed = logging.LogRecord(
                *("loresmith", logging.ERROR, "x.py", 1, f"the call with {KEY} failed", ()),
                (RuntimeError, error, error.__traceback__),
            )
        failed.request_id = "abc"
        line = JsonLines().format(failed)
        told = json.loads(line)

        assert {"time", "level", "message", "request_id", "error"} <= set(told)
        assert "\n" not in line
        for secret in (KEY, "hush-hush"):
            assert secret not in line


class TestHealth:
    def test_it_answers_whoever_watches_and_tells_nothing_but_the_version(
        self, api: TestClient
    ) -> None:
        assert set(api.get("/healthz").json()) == {"status", "version"}

    def test_a_database_that_cannot_be_read_is_not_health(
        self, home: Home, api: TestClient
    ) -> None:
        with home.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE projects")

        reply = api.get("/healthz")
        assert reply.status_code == 503
        assert str(home.settings.home) not in reply.text


class _Elements(HTMLParser):
    """What in a page came from people's text: elements, scripts and event handlers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.planted: list[str] = []
        self.addresses: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_script = tag == "script" and "json" not in given.get("type", "")
        self.addresses += [given[one] for one in ("href", "hx-get", "src") if one in given]
        if "planted" in given.get("class", "").split() or given.get("src") == "x":
            self.planted.append(f"<{tag} {given}>")
        self.planted += [f"{tag}[{name}]" for name in given if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.planted.append(data)


def _crawled(client: TestClient) -> Iterator[tuple[str, str]]:
    """Every page and fragment that is linked from the first one, once for each kind of query."""
    waiting, seen = ["/"], set()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        known = (parts.path, frozenset(re.findall(r"(\w+)=", parts.query)))
        if known in seen or parts.netloc or parts.path.startswith(("/static/", "/help")):
            continue
        seen.add(known)
        reply = client.get(address)
        if reply.headers.get("content-type", "").startswith("text/html"):
            yield address, reply.text
            waiting += [urljoin(address, one) for one in _Elements(reply.text).addresses]


def _token_in(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def _files_of(project: KnownProject) -> set[str]:
    return {path.name for path in (Path(project.folder) / "documents").iterdir()}


def _all_files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
