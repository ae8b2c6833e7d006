"""`loresmith studio` and `serve`: started, reached, stopped, and refused with a reason."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

pytest.importorskip("fastapi")

from loresmith.settings import load_settings
from loresmith.workspace.accounts import Accounts
from loresmith.workspace.home import Home
from projects import Finished, command, environment

PASSWORD = "correct horse battery"


Loresmith = Callable[..., Finished]


class Running(NamedTuple):
    """A server that was started on a free port."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, timeout=60)


class Starter:
    """Starts servers, and ends those that are left."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *words: str | Path) -> Running:
        process = subprocess.Popen(
            command(*words, "--port", "0"),
            env=environment(LORESMITH_HOME=str(self.home)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "http://" in said, process.communicate()[1]
        url = next(word for word in said.split() if word.startswith("http://"))
        return Running(process, url.removesuffix("/api/v1"))

    def end_all(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("LORESMITH_HOME", str(folder))
    return folder


@pytest.fixture
def start(home: Path) -> Iterator[Starter]:
    starter = Starter(home)
    yield starter
    starter.end_all()


def test_the_studio_shows_the_folders_that_it_is_given(start: Starter, project: Path) -> None:
    running = start("studio", project, "--no-open")

    assert running.get("/healthz").json()["status"] == "ok"
    assert "coast" in running.get("/").text
    assert [one["name"] for one in running.get("/api/v1/projects").json()["items"]] == ["coast"]


def test_serve_is_the_api_without_pages(start: Starter, project: Path) -> None:
    running = start("serve", project)

    assert running.get("/api/v1/projects").json()["total"] == 1
    assert running.get("/").status_code == 404


def test_a_server_that_is_asked_to_stop_does_so_and_leaves_json_lines(start: Starter) -> None:
    running = start("serve")
    running.get("/api/v1/projects?token=hush")
    running.process.send_signal(signal.SIGTERM)
    _, log = running.process.communicate(timeout=60)

    lines = [json.loads(line) for line in log.splitlines()]
    asked = next(line for line in lines if line.get("route") == "/api/v1/projects")
    assert (asked["method"], asked["status"], asked["level"]) == ("GET", 200, "info")
    assert "hush" not in log
    assert "Traceback" not in log


def test_open_event_streams_do_not_hold_up_a_server_that_is_asked_to_stop(
    start: Starter, project: Path
) -> None:
    running = start("serve", project)
    [known] = running.get("/api/v1/projects").json()["items"]
    address = f"{running.url}/api/v1/projects/{known['id']}/events"
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=60))
        streams = [stack.enter_context(client.stream("GET", address)) for _ in range(5)]
        assert [stream.status_code for stream in streams] == [200] * 5
        running.process.send_signal(signal.SIGTERM)
        _, log = running.process.communicate(timeout=60)

    assert running.process.returncode == 0
    assert '"level": "error"' not in log


def test_a_port_in_use_is_told_with_a_way_out(loresmith: Loresmith) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = loresmith("serve", "--port", str(taken.getsockname()[1]))

    assert done.code == 2
    assert "cannot be used" in done.err
    assert "--port 0" in done.err


def test_others_are_not_let_in_before_there_is_a_user(loresmith: Loresmith) -> None:
    for words in (("studio", "--host", "0.0.0.0"), ("serve", "--host", "::"), ("serve", "--login")):
        done = loresmith(*words, "--port", "0")

        assert done.code == 2
        assert "--add-user" in done.err


def test_with_a_user_others_have_to_log_in(start: Starter, loresmith: Loresmith) -> None:
    assert loresmith("studio", "--add-user", "mei", input=f"{PASSWORD}\n").code == 0
    key = loresmith("serve", "--new-key", "mei").out.strip()
    running = start("studio", "--host", "0.0.0.0", "--no-open")
    here = f"http://127.0.0.1:{running.url.rsplit(':', 1)[1]}"

    def ask(**headers: str) -> int:
        address = f"{here}/api/v1/projects"
        return httpx.get(address, headers=headers, trust_env=False, timeout=60).status_code

    assert ask() == 401
    assert ask(Authorization=f"Bearer {key}") == 200


def test_a_password_is_read_from_standard_input_and_never_shown(loresmith: Loresmith) -> None:
    done = loresmith("studio", "--add-user", "mei", input=f"{PASSWORD}\n")

    assert PASSWORD not in done.out + done.err
    accounts = Accounts(Home(load_settings()).engine)
    assert accounts.log_in("mei", PASSWORD, address="")


def test_a_short_password_is_refused(loresmith: Loresmith) -> None:
    done = loresmith("studio", "--add-user", "mei", input="short\n")

    assert done.code == 2
    assert "too short" in done.err


def test_a_key_is_for_somebody(loresmith: Loresmith) -> None:
    done = loresmith("studio", "--new-key", "nobody")

    assert done.code == 2
    assert "no user called nobody" in done.err


def test_a_home_that_is_a_file_is_told(
    loresmith: Loresmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "file"))
    done = loresmith("studio", "--port", "0")

    assert done.code == 2
    assert "LORESMITH_HOME" in done.err


def test_a_damaged_home_is_told(loresmith: Loresmith, home: Path) -> None:
    home.mkdir()
    (home / "home.sqlite").write_bytes(b"no database" * 100)
    done = loresmith("studio", "--port", "0")

    assert done.code == 2
    assert "home.sqlite" in done.err


def test_an_address_of_another_machine_is_told(loresmith: Loresmith) -> None:
    assert loresmith("studio", "--add-user", "mei", input=f"{PASSWORD}\n").code == 0
    done = loresmith("serve", "--host", "203.0.113.7", "--port", "0")

    assert done.code == 2
    assert "address" in done.err


def test_a_missing_package_is_told_with_the_command_that_brings_it(
    loresmith: Loresmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    done = loresmith("studio")

    assert "pip install 'loresmith[studio]'" in done.err


def test_the_studio_is_ready_without_what_trains_models(start: Starter) -> None:
    running = start("studio", "--no-open")
    running.get("/")
    maps = Path(f"/proc/{running.process.pid}/maps")
    if not maps.exists():
        pytest.skip("needs Linux, to look into another process")

    assert "torch" not in maps.read_text()
