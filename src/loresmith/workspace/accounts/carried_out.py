"""Remembers what was carried out for a request, so that sending it twice does it once."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from loresmith.database import transaction
from loresmith.errors import Conflict, StoreError
from loresmith.workspace.accounts.tables import carried_out_requests as requests

KEPT_FOR = 7 * 24 * 3600.0
"""Seconds for which an answer is remembered."""
GIVEN_UP_AFTER = 60.0
"""Seconds after which a request that has no answer yet is taken to be lost with its server."""
_DONE = 200


class CarriedOutRequests:
    """The answers to requests that had a key, in the home's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, key: str, *, caller: str, request_hash: str, make: Callable[[], str]) -> str:
        """What `make` returns: called once for a `key`, and remembered from then on.

        Whatever `make` raises goes through, and the key is free again. A server that died in the
        middle leaves the key free after a minute: what was begun may then be begun again (steps
        do only what is missing). Raises Conflict for a key that was used for another request, or
        whose request is still under way.
        """
        known = self._reserve(key, caller, request_hash)
        if known is not None:
            return known
        try:
            made = make()
        except BaseException:
            self._forget(key, caller)
            raise
        with transaction(self._engine) as connection:
            connection.execute(
                update(requests)
                .where(requests.c.key == key, requests.c.caller == caller)
                .values(status=_DONE, body=made)
            )
        return made

    def _reserve(self, key: str, caller: str, request_hash: str) -> str | None:
        """The remembered answer, or None when the caller is the one to carry it out."""
        now = time.time()
        try:
            with transaction(self._engine) as connection:
                connection.execute(
                    delete(requests).where(
                        (requests.c.created_at < now - KEPT_FOR)
                        | (requests.c.status.is_(None))
                        & (requests.c.created_at < now - GIVEN_UP_AFTER)
                    )
                )
                row = self._known(connection, key, caller)
                if row is None:
                    connection.execute(
                        insert(requests).values(
                            key=key,
                            caller=caller,
                            request_hash=request_hash,
                            status=None,
                            body="",
                            created_at=now,
                        )
                    )
                    return None
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise _under_way() from error  # another thread reserved it just now
        if row.request_hash != request_hash:
            raise Conflict(
                "this Idempotency-Key was used for another request",
                hint="Use a new key for each new request.",
            )
        if row.status is None:
            raise _under_way()
        return str(row.body)

    def _known(self, connection: Connection, key: str, caller: str) -> Row[tuple[str, ...]] | None:
        mine = (requests.c.key == key) & (requests.c.caller == caller)
        return connection.execute(select(requests).where(mine)).one_or_none()

    def _forget(self, key: str, caller: str) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                delete(requests).where(requests.c.key == key, requests.c.caller == caller)
            )


def _under_way() -> Conflict:
    return Conflict(
        "the request with this Idempotency-Key is still being carried out",
        hint="Ask again in a moment for its answer.",
    )
