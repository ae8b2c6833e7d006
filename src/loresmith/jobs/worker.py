"""Carries out one claimed job: renews the lease, passes cancellation on, writes the end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from loresmith.errors import JobCancelled, LeaseLost, LoresmithError, StoreBusy, StoreError
from loresmith.jobs.job import Claim, JobEnd
from loresmith.jobs.queue import Queue


class Attempt:
    """What a job's body sees of its job: a place to say how far it is, and whether to stop."""

    def __init__(self) -> None:
        self.progress: dict[str, Any] = {}
        self._stop: LoresmithError | None = None

    def check(self) -> None:
        """Raises JobCancelled or LeaseLost once this attempt must end."""
        if self._stop is not None:
            raise self._stop

    def report(self, **progress: Any) -> None:
        """Remembers how far the work is, in JSON values; it is written with the next renewal."""
        self.progress = json.loads(json.dumps(progress))

    def stop(self, reason: LoresmithError) -> None:
        """Makes the next `check` raise `reason`."""
        self._stop = reason


def carry_out(
    queue: Queue,
    claim: Claim,
    body: Callable[[Mapping[str, Any], Attempt], None],
    *,
    renew_seconds: float = 5.0,
) -> None:
    """Runs `body(payload, attempt)` under `claim`, then writes how it ended.

    Whatever `body` raises is written to the job and raised again: JobCancelled, Ctrl-C and
    `sys.exit` as cancelled, the rest as failed. Raises LeaseLost when another attempt has taken
    the job over, and JobCancelled, before any work, when it was cancelled before it began.
    """
    attempt = Attempt()
    try:
        queue.renew(claim)
        with _renewals(queue, claim, attempt, renew_seconds):
            body(claim.payload, attempt)
    except LeaseLost:
        raise
    except (JobCancelled, KeyboardInterrupt, SystemExit) as error:
        _close(queue, claim, attempt, "cancelled", str(error) or "interrupted")
        raise
    except Exception as error:
        _close(queue, claim, attempt, "failed", f"{type(error).__name__}: {error}")
        raise
    queue.finish(claim, state="done", progress=attempt.progress)


def _close(queue: Queue, claim: Claim, attempt: Attempt, state: JobEnd, error: str) -> None:
    """Writes a bad end, if it can: what stopped the body must reach the caller in any case."""
    with suppress(LeaseLost, StoreError):
        queue.finish(claim, state=state, error=error, progress=attempt.progress)


@contextmanager
def _renewals(queue: Queue, claim: Claim, attempt: Attempt, seconds: float) -> Iterator[None]:
    """Renews the lease every `seconds` in a thread while the `with` block runs."""
    over = threading.Event()
    thread = threading.Thread(
        target=_renew, args=(queue, claim, attempt, over, seconds), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(
    queue: Queue, claim: Claim, attempt: Attempt, over: threading.Event, seconds: float
) -> None:
    """A database that does not answer is asked again until the lease has run out for sure.

    A cancelled job is renewed on: to save a checkpoint may take longer than the lease.
    """
    renewed = time.monotonic()
    while not over.wait(seconds):
        asked = time.monotonic()
        try:
            queue.renew(claim, progress=attempt.progress)
        except JobCancelled as reason:
            attempt.stop(reason)
            renewed = asked
        except LeaseLost as reason:
            attempt.stop(reason)
            return
        except StoreBusy:
            continue  # nobody else could claim the job meanwhile; whether one has, is asked next
        except StoreError as reason:
            if time.monotonic() - renewed > queue.lease_seconds:
                attempt.stop(LeaseLost(f"the lease could not be renewed: {reason.message}"))
                return
        else:
            renewed = asked
