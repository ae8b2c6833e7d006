"""The command line: translates words into calls of the workspace, and errors into exit codes.

0 done, 1 part of the work was refused or failed, 2 wrong use, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from loresmith.cli import model_verbs, project_verbs
from loresmith.errors import (
    Conflict,
    DocumentError,
    JobCancelled,
    LoresmithError,
    NotFound,
    RecipeError,
)

app = typer.Typer(
    name="loresmith",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich would double the time that `--help` takes
    help="Turns a folder of documents into a language model that provably knows them.",
)
project_verbs.register(app)
model_verbs.register(app)

_WRONG_USE = (RecipeError, NotFound, Conflict, DocumentError)


def main() -> None:
    """The entry point of the `loresmith` command."""
    try:
        app(standalone_mode=True)
    except JobCancelled as error:
        _say(error)
        sys.exit(130)
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on.", file=sys.stderr)
        sys.exit(130)
    except LoresmithError as error:
        _say(error)
        sys.exit(2 if isinstance(error, _WRONG_USE) else 1)


def _say(error: LoresmithError) -> None:
    print(f"Error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"Hint: {error.hint}", file=sys.stderr)
