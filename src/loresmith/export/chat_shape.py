"""Why: most chat templates put fixed words around what is said, and those words can be told to a
program that knows no Jinja.

What they are is found by writing a few conversations, not by reading the template; then longer
ones are written both ways, and a template that does more than that has no shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

Turn = dict[str, str]
Render = Callable[[Sequence[Turn]], str]
"""Writes a conversation as a model is asked to reply to it."""


class ChatShape(NamedTuple):
    """The words around each turn."""

    opening: str
    """Before the first question, where there is no system message."""
    system_before: str
    system_after: str
    """Between a system message and the first question."""
    reply_before: str
    """Between a question and the reply to it."""
    reply_after: str
    """Between a reply and the next question."""
    ask: str
    """After the last question, up to where a reply begins."""

    def write(self, turns: Sequence[Turn]) -> str:
        """A conversation of these words: a system message or none, then questions and replies."""
        first, *rest = turns
        text = self.opening
        if first["role"] == "system":
            text = self.system_before + first["content"] + self.system_after
            first, *rest = rest
        text += first["content"]
        for turn in rest:
            before = self.reply_before if turn["role"] == "assistant" else self.reply_after
            text += before + turn["content"]
        return text + self.ask


def shape_of(render: Render) -> ChatShape | None:
    """The shape of the template that `render` writes by; None where it has none."""
    system, first, reply, second = (f"{word}Kestrel" for word in ("S", "Q", "R", "N"))
    short = render([_turn("user", first)])
    longer = render([_turn("user", first), _turn("assistant", reply), _turn("user", second)])
    led = render([_turn("system", system), _turn("user", first)])
    if any(text.count(said) != 1 for text, said in ((short, first), (led, system), (led, first))):
        return None
    if any(longer.count(said) != 1 for said in (first, reply, second)):
        return None
    opening, _, ask = short.partition(first)
    system_before, _, rest = led.partition(system)
    reply_before, _, tail = longer.partition(first)[2].partition(reply)
    shape = ChatShape(
        opening,
        system_before,
        rest.partition(first)[0],
        reply_before,
        tail.partition(second)[0],
        ask,
    )
    return shape if all(shape.write(chat) == render(chat) for chat in _chats()) else None


def _turn(role: str, content: str) -> Turn:
    return {"role": role, "content": content}


def _chats() -> list[list[Turn]]:
    """Conversations of up to three questions, with and without a system message."""
    said = [
        _turn("user", "How deep is the harbour?"),
        _turn("assistant", "14.2 m, says the \u6e2f\u52a1\u5c40."),
        _turn("user", "\u8c01\u91cf\u7684\uff1f"),
        _turn("assistant", "\u6797\u6d77\u821f\u3002\n\nIn 2023."),
        _turn("user", "Thanks. And now?"),
    ]
    system = _turn("system", "Answer in few words.\n\u7b80\u77ed\u56de\u7b54\u3002")
    plain = [said[:1], said[:3], said]
    return [*plain, *([system, *chat] for chat in plain)]
