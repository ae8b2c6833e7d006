"""Why: pages that show how busy a card is ask one place, whoever made the card."""

from __future__ import annotations

from pydantic import Field

from loresmith.records import Record


class CardLoad(Record):
    """One look at one card. None is what its tool does not tell."""

    index: int
    """Its number among the cards of its maker."""
    name: str
    kind: str
    """`cuda`, `rocm` or `dcu`."""
    busy_percent: float | None = None
    """Of the time since the last look, how much it computed."""
    memory_used: int | None = None
    """Bytes, by all processes."""
    memory_total: int | None = None
    """Bytes."""
    memory_percent: float | None = None
    """How much of its memory is in use, where only that is told."""
    temperature: float | None = None
    """Degrees Celsius."""
    power: float | None = None
    """Watts."""
    power_limit: float | None = None
    """Watts."""
    processes: dict[int, int] = Field(default_factory=dict)
    """Bytes of its memory by process id."""
