"""The verbs that serve: the studio with its pages, and the API alone."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.errors import Conflict, MissingDependency, StoreError

if TYPE_CHECKING:
    from loresmith.workspace.home import Home

DEFAULT_PORT = 8420

Folders = Annotated[
    list[Path] | None, typer.Argument(help="Projects to show besides those known already.")
]
FoldersAndFiles = Annotated[
    list[Path] | None,
    typer.Argument(help="Projects besides those known, and LLaMA Factory files of models."),
]
Host = Annotated[
    str, typer.Option(help="Where to listen. On any but a loopback address a login is required.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")]
Login = Annotated[bool, typer.Option("--login", help="Require a login here, too.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A further name under which this machine calls the server."),
]
MaxUpload = Annotated[int, typer.Option(min=1, metavar="MB", help="Largest file to take.")]
AddUser = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Add a user, or change a password, which is read from the terminal."
    ),
]
NewKey = Annotated[
    str | None, typer.Option(metavar="NAME", help="Make an API key for a user and show it once.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Open the studio: the whole job in a browser.")(studio)
    app.command(help="Serve the REST API, without pages.")(serve)


def studio(
    folders: Folders = None,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    open: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open a browser; so at a terminal.")
    ] = None,
    login: Login = False,
    allow_host: AllowHost = None,
    max_upload: MaxUpload = 200,
    add_user: AddUser = None,
    new_key: NewKey = None,
) -> None:
    _require_web("jinja2", "babel", "multipart")
    home = _home(folders or [])
    if add_user or new_key:
        _change_accounts(home, add_user, new_key)
        return
    from loresmith.api.serving import access_for, is_loopback
    from loresmith.api.serving import serve as serve_on
    from loresmith.web import create_studio

    access = access_for(home, host, login=login, names=allow_host or ())
    wanted = (sys.stdout.isatty() and is_loopback(host)) if open is None else open

    def ready(url: str) -> None:
        typer.echo(f"The studio is at {url} (Ctrl-C stops it; jobs go on)")
        if wanted:
            _open_browser(url)

    app = create_studio(home, access=access, max_upload=max_upload * 2**20)
    serve_on(app, host=host, port=port, on_ready=ready)


def serve(
    folders: FoldersAndFiles = None,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    login: Login = False,
    allow_host: AllowHost = None,
    max_upload: MaxUpload = 200,
    add_user: AddUser = None,
    new_key: NewKey = None,
) -> None:
    _require_web("multipart")
    home = _home_with_files(folders or [])
    if add_user or new_key:
        _change_accounts(home, add_user, new_key)
        return
    from loresmith.api import create_api
    from loresmith.api.serving import access_for
    from loresmith.api.serving import serve as serve_on

    access = access_for(home, host, login=login, names=allow_host or ())
    app = create_api(home, access=access, max_upload=max_upload * 2**20)
    serve_on(
        app, host=host, port=port, on_ready=lambda url: typer.echo(f"The API is at {url}/api/v1")
    )


def _home_with_files(named: list[Path]) -> Home:
    """The home with these projects known, and the models of these LLaMA Factory files served."""
    from loresmith.cli.display import show_notes
    from loresmith.workspace.settings_files import (
        is_llamafactory_file,
        load_inference_file,
        served_candidate,
    )

    files = [path for path in named if is_llamafactory_file(path)]
    home = _home([path for path in named if path not in files])
    for path in files:
        file = load_inference_file(path, purpose="serve")
        show_notes(map(str, file.notes))
        home.further_models += (served_candidate(file),)
    return home


def _require_web(*further: str) -> None:
    from importlib.util import find_spec

    for package in ("fastapi", "uvicorn", "sse_starlette", *further):
        if find_spec(package) is None:
            raise MissingDependency(package, extra="studio")


def _home(folders: list[Path]) -> Home:
    """The home with these folders known. A broken one is wrong use here: nothing was begun."""
    from loresmith.workspace.home import Home

    try:
        home = Home()
        for folder in folders:
            home.projects.add(folder)
    except StoreError as error:
        raise Conflict(error.message, hint=error.hint) from error
    return home


def _change_accounts(home: Home, add_user: str | None, new_key: str | None) -> None:
    from loresmith.workspace.accounts import Accounts

    accounts = Accounts(home.engine)
    if add_user:
        accounts.add(add_user, _password())
        typer.echo(f"{add_user} can log in now.")
    if new_key:
        made = accounts.new_key(new_key, name="made on the command line")
        typer.echo(f"An API key of {new_key}, shown this once:", err=True)
        typer.echo(made.key)


def _password() -> str:
    """From the terminal, twice and unseen, or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise Conflict("the two passwords differ", hint="Try again.")
    return password


def _open_browser(url: str) -> None:
    import threading
    import webbrowser

    threading.Timer(0.5, webbrowser.open, args=(url,)).start()
