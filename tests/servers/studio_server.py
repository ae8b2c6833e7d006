"""A studio as people run it: a process of its own on a free port, over a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

_READY_WITHIN = 60.0
"""Seconds; generous, as the machine may be busy."""


class StudioServer:
    """Use as a context manager. `url` has no slash at its end; `log` is what the server said.

    `arguments` are further ones of `loresmith studio`.
    """

    def __init__(self, home: Path, *, arguments: Sequence[str] = (), **environment: str) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home.parent / f"studio-{self.port}.log"
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> StudioServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the server, on the same port as before, and waits until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "loresmith", "studio"),
                    *("--no-open", "--port", str(self.port)),
                    *self._arguments,
                ],
                env=os.environ | {"LORESMITH_HOME": str(self.home)} | self._environment,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def kill(self) -> None:
        """Ends the server as a power cut would: SIGKILL, nothing is tidied up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Asks the server to end, and makes it after ten seconds."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        until = time.monotonic() + _READY_WITHIN
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                httpx.get(f"{self.url}/static/style.css", trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the studio did not start:\n{self.log.read_text('utf-8')[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
