"""`python -m loresmith` is `loresmith`, for where the script is not on the path."""

from __future__ import annotations

from loresmith.cli import main

main()
