"""Divides the calls that an endpoint may have in flight among the processes of this machine.

A process does not ask for each call: it holds a number of places, which it renews a few times a
second together with how many it could use. What is held by all never exceeds the limit. Who wants
more than there is gets an even share (max-min fairness: Bertsekas and Gallager, Data Networks,
6.5.2); who holds more than that gives places back as its calls end. The places of a process that
is dead are free again at once.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from loresmith.errors import StoreError

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS holders (
        endpoint TEXT NOT NULL,
        holder TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started REAL NOT NULL,  -- of the process, as the system tells it
        granted INTEGER NOT NULL,
        wanted INTEGER NOT NULL,
        seen_at REAL NOT NULL,  -- seconds since 1970, UTC
        PRIMARY KEY (endpoint, holder)
    )""",
    """CREATE TABLE IF NOT EXISTS endpoints (
        endpoint TEXT PRIMARY KEY,
        quiet_until REAL NOT NULL DEFAULT 0,
        requests_free_at REAL NOT NULL DEFAULT 0,
        tokens_free_at REAL NOT NULL DEFAULT 0
    )""",
)
_LOST_SECONDS = 60.0
"""A process that has not been heard of for so long has lost its places, even if it lives."""
_TURN_SECONDS = 5.0
"""Where there are fewer places than processes, they take turns of this length."""


class Holding(NamedTuple):
    """What a process holds of an endpoint."""

    granted: int
    """Calls that it may have in flight."""
    quiet_until: float
    """When the endpoint may be called again (seconds since 1970, UTC); 0 where nobody said."""


