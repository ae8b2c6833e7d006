"""A real PostgreSQL for tests: the server that the environment names, or a private one.

`LORESMITH_TEST_POSTGRES_URL` names a server whose user may create databases. Without it, the
server programs of this machine start a cluster in a temporary folder, which ends with the tests.
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url


@contextmanager
def new_database() -> Iterator[str]:
    """The URL of an empty database, dropped at the end; skips the test where there is no server.

    With `LORESMITH_NO_SKIPS=1` in the environment the test fails instead.
    """
    server = _server()
    if server is None:
        missing = "no PostgreSQL here: apt-get install postgresql"
        if os.environ.get("LORESMITH_NO_SKIPS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    name = f"loresmith_test_{uuid.uuid4().hex}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@functools.cache
def _server() -> URL | None:
    named = os.environ.get("LORESMITH_TEST_POSTGRES_URL")
    if named:
        return make_url(named)
    programs = _programs()
    return _start(programs) if programs else None


def _programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest version first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: -float(f.parent.name))
    on_path = shutil.which("initdb")
    folders = [*debian, *([Path(on_path).parent] if on_path else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def _start(programs: Path) -> URL:
    folder = Path(tempfile.mkdtemp(prefix="loresmith-postgres-"))
    user = _unprivileged_user()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()

    def call(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(data), *arguments]
        # The server keeps the output it inherits: a pipe would never end.
        with (folder / "start.log").open("a") as log:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=log, stderr=log)

    def stop() -> None:
        call("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)

    call("initdb", "--username=tester", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    call("pg_ctl", "-w", "-o", options, "-l", str(folder / "server.log"), "start")
    atexit.register(stop)
    return URL.create(
        "postgresql+psycopg", "tester", host="127.0.0.1", port=port, database="postgres"
    )


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; None where we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
