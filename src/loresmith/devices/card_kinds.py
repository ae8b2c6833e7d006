"""Why: whoever made a card, it is seen by the studio, the command line and the training log.

A further kind of card is a file with a function that looks at all of its cards, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from loresmith.devices.amd import amd_loads
from loresmith.devices.card_load import CardLoad
from loresmith.devices.hygon import hygon_loads
from loresmith.devices.nvidia import nvidia_loads

CARD_KINDS: Mapping[str, Callable[[], list[CardLoad]]] = {
    "NVIDIA": nvidia_loads,
    "Hygon": hygon_loads,
    "AMD": amd_loads,
}
"""By maker, who looks at the cards of one."""


def card_loads() -> list[CardLoad]:
    """A look at every card of this machine; the tools are asked at the same time, 15 s at most
    for each question."""
    with ThreadPoolExecutor(len(CARD_KINDS), thread_name_prefix="cards") as pool:
        looks = [pool.submit(look) for look in CARD_KINDS.values()]
        return [card for look in looks for card in look.result()]
