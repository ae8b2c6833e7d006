"""Words that English writes with a capital letter although they name no subject."""

from __future__ import annotations

_MONTHS = "january february march april may june july august september october november december"
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_OPENERS = "please name state tell describe explain give list the which what who when where why how"

MONTHS_AND_DAYS = frozenset(f"{_MONTHS} {_DAYS}".split())
OPENERS = frozenset(_OPENERS.split())
"""Words that open a request, capitalised also after a comma or a quotation mark."""
