"""Users, their sessions and their API keys: who is it that asks?"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable

from sqlalchemy import Engine, delete, func, insert, select, update

from loresmith.database import transaction
from loresmith.errors import Conflict, NotFound
from loresmith.records import Record
from loresmith.workspace.accounts.attempts import Attempts
from loresmith.workspace.accounts.errors import AccessDenied
from loresmith.workspace.accounts.passwords import hashed, matches, of_nobody
from loresmith.workspace.accounts.tables import api_keys, sessions, users

SESSION_SECONDS = 14 * 24 * 3600.0
"""For how long a login holds."""
_LONGEST_NAME = 80
_USED_AT_MOST_EVERY = 60.0


class Caller(Record):
    """Who asks, once it is known."""

    user_id: str
    name: str
    by_key: bool = False
    """Whether an API key was shown rather than a session."""


class ApiKey(Record):
    """An API key as lists show it: the key itself is not kept."""

    id: str
    name: str
    """What it is for."""
    shown: str
    """Its first characters, to tell it from others."""
    created_at: float
    """Seconds since 1970."""
    last_used_at: float | None = None
    """Seconds since 1970, to the minute; null if it was never used."""


class NewApiKey(ApiKey):
    """A key that was made just now."""

    key: str
    """The key; it is shown this once and never again."""


class Accounts:
    """The users of one home. Safe to use from several threads; `clock` tells seconds since 1970."""

    def __init__(
        self,
        engine: Engine,
        *,
        attempts: Attempts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._attempts = attempts or Attempts()
        self._clock = clock

    def names(self) -> list[str]:
        """Everybody's names, in order."""
        with transaction(self._engine) as connection:
            return list(connection.scalars(select(users.c.name).order_by(users.c.name)))

    def add(self, name: str, password: str) -> None:
        """Adds a user, or gives one a new password, which ends the user's sessions.

        Raises Conflict for an empty or overlong name and for a short password.
        """
        name, kept = _clean(name), hashed(password)
        with transaction(self._engine) as connection:
            known = connection.scalar(select(users.c.id).where(users.c.name == name))
            if known is not None:
                connection.execute(
                    update(users).where(users.c.id == known).values(password_hash=kept)
                )
                connection.execute(delete(sessions).where(sessions.c.user_id == known))
                return
            connection.execute(
                insert(users).values(
                    id=uuid.uuid4().hex, name=name, password_hash=kept, created_at=self._clock()
                )
            )

    def log_in(self, name: str, password: str, *, address: str) -> str:
        """A new session's token. `address` is where the caller is, to slow down guessing.

        Raises AccessDenied, which does not tell a wrong name from a wrong password, and
        TooManyAttempts.
        """
        name = name.strip()
        self._attempts.begin(name=name, address=address)
        with transaction(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
        if not matches(password, of_nobody() if row is None else row.password_hash) or row is None:
            raise AccessDenied("the name or the password is wrong")
        self._attempts.succeeded(name=name, address=address)
        return self._begin_session(row.id)

    def log_out(self, token: str) -> None:
        """Ends a session; one that is unknown or over is no error."""
        with transaction(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == _digest(token)))

    def by_session(self, token: str) -> Caller | None:
        """Whose session it is; None if it is unknown or over."""
        query = (
            select(users.c.id, users.c.name)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_hash == _digest(token), sessions.c.expires_at > self._clock())
        )
        with transaction(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Caller(user_id=row.id, name=row.name)

    def by_key(self, key: str) -> Caller | None:
        """Whose API key it is; None if it is unknown or was revoked."""
        query = (
            select(users.c.id, users.c.name, api_keys.c.last_used_at)
            .join(api_keys, api_keys.c.user_id == users.c.id)
            .where(api_keys.c.key_hash == _digest(key))
        )
        now = self._clock()
        with transaction(self._engine) as connection:
            row = connection.execute(query).one_or_none()
            if row is not None and now - (row.last_used_at or 0.0) > _USED_AT_MOST_EVERY:
                connection.execute(
                    update(api_keys)
                    .where(api_keys.c.key_hash == _digest(key))
                    .values(last_used_at=now)
                )
        return None if row is None else Caller(user_id=row.id, name=row.name, by_key=True)

    def new_key(self, user_name: str, *, name: str) -> NewApiKey:
        """Makes an API key; only its hash is kept. Raises NotFound for an unknown user."""
        key = f"ls-{secrets.token_urlsafe(32)}"
        made = NewApiKey(
            id=uuid.uuid4().hex,
            name=_clean(name),
            shown=key[:7],
            created_at=self._clock(),
            key=key,
        )
        with transaction(self._engine) as connection:
            user_id = connection.scalar(select(users.c.id).where(users.c.name == user_name))
            if user_id is None:
                raise NotFound(
                    f"there is no user called {user_name}",
                    hint=f"loresmith studio --add-user {user_name}",
                )
            connection.execute(
                insert(api_keys).values(
                    **made.model_dump(exclude={"key"}), user_id=user_id, key_hash=_digest(key)
                )
            )
        return made

    def keys(self, user_id: str) -> list[ApiKey]:
        """A user's API keys, oldest first."""
        columns = [api_keys.c[field] for field in ApiKey.model_fields]
        query = select(*columns).where(api_keys.c.user_id == user_id)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(api_keys.c.created_at, api_keys.c.id))
            return [ApiKey.model_validate(dict(row._mapping)) for row in rows]

    def revoke(self, user_id: str, key_id: str) -> None:
        """Ends an API key of this user's at once. Raises NotFound."""
        with transaction(self._engine) as connection:
            mine = (api_keys.c.user_id == user_id) & (api_keys.c.id == key_id)
            gone = connection.execute(delete(api_keys).where(mine)).rowcount
        if not gone:
            raise NotFound("you have no such API key")

    def exist(self) -> bool:
        """Whether anybody could log in."""
        with transaction(self._engine) as connection:
            return bool(connection.scalar(select(func.count()).select_from(users)))

    def _begin_session(self, user_id: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        with transaction(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            connection.execute(
                insert(sessions).values(
                    token_hash=_digest(token),
                    user_id=user_id,
                    created_at=now,
                    expires_at=now + SESSION_SECONDS,
                )
            )
        return token


def _digest(token: str) -> str:
    """A token has 256 random bits: a plain hash of it cannot be turned round."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _clean(name: str) -> str:
    plain = name.strip()
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise Conflict(
            "this name cannot be used", hint=f"Use 1 to {_LONGEST_NAME} letters or digits."
        )
    return plain
