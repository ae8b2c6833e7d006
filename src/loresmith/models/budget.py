"""A cap on what a project's teacher may cost, kept before each call and not after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import Field

from loresmith.component import Component
from loresmith.errors import BudgetExceeded
from loresmith.models.base import Sampling
from loresmith.models.pictures import tokens_of_pictures
from loresmith.models.prices import Price
from loresmith.records import Message, Usage

_SURELY = 1.25
"""By how much a count of characters may be too low for the tokens of a prompt."""


class Budget(Component):
    """The most that a project may spend at its teacher, all its jobs together.

    The work stops before the call that would pass it; what was done is kept. Raise it, and run
    again, to go on.
    """

    tokens: int | None = Field(default=None, ge=1, json_schema_extra={"common": True})
    """Most tokens, of prompts and replies together; no limit when not set."""
    money: float | None = Field(default=None, gt=0, json_schema_extra={"common": True})
    """Most money, in the currency of the teacher's price, which has to be known (`loresmith
    prices`, or the page Models); no limit when not set."""


class Allowance:
    """What is left of a budget. Safe for several threads."""

    def __init__(self, budget: Budget, spent: Usage, price: Price | None, *, model: str) -> None:
        """`spent` is what was paid before. Raises BudgetExceeded for a budget of money where the
        price is not known."""
        if budget.money is not None and price is None:
            raise BudgetExceeded(
                f"a budget of money is set, and no price is known for {model}",
                hint="Enter its price with `loresmith prices`, or on the studio's page Models.",
            )
        self._budget = budget
        self._price = price
        self._spent = spent
        self._promised = Usage()
        self._under_way = 0
        self._ended = threading.Condition()

    @contextmanager
    def call(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[_Paid]:
        """Sets aside what a call may cost while it is under way.

        Waits where that is left only once others have ended, which mostly take less than was set
        aside for them; raises BudgetExceeded where it is not left at all. A reply is taken to be
        as long as the call allows: one that turns out longer than all before it passes no budget.
        """
        with self._ended:
            expected = _at_most(messages, sampling)
            while (fault := self._beyond(self._spent + self._promised + expected)) is not None:
                if not self._under_way:
                    raise fault
                self._ended.wait()
            self._promised += expected
            self._under_way += 1
        paid = _Paid()
        try:
            yield paid
        finally:
            with self._ended:
                self._under_way -= 1
                self._promised = _less(self._promised, expected)
                self._spent += paid.usage
                self._ended.notify_all()

    def _beyond(self, usage: Usage) -> BudgetExceeded | None:
        budget, spent = self._budget, self._spent
        used = spent.prompt_tokens + spent.completion_tokens
        if (
            budget.tokens is not None
            and usage.prompt_tokens + usage.completion_tokens > budget.tokens
        ):
            return BudgetExceeded(
                f"the budget of {budget.tokens:,} tokens would be passed by the next call: "
                f"{used:,} are used",
                hint="What was done is kept. Raise generation.budget.tokens and run "
                "again to go on.",
            )
        price = self._price
        if budget.money is not None and price is not None and price.of(usage) > budget.money:
            return BudgetExceeded(
                f"the budget of {budget.money:,.2f} {price.currency} would be passed by the next "
                f"call: {price.of(spent):,.2f} {price.currency} are spent",
                hint="What was done is kept. Raise generation.budget.money and run again to go on.",
            )
        return None


class _Paid:
    """What a call turned out to cost."""

    usage = Usage()


def tokens_asked(messages: Sequence[Message]) -> int:
    """About so many: one for each Chinese character, one for four Latin letters, and for pictures
    by their size."""
    content = [message.content.encode("utf-8", "replace") for message in messages]
    said = sum(len(text) // (4 if text.isascii() else 3) for text in content)
    return said + sum(tokens_of_pictures(message.content) for message in messages)


def _at_most(messages: Sequence[Message], sampling: Sampling) -> Usage:
    """What a call may take: its whole prompt, and all that it allows for the reply."""
    return Usage(
        prompt_tokens=int(tokens_asked(messages) * _SURELY), completion_tokens=sampling.max_tokens
    )


def _less(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens - other.prompt_tokens,
        completion_tokens=one.completion_tokens - other.completion_tokens,
    )
