"""Passwords are kept as scrypt hashes: slow and memory-hungry to guess, useless to steal.

The costs (n = 2**15, r = 8, p = 3) are those that OWASP's cheat sheet on storing passwords names
for scrypt with 32 MB; they stand in each hash, so that they can be raised later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from functools import cache
from typing import NamedTuple

from loresmith.errors import Conflict

SHORTEST = 10
"""Least characters of a password."""
_LONGEST = 1000
_MEMORY = 64 * 2**20


class Cost(NamedTuple):
    """How hard a hash is to make; see RFC 7914."""

    n: int = 2**15
    r: int = 8
    p: int = 3


COST = Cost()
"""Of new hashes."""
_one_at_a_time = threading.Lock()
"""A hash takes 32 MB: a crowd at the door must not take all memory."""


def hashed(password: str) -> str:
    """`scrypt$n$r$p$salt$hash`. Raises Conflict for a password that is too short."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise Conflict(
            "the password is too short" if len(password) < SHORTEST else "the password is too long",
            hint=f"Use {SHORTEST} characters or more; a few words are easy to remember.",
        )
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, COST)
    parts = (base64.b64encode(part).decode() for part in (salt, made))
    return "$".join(("scrypt", *map(str, COST), *parts))


def matches(password: str, kept: str) -> bool:
    """Whether `kept` is a hash of `password`."""
    _, n, r, p, salt, wanted = kept.split("$")
    cost = Cost(int(n), int(r), int(p))
    found = _scrypt(password[: _LONGEST + 1], base64.b64decode(salt), cost)
    return hmac.compare_digest(found, base64.b64decode(wanted))


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    with _one_at_a_time:
        return hashlib.scrypt(secret, salt=salt, **cost._asdict(), maxmem=_MEMORY, dklen=32)


@cache
def of_nobody() -> str:
    """A hash of no known password: an unknown name takes as long to check as a known one."""
    return hashed(secrets.token_hex(16))