class SharedLimits:
    """The places and pauses of all endpoints, in a SQLite file. Safe for threads and processes.

    Raises StoreError when the file cannot be used. `me` is this process, but for tests.
    """

    def __init__(self, path: Path, *, me: str | None = None) -> None:
        self.path = path
        self._me = me or f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def renew(self, endpoint: str, *, in_flight: int, wanted: int, limit: int) -> Holding:
        """Says how many calls this process has in flight and could have; returns what it holds.

        It never holds fewer places than it has calls in flight, nor takes one more when all are
        held, by whatever limit: each process goes by its own.
        """
        now = time.time()
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT holder, pid, started, granted, wanted, seen_at FROM holders"
                " WHERE endpoint = ?",
                [endpoint],
            ).fetchall()
            alive = [_Holder(*row) for row in rows]
            for gone in [one for one in alive if one.name != self._me and _is_gone(one, now)]:
                alive.remove(gone)
                connection.execute(
                    "DELETE FROM holders WHERE endpoint = ? AND holder = ?", [endpoint, gone.name]
                )
            others = [one for one in alive if one.name != self._me]
            free = limit - sum(one.granted for one in others)
            demands = {one.name: one.wanted for one in others if one.wanted} | {self._me: wanted}
            alone = len(demands) == 1
            turn = int(now / _TURN_SECONDS)
            share = limit if alone else even_shares(demands, limit, turn=turn)[self._me]
            granted = max(in_flight, min(share, free))
            pid, started = _this_process()
            connection.execute(
                "INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?, ?, ?, ?)",
                [endpoint, self._me, pid, started, granted, wanted, now],
            )
            quiet = connection.execute(
                "SELECT quiet_until FROM endpoints WHERE endpoint = ?", [endpoint]
            ).fetchone()
        return Holding(granted, quiet[0] if quiet else 0.0)

    def leave(self, endpoint: str) -> None:
        """Gives back what this process holds."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM holders WHERE endpoint = ? AND holder = ?", [endpoint, self._me]
            )

    def quiet(self, endpoint: str, until: float) -> None:
        """Holds back the calls of all processes until then (seconds since 1970, UTC)."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO endpoints (endpoint, quiet_until) VALUES (?, ?)"
                " ON CONFLICT (endpoint) DO UPDATE"
                " SET quiet_until = max(quiet_until, excluded.quiet_until)",
                [endpoint, until],
            )

    def take(self, endpoint: str, *, requests: Rate | None, tokens: Rate | None) -> float:
        """Takes what `requests` and `tokens` say off their rates, now or not at all.

        Returns 0 when it was taken, else how many seconds to wait before asking again.
        """
        now = time.time()
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO endpoints (endpoint) VALUES (?)", [endpoint])
            row = connection.execute(
                "SELECT requests_free_at, tokens_free_at FROM endpoints WHERE endpoint = ?",
                [endpoint],
            ).fetchone()
            pairs = list(zip((requests, tokens), row, strict=True))
            wait = max(rate.wait(free_at, now) for rate, free_at in pairs if rate is not None)
            if wait > 0:
                return wait
            after = [free if rate is None else rate.after(free, now) for rate, free in pairs]
            connection.execute(
                "UPDATE endpoints SET requests_free_at = ?, tokens_free_at = ? WHERE endpoint = ?",
                [*after, endpoint],
            )
        return 0.0

    def correct_tokens(self, endpoint: str, seconds: float) -> None:
        """Moves the rate of tokens by what a call used beyond (or below) what was taken for it."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE endpoints SET tokens_free_at = tokens_free_at + ? WHERE endpoint = ?",
                [seconds, endpoint],
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the limits of the endpoints in {self.path} cannot be used: {error}",
                hint="See that LORESMITH_HOME is a folder that you may write to, on a disk with "
                "room; a damaged file can be moved away.",
            ) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(
                self.path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            # What is lost with the power was about calls that are lost with it.
            connection.execute("PRAGMA synchronous = OFF")
            for statement in _SCHEMA:
                connection.execute(statement)
            self._connection = connection
        return self._connection


class Rate(NamedTuple):
    """So much of a rate, by the generic cell rate algorithm (ITU-T I.371, annex A).

    A single moment is remembered: when all that was taken would have passed at an even pace.
    """

    amount: float
    a_minute: float

    @property
    def seconds(self) -> float:
        """How long the amount takes at an even pace that leaves room for a burst."""
        return self.amount * 60.0 / (self.a_minute - self._burst)

    def wait(self, free_at: float, now: float) -> float:
        """Seconds until it may be taken."""
        return max(0.0, free_at - self._burst * 60.0 / self.a_minute - now)

    def after(self, free_at: float, now: float) -> float:
        """The moment to remember once it is taken."""
        return max(free_at, now) + self.seconds

    @property
    def _burst(self) -> float:
        """What may come at once, beyond the even pace; no minute sees more than the rate."""
        return self.a_minute // 30


def even_shares(demands: dict[str, int], places: int, *, turn: int = 0) -> dict[str, int]:
    """Max-min fair shares: nobody gets more than it wants, and what one leaves the others get.

    Places that cannot be split evenly go to those whose turn it is.
    """
    order = sorted(demands)
    order = order[turn % len(order) :] + order[: turn % len(order)] if order else []
    shares = dict.fromkeys(demands, 0)
    hungry = [one for one in order if demands[one] > 0]
    while places > 0 and hungry:
        each = max(1, places // len(hungry))
        for one in hungry[:places]:
            more = min(each, demands[one] - shares[one])
            shares[one] += more
            places -= more
        hungry = [one for one in hungry if shares[one] < demands[one]]
    return shares


class _Holder(NamedTuple):
    name: str
    pid: int
    started: float
    granted: int
    wanted: int
    seen_at: float


def _is_gone(holder: _Holder, now: float) -> bool:
    import psutil

    if now - holder.seen_at > _LOST_SECONDS:
        return True
    try:
        process = psutil.Process(holder.pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # dead, and not yet fetched by its parent
            return True
        return abs(process.create_time() - holder.started) > 2.0
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _this_process() -> Sequence[float]:
    """Its id and its start."""
    import psutil

    pid = os.getpid()
    if pid not in _started:
        _started[pid] = psutil.Process(pid).create_time()
    return pid, _started[pid]


_started: dict[int, float] = {}
