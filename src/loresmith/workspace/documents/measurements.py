"""What earlier calls of a project took, by which estimates are corrected."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.models import Embedded
from loresmith.records import Outcome, StepLog
from loresmith.workspace.context import Context
from loresmith.workspace.documents.passage_costs import cost_from_nothing, total
from loresmith.workspace.steps.asking import passages

FEWEST = 3
"""Calls (or, of the embedded model, passages) from which on measurements are trusted."""
_COMPARED = 20
"""Passages whose estimate is compared with what was used."""


class Measured(NamedTuple):
    """Calls that were made, and what they took."""

    calls: int
    seconds: float
    prompt: float
    """Tokens of one call, on average."""
    completion: float


def measured(context: Context) -> Measured:
    """What earlier calls of this project took, by the step's log; with today's recipe if any."""
    logs = [log for log in context.store.all(StepLog) if log.step == "generate"]
    own = [log for log in logs if log.recipe_id == context.recipe.fingerprint()]
    chosen = own if any(log.usage.calls for log in own) else logs
    if isinstance(context.recipe.teacher, Embedded):
        done = [o for o in context.store.all(Outcome) if o.subject.endswith(": questions")]
        return Measured(len(done), sum(log.seconds for log in own), 0.0, 0.0)
    paid = [log for log in chosen if log.usage.calls]
    calls = sum(log.usage.calls for log in paid)
    return Measured(
        calls,
        sum(log.seconds for log in paid),
        sum(log.usage.prompt_tokens for log in paid) / max(1, calls),
        sum(log.usage.completion_tokens for log in paid) / max(1, calls),
    )


class Factors(NamedTuple):
    """By how much estimates from characters are too low."""

    prompt: float = 1.0
    completion: float = 1.0
    measured: bool = False


def factors(context: Context, used: Measured) -> Factors:
    """Compares what a call used with what it would have been estimated at."""
    if used.calls < FEWEST or not used.prompt:
        return Factors()
    everything = passages(context)
    sample = everything[:: -(-len(everything) // _COMPARED) or 1]
    expected = total([cost_from_nothing(context, *passage) for passage in sample])
    if not expected.calls:
        return Factors()
    return Factors(
        _within(used.prompt * expected.calls / expected.prompt),
        _within(used.completion * expected.calls / expected.completion),
        measured=True,
    )


def _within(factor: float) -> float:
    return min(4.0, max(0.25, factor))
