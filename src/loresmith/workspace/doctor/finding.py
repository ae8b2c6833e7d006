"""Why: what is wrong with a machine is told in one form, wherever it is read."""

from __future__ import annotations

from loresmith.records import Record


class Finding(Record):
    """One thing that a check found."""

    check: str
    """The check's name, which is that of its file."""
    wrong: bool = True
    """False for what is worth knowing and stands in nobody's way."""
    message: str
    """What was found, in English."""
    hint: str
    """How to mend it."""
