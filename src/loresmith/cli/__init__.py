"""The command line: translates words into calls of the workspace, and errors into exit codes.

0 done, 1 part of the work was refused or failed, 2 wrong use, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from loresmith import __version__
from loresmith.cli import (
    cost_verbs,
    coverage_verb,
    data_verbs,
    device_verbs,
    export_verb,
    file_verbs,
    fill_verb,
    model_verbs,
    project_verbs,
    row_verbs,
    studio_verbs,
    tags_verb,
)
from loresmith.errors import WRONG_USE, JobCancelled, LoresmithError


class _Verbs(TyperGroup):
    """Keeps Ctrl-C for `main`, which has something to say about it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise JobCancelled(
                "stopped", hint="What was finished is kept; the same command goes on."
            ) from error


app = typer.Typer(
    name="loresmith",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich would double the time that `--help` takes
    help="Turns a folder of documents into a language model that provably knows them.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loresmith {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


project_verbs.register(app)
tags_verb.register(app)
coverage_verb.register(app)
fill_verb.register(app)
data_verbs.register(app)
row_verbs.register(app)
file_verbs.register(app)
model_verbs.register(app)
cost_verbs.register(app)
device_verbs.register(app)
export_verb.register(app)
studio_verbs.register(app)


def main() -> None:
    """The entry point of the `loresmith` command."""
    warnings.simplefilter("ignore", FutureWarning)  # what libraries tell their developers
    try:
        app(standalone_mode=True)
    except JobCancelled as error:
        print(f"\n{error.message.capitalize()}. {error.hint}".rstrip(), file=sys.stderr)
        _leave_at_once()
    except LoresmithError as error:
        _say(error)
        sys.exit(2 if isinstance(error, WRONG_USE) else 1)


def _leave_at_once() -> NoReturn:
    """Ends the process as Ctrl-C should, without waiting for calls that a teacher left hanging."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130)


def _say(error: LoresmithError) -> None:
    print(f"Error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"Hint: {error.hint}", file=sys.stderr)
