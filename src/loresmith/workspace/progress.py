"""How far a piece of work is: the one form in which steps tell it to any door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from loresmith.training import ShownRow


class Progress(NamedTuple):
    """`done` of `total` items of `step`; total 0 means that it is not known yet."""

    step: str
    done: int
    total: int
    note: str = ""
    """What a person may want to see beside the bar: a loss, a rate, tokens."""
    sample: ShownRow | None = None
    """One row as it is trained; told once, before a training begins."""
    said: str = ""
    """A sentence for whoever watches, told once: what the step is going to take."""


ProgressListener = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """Listens to nothing."""
