"""Keeps every reply that was paid for, so that the same thing is never asked twice."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from typing_extensions import Self

from loresmith.component import content_id
from loresmith.errors import StoreError
from loresmith.models.base import Sampling
from loresmith.records import Message, Reply, Usage

_SCHEMA_VERSION = 3
_SCHEMA = (
    """
    CREATE TABLE replies (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        valid INTEGER NOT NULL,
        model TEXT NOT NULL,
        purpose TEXT NOT NULL,
        asked_at REAL NOT NULL,  -- seconds since 1970, UTC
        reply TEXT NOT NULL,     -- a Reply as JSON
        faults TEXT NOT NULL     -- a JSON list of words, empty when valid
    )
    """,
    "CREATE UNIQUE INDEX one_valid_reply ON replies (key) WHERE valid",
    "CREATE INDEX replies_by_key ON replies (key)",
)
_SINCE_VERSION_2 = (
    # What is needed to look a call up. Texts are kept once: instructions are the same in thousands.
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL)",
    "ALTER TABLE replies ADD COLUMN prompt TEXT NOT NULL DEFAULT ''",  # JSON: [[role, text id]]
    "ALTER TABLE replies ADD COLUMN job TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE replies ADD COLUMN endpoint TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE replies ADD COLUMN seconds REAL",
    "ALTER TABLE replies ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE replies ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE replies ADD COLUMN cached_prompt_tokens INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE replies ADD COLUMN completion_tokens INTEGER NOT NULL DEFAULT 0",
    """
    UPDATE replies SET
        calls = coalesce(json_extract(reply, '$.usage.calls'), 0),
        prompt_tokens = coalesce(json_extract(reply, '$.usage.prompt_tokens'), 0),
        completion_tokens = coalesce(json_extract(reply, '$.usage.completion_tokens'), 0)
    WHERE json_valid(reply)
    """,
    "CREATE INDEX replies_by_job ON replies (job)",
)
_SINCE_VERSION_3 = (
    # A call that brought no reply: why, in a word or its status; the rest is as of a reply.
    "ALTER TABLE replies ADD COLUMN failure TEXT NOT NULL DEFAULT ''",
)

_PUT = """
    INSERT INTO replies (key, valid, model, purpose, asked_at, reply, faults, job, endpoint,
        seconds, calls, prompt_tokens, cached_prompt_tokens, completion_tokens, failure, prompt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) WHERE valid DO UPDATE SET reply = excluded.reply
    """


_CALL = (
    "id, job, purpose, endpoint, model, asked_at, seconds, valid, faults,"
    " calls, prompt_tokens, completion_tokens, cached_prompt_tokens, failure"
)


def _call(row: Sequence[Any]) -> Call:
    usage = Usage(
        calls=row[9],
        prompt_tokens=row[10],
        completion_tokens=row[11],
        cached_prompt_tokens=row[12],
    )
    valid, faults = bool(row[7]), tuple(json.loads(row[8]))
    number, job, purpose, endpoint, model, asked_at, seconds = row[:7]
    told = (number, job, purpose, endpoint, model, asked_at, seconds, usage, valid, faults)
    return Call(*told, failure=row[13])


def reply_key(
    model: str, messages: Sequence[Message], sampling: Sampling, *, sample: int = 0
) -> str:
    """The content hash under which a reply is kept: equal for equal requests, on every machine.

    `sample` tells apart several replies wanted for one and the same request.
    """
    conversation = [[message.role, message.content] for message in messages]
    drawn = sampling.model_dump(mode="json")
    for later in ("top_k", "repetition_penalty"):  # keys from before there were these still count
        if drawn[later] == Sampling.model_fields[later].default:
            del drawn[later]
    return content_id(model, conversation, drawn, sample)


class BadReply(NamedTuple):
    """One reply as it came, and what was found wrong with it."""

    number: int
    key: str
    reply: Reply
    faults: tuple[str, ...]
    model: str
    purpose: str
    asked_at: float
    """Seconds since 1970, UTC."""


class Call(NamedTuple):
    """One call, answered or failed."""

    number: int
    job: str
    """Empty where it is not known: before jobs were noted."""
    purpose: str
    endpoint: str
    model: str
    asked_at: float
    """When the reply was kept: seconds since 1970, UTC."""
    seconds: float | None
    """From sending it to the end of the reply."""
    usage: Usage
    valid: bool
    """Whether the reply was accepted."""
    faults: tuple[str, ...]
    failure: str = ""
    """Why it brought no reply: its status, such as `429`, or a word such as `timed_out`."""


class WholeCall(NamedTuple):
    """One call with all that was said."""

    call: Call
    messages: tuple[Message, ...]
    reply: Reply


class Spending(NamedTuple):
    """Calls of one job to one model for one purpose, added up."""

    job: str
    endpoint: str
    model: str
    purpose: str
    first_at: float
    last_at: float
    """Seconds since 1970, UTC."""
    seconds: float
    """How long all of them took, one after another."""
    usage: Usage


class Lookups(NamedTuple):
    """How often the cache was asked since it was opened, and how often it had an answer."""

    hits: int
    misses: int


class ReplyCache:
    """Replies on disk (SQLite), by the content of the request. Use it with `with`.

    A reply is safe once `put` returns, also when the process is killed right after. Only valid
    replies are served; bad ones are kept to look at. Several threads and several processes may
    use one file. Raises StoreError when the file cannot be used; it never deletes anything.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._hits = self._misses = 0
        with self._explaining():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except StoreError:
            self._connection.close()
            raise

    def get(self, key: str) -> Reply | None:
        """The valid reply kept under `key`; its usage is that of the call that was paid for."""
        rows = self._run("SELECT reply FROM replies WHERE key = ? AND valid", key)
        with self._lock:
            self._hits += bool(rows)
            self._misses += not rows
        return Reply.model_validate_json(rows[0][0]) if rows else None

    def put(
        self,
        key: str,
        reply: Reply,
        *,
        valid: bool,
        model: str,
        purpose: str = "",
        faults: Sequence[str] = (),
        messages: Sequence[Message] = (),
        job: str = "",
        endpoint: str = "",
        failure: str = "",
    ) -> None:
        """Keeps a reply, with what it was the answer to. A valid one takes the place of an earlier
        valid one under `key`. With a `failure` it is what was answered in place of a reply: to be
        looked up, and never served or shown to a model."""
        content, words = reply.model_dump_json(), json.dumps(list(faults), ensure_ascii=False)
        usage = reply.usage
        values = (
            *(key, int(valid), model, purpose, time.time(), content, words, job, endpoint),
            *(reply.seconds, usage.calls, usage.prompt_tokens, usage.cached_prompt_tokens),
            *(usage.completion_tokens, failure),
        )
        with self._explaining(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                prompt = json.dumps([[one.role, self._text_id(one.content)] for one in messages])
                self._connection.execute(_PUT, (*values, prompt))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _text_id(self, text: str) -> int:
        """Where a text of a prompt is kept, once for all prompts."""
        digest = content_id("text", text)
        run = self._connection.execute
        found = run("SELECT id FROM texts WHERE hash = ?", (digest,)).fetchone()
        if found is None:
            clean = text.encode("utf-8", "replace").decode()
            added = run("INSERT INTO texts (hash, text) VALUES (?, ?)", (digest, clean))
            return int(added.lastrowid or 0)
        return int(found[0])

    def invalidate(self, key: str, *, faults: Sequence[str]) -> None:
        """Serves the valid reply under `key` no more, because a stricter check found `faults`."""
        words = json.dumps(list(faults), ensure_ascii=False)
        self._run("UPDATE replies SET valid = 0, faults = ? WHERE key = ? AND valid", words, key)

    def accept(self, bad: BadReply) -> None:
        """Serves from now on a reply that was refused, because a milder check finds no fault."""
        self._run("UPDATE replies SET valid = 1, faults = '[]' WHERE id = ?", bad.number)

    def bad_replies(self, key: str | None = None) -> list[BadReply]:
        """What was not accepted, oldest first: under one key, or all of it."""
        one, keys = ("", ()) if key is None else (" AND key = ?", (key,))  # found by its index
        rows = self._run(
            "SELECT id, key, reply, faults, model, purpose, asked_at FROM replies"
            f" WHERE NOT valid AND failure = ''{one} ORDER BY id",
            *keys,
        )
        return [
            BadReply(
                number=int(row[0]),
                key=row[1],
                reply=Reply.model_validate_json(row[2]),
                faults=tuple(json.loads(row[3])),
                model=row[4],
                purpose=row[5],
                asked_at=float(row[6]),
            )
            for row in rows
        ]

    def spent(self) -> dict[str, Usage]:
        """All that was ever paid for the replies in this file, good and bad, by purpose."""
        totals: dict[str, Usage] = {}
        for one in self.spending():
            totals[one.purpose] = totals.get(one.purpose, Usage()) + one.usage
        return totals

    def spending(self) -> list[Spending]:
        """What was ever paid, by job, endpoint, model and purpose, in the order of first calls."""
        rows = self._run(
            "SELECT job, endpoint, model, purpose, min(asked_at), max(asked_at), sum(seconds),"
            " sum(calls), sum(prompt_tokens), sum(completion_tokens), sum(cached_prompt_tokens)"
            " FROM replies WHERE failure = ''"
            " GROUP BY job, endpoint, model, purpose ORDER BY min(id)"
        )
        return [
            Spending(
                job=row[0],
                endpoint=row[1],
                model=row[2],
                purpose=row[3],
                first_at=row[4],
                last_at=row[5],
                seconds=row[6] or 0.0,
                usage=Usage(
                    calls=row[7],
                    prompt_tokens=row[8],
                    completion_tokens=row[9],
                    cached_prompt_tokens=row[10],
                ),
            )
            for row in rows
        ]

    def calls(
        self,
        *,
        before: int | None = None,
        limit: int = 50,
        job: str | None = None,
        faulty: bool = False,
        failed: bool | None = None,
    ) -> list[Call]:
        """Calls, newest first, without their texts; `before` a number pages. `faulty` are replies
        that were refused; `failed` calls those that brought none, or (false) none of them."""
        rows = self._run(
            f"SELECT {_CALL} FROM replies WHERE (?1 IS NULL OR id < ?1)"
            " AND (?2 IS NULL OR job = ?2) AND (NOT ?3 OR (NOT valid AND failure = ''))"
            " AND (?4 IS NULL OR (failure <> '') = ?4) ORDER BY id DESC LIMIT ?5",
            *(before, job, int(faulty), None if failed is None else int(failed), limit),
        )
        return [_call(row) for row in rows]

    def failures(self, job: str | None = None) -> dict[str, int]:
        """How many calls failed, by why; of one job, or of all."""
        rows = self._run(
            "SELECT failure, count(*) FROM replies WHERE failure <> ''"
            " AND (?1 IS NULL OR job = ?1) GROUP BY failure ORDER BY count(*) DESC, failure",
            job,
        )
        return {row[0]: int(row[1]) for row in rows}

    def call(self, number: int) -> WholeCall | None:
        """One call with its texts; None where there is none of that number. Calls from before
        prompts were kept have none."""
        rows = self._run(f"SELECT {_CALL}, prompt, reply FROM replies WHERE id = ?", number)
        if not rows:
            return None
        *call, prompt, reply = rows[0]
        said = [
            Message(role=role, content=self._run("SELECT text FROM texts WHERE id = ?", text)[0][0])
            for role, text in json.loads(prompt or "[]")
        ]
        return WholeCall(_call(call), tuple(said), Reply.model_validate_json(reply))

    @property
    def lookups(self) -> Lookups:
        with self._lock:
            return Lookups(self._hits, self._misses)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """How many valid replies are kept."""
        return int(self._run("SELECT count(*) FROM replies WHERE valid")[0][0])

    def _prepare(self) -> None:
        # In WAL mode with synchronous=NORMAL a commit outlives the death of the process; only a
        # power cut may take the newest ones (https://www.sqlite.org/wal.html).
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = NORMAL")
        with self._explaining(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            missing = (
                *(_SCHEMA if version < 1 else ()),
                *(_SINCE_VERSION_2 if version < 2 else ()),
                *_SINCE_VERSION_3,
            )
            if version < _SCHEMA_VERSION:
                for statement in missing:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            self._connection.execute("COMMIT")
        if version > _SCHEMA_VERSION:
            raise StoreError(
                f"the reply cache {self.path} was written by another version of Loresmith",
                hint="use that version, or move the file away to begin an empty cache",
            )
        damage = self._run("PRAGMA quick_check(1)")[0][0]
        if damage != "ok":
            raise self._damaged(str(damage))

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explaining(), self._lock:
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.ProgrammingError, OSError) as error:
            raise StoreError(
                f"cannot use the reply cache {self.path}: {error}",
                hint="see that the disk has room, that the folder can be written to, "
                "and that no other program holds the file; what is in it is kept",
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"the reply cache {self.path} is damaged: {what}",
            hint="nothing was deleted; put a backup in its place, or move the file away to begin "
            "an empty cache (its replies will then be asked, and paid for, again)",
        )
