"""How calls, costs and prices look in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from loresmith.cli.display import console, say
from loresmith.workspace.report.formatting import short

if TYPE_CHECKING:
    from loresmith.workspace.costs import CallSeen, Price, Spent, WholeCallSeen
    from loresmith.workspace.documents.estimate import Estimate


def show_calls(calls: Sequence[CallSeen]) -> None:
    """Prints a line a call, newest first."""
    table = Table(box=None, pad_edge=False)
    for name in ("call", "when", "purpose", "model", "s", "tokens in", "out", "cost", "reply"):
        table.add_column(name, justify="right" if name in ("call", "s", "out") else "left")
    for one in calls:
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        cost = "" if one.money is None else f"{one.money:.4f} {one.currency}"
        verdict = (
            f"failed ({one.failure})"
            if one.failure
            else "good"
            if one.valid
            else one.faults[0]
            if one.faults
            else "refused"
        )
        tokens = f"{one.prompt_tokens:,}", f"{one.completion_tokens:,}"
        words = (one.asked_at[:19], one.purpose, one.model)
        table.add_row(str(one.number), *map(escape, words), seconds, *tokens, cost, escape(verdict))
    console.print(table)


def show_call(call: WholeCallSeen) -> None:
    """Prints one call with all that was said."""
    show_calls([call])
    for message in call.messages:
        say(f"\n--- {message.role} ---\n{message.content}")
    if not call.messages:
        say("\nIts prompt was not kept: it was made by an earlier version.")
    if call.reasoning:
        say(f"\n--- reasoning ---\n{call.reasoning}")
    say(f"\n--- reply ({call.finish_reason}) ---\n{call.reply}")
    for fault in call.faults:
        say(f"fault: {fault}")


def show_failures(failures: Mapping[str, int]) -> None:
    """Prints how many calls brought no reply, by why; nothing where none did."""
    if failures:
        by = ", ".join(f"{kind}: {count:,}" for kind, count in failures.items())
        say(f"Calls that failed and were repeated or given up: {sum(failures.values()):,} ({by})")


def show_spent(spent: Spent) -> None:
    """Prints what was spent by model and purpose, and in all."""
    for one in spent.parts:
        cost = "" if one.money is None else f", {one.money:,.4f} {one.currency}"
        say(
            f"{one.model}, {one.purpose}: {one.calls:,} calls, {one.prompt_tokens:,} tokens in "
            f"({one.cached_prompt_tokens:,} cached), {one.completion_tokens:,} out{cost}"
        )
    say(spent_line(spent))
    for model in spent.unpriced:
        say(f"The price of {model} is not known: enter it with `loresmith prices`.")


def spent_line(spent: Spent) -> str:
    """`Spent: 120 calls, 1.2 M tokens, 3.40 CNY`."""
    money = f", {spent.money_in_words}" if spent.money else ""
    return f"Spent: {spent.calls:,} calls, {short(spent.tokens)} tokens{money}"


def show_estimate(found: Estimate) -> None:
    """Prints what is still to be paid: `about 1.2 M tokens, 3.40 CNY, 12 min`."""
    if not found.calls:
        say("Nothing is left to be asked for.")
        return
    say(f"To write: {found.words}, asked of {found.teacher}")
    if found.beyond_budget:
        say(f"Beware: {found.beyond_budget}")
    if found.obstacle:
        say(f"It would fail: {found.obstacle}")


def show_prices(prices: Sequence[Price]) -> None:
    """Prints a line a model."""
    if not prices:
        say("No price is known.")
    for one in prices:
        cached = "" if one.cached_input is None else f", {one.cached_input:g} cached"
        say(
            f"{one.model} at {one.endpoint}: {one.input:g} in{cached}, {one.output:g} out "
            f"({one.currency} a million tokens)"
        )
