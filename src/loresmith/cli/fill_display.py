"""How a fill looks in a terminal: what it would ask, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loresmith.cli.cost_display import show_estimate
from loresmith.cli.display import say

if TYPE_CHECKING:
    from loresmith.workspace.filling import FillPlan, FillSummary


def show_fill_plan(plan: FillPlan) -> None:
    """Prints what would be asked for, and what that takes."""
    say(
        f"Open: {plan.statements:,} statements with {plan.figures:,} missing figures, "
        f"{plan.facts:,} facts without wordings"
    )
    show_estimate(plan.estimate)


def show_filled(summary: FillSummary) -> None:
    """Prints what became of all that was asked about again."""
    say(
        f"Asked about again: {summary.asked:,} statements; {summary.filled:,} filled, "
        f"{summary.not_there:,} without a fact as the teacher says, {summary.thrown_out:,} still "
        "open: `loresmith coverage` tells why"
    )
    if summary.passages_not_asked:
        say(
            f"{summary.passages_not_asked:,} passages were never asked about: "
            "`loresmith generate` does that"
        )
