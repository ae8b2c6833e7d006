"""What can go wrong, as types: every error says what happened, to what, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence


class LoresmithError(Exception):
    """The root of all errors that a user may meet.

    `message` says what happened and to what, `hint` what to do next (may be empty), and
    `retryable` whether the same call may succeed later without a change by the user.
    """

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RecipeError(LoresmithError):
    """A recipe is wrong. `faults` lists every fault, each with its dotted path."""

    def __init__(self, message: str, *, faults: Sequence[str] = (), hint: str = "") -> None:
        super().__init__("\n".join([message, *(f"  {fault}" for fault in faults)]), hint=hint)
        self.faults = tuple(faults)


class DocumentError(LoresmithError):
    """A document cannot be read as what it claims to be."""


class NoTextLayerError(DocumentError):
    """A document of pictures alone; `pages` are the numbers of all of them, from 1."""

    def __init__(self, message: str, *, pages: Sequence[int], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pages = tuple(pages)


class DatasetError(LoresmithError):
    """A file of training rows cannot be read or written. `faults` may list what is wrong in it."""

    def __init__(self, message: str, *, faults: Sequence[str] = (), hint: str = "") -> None:
        super().__init__("\n".join([message, *(f"  {fault}" for fault in faults)]), hint=hint)
        self.faults = tuple(faults)


class ModelError(LoresmithError):
    """A chat model did not do what was asked.

    `may_pass` says whether the reason was one of the moment: a time-out, a lost connection, 429.
    """

    may_pass = False


class ModelUnavailable(ModelError):
    """The model cannot be reached or loaded (wrong key, wrong name, no server, no disk)."""


class RateLimited(ModelError):
    """The endpoint asked for a pause; `retry_after` is in seconds, None when it did not say."""

    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class MalformedReply(ModelError):
    """The reply is not what was asked for, after every allowed attempt."""

    retryable = True


class ReplyRejected(ModelError):
    """The endpoint refused to answer (a content filter, say); asking again is of no use."""


class BudgetExceeded(ModelError):
    """The set limit of calls, tokens or money is reached; what was paid for is kept."""


class TrainingError(LoresmithError):
    """Fine-tuning could not go on."""


class OutOfDeviceMemory(TrainingError):
    """The device has no memory left for this batch."""


class RankLost(TrainingError):
    """Another process of the same training is gone or does not answer."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be written or read."""


class AnotherTrainingError(CheckpointError):
    """The folder belongs to a training with other rows, settings, seed or base model."""


class ExamError(LoresmithError):
    """An exam cannot be set or sat as it should be."""


class ExportError(LoresmithError):
    """A result cannot be written in the wanted form."""


class StoreError(LoresmithError):
    """The project's records cannot be read or written."""


class StoreBusy(StoreError):
    """Another writer held the records for longer than the time-out; later it may go."""


class JobError(LoresmithError):
    """A job could not be carried out."""


class JobCancelled(JobError):
    """The job was cancelled; what it finished is kept."""


class LeaseLost(JobError):
    """Another worker has taken this job over; this attempt must write nothing more."""


class VaultError(LoresmithError):
    """The stored keys cannot be read or written."""


class NotFound(LoresmithError):
    """The named thing does not exist."""


class Conflict(LoresmithError):
    """Something else holds, or has changed, what this call needs."""


class MissingDependency(LoresmithError):
    """An optional package is not installed."""

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"the package {package!r} is not installed",
            hint=f"pip install 'loresmith[{extra}]'",
        )


WRONG_USE = (RecipeError, NotFound, Conflict, DocumentError)
"""What only a change by the user can mend: of the call, the recipe or a file."""
