"""Why somebody is not let in."""

from __future__ import annotations

from loresmith.errors import LoresmithError


class AccessDenied(LoresmithError):
    """The caller may not do this. `known` is whether they have shown who they are."""

    def __init__(self, message: str, *, hint: str = "", known: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.known = known


class TooManyAttempts(AccessDenied):
    """Too many wrong passwords lately; `retry_after` is the pause in seconds."""

    retryable = True

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
