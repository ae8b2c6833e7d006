"""A conversation in the terminal, with one model or with base and tuned side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from loresmith.workspace.candidates import Candidate, Which
    from loresmith.workspace.conversation import Sampling

console = Console()


def talk(
    candidate: Candidate,
    which: Sequence[Which],
    *,
    system: str | None,
    sampling: Sampling,
) -> None:
    """Reads lines until an empty one, `/exit` or the end of input; `/new` starts afresh."""
    from loresmith.workspace.conversation import Conversation

    with ExitStack() as stack:
        conversations = {
            role: stack.enter_context(
                Conversation(
                    candidate.open(role, on_progress=console.print),
                    system=system,
                    sampling=sampling,
                )
            )
            for role in which
        }
        console.print("[dim]/new starts afresh, /exit or an empty line ends.[/dim]")
        while (line := _ask()) not in ("", "/exit"):
            for role, conversation in conversations.items():
                if line == "/new":
                    conversation.forget()
                    continue
                label = f"{role}> " if len(which) > 1 else "> "
                console.print(label, style="bold", end="", highlight=False)
                for piece in conversation.say(line):
                    console.out(piece, end="", highlight=False)
                console.print()


def _ask() -> str:
    """The next line; one from a pipe is printed, so that the output reads as a conversation."""
    try:
        line = input("you> ").strip()
    except (EOFError, KeyboardInterrupt):
        console.print()
        return ""
    if not sys.stdin.isatty():
        console.out(line, highlight=False)
    return line
