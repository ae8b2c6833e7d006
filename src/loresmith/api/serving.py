"""Puts an application on a port: where others can reach it, only if they have to log in."""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection
from typing import NoReturn

from fastapi import FastAPI

from loresmith.api.log_lines import log_to_stderr
from loresmith.api.security import LOOPBACK, Access
from loresmith.errors import Conflict
from loresmith.workspace.accounts import Accounts
from loresmith.workspace.home import Home

_SECONDS_TO_FINISH = 3


def access_for(
    home: Home, host: str, *, login: bool = False, names: Collection[str] = ()
) -> Access:
    """Who may come in at `host`; `login` asks for one on a loopback address too.

    `names` are further names of a loopback server, such as a proxy calls it by. Raises Conflict
    when a login is needed and there is nobody who could log in.
    """
    if not login and is_loopback(host):
        further = {name.lower() for name in names}
        return Access(hosts=LOOPBACK.hosts | {host.lower()} | further, behind_proxy=bool(further))
    if not Accounts(home.engine).exist():
        raise Conflict(
            f"others can reach {host}, so a login is needed, and there is no user yet"
            if not login
            else "a login is wanted, and there is no user yet",
            hint="Create one first: loresmith studio --add-user NAME",
        )
    return Access(login_required=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name is what it stands for."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = {str(entry[4][0]).split("%")[0] for entry in found}
    return bool(host) and all(ipaddress.ip_address(address).is_loopback for address in addresses)


def serve(app: FastAPI, *, host: str, port: int, on_ready: Callable[[str], object]) -> None:
    """Serves `app` until SIGTERM or Ctrl-C; port 0 takes any that is free.

    `on_ready` is told the address once it can be opened. Raises Conflict when the port is taken.
    """
    import uvicorn

    log_to_stderr()
    with _listening(host, port) as listener:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
        on_ready(_address(listener, host))
        signal.signal(signal.SIGTERM, _leave)
        uvicorn.Server(config).run(sockets=[listener])


def _leave(*_: object) -> NoReturn:
    """Ends the process as one that did what it was asked to, once uvicorn has closed everything.

    At once: to take a thousand modules apart helps nobody and takes seconds on a busy machine.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Conflict(
            f"there is no address {host!r} to listen on: {error}",
            hint="Use --host 127.0.0.1, or one of this machine's addresses.",
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise Conflict(
            f"port {port} of {host} cannot be used: {error.strerror}",
            hint="Another program may have it (another studio?). --port 0 takes a free one."
            if error.errno == errno.EADDRINUSE
            else "Use --host 127.0.0.1 or an address of this machine, and a port above 1023.",
        ) from error
    return listener


def _address(listener: socket.socket, host: str) -> str:
    port = listener.getsockname()[1]
    if host in ("0.0.0.0", "::"):
        return f"http://{socket.gethostname()}:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
