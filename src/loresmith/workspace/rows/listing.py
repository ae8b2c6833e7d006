"""The process that lists the rows of a large project: `python -m ... FOLDER`."""

from __future__ import annotations

import sys

from loresmith.workspace.rows.freshness import is_current
from loresmith.workspace.rows.projection import list_rows
from loresmith.workspace.workspace import Workspace


def main(folder: str) -> None:
    """Builds the index of the project in `folder`, until it is that of the present."""
    for _ in range(_ATTEMPTS):
        with Workspace(folder).opened() as context:
            if is_current(context):
                return
            list_rows(context)


_ATTEMPTS = 3
"""Rows may come in while others are listed; a process for each new one would be too much."""

if __name__ == "__main__":
    main(sys.argv[1])
