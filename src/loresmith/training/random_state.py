"""Why: a step that is done again, or after a resume, must draw the same random numbers."""

from __future__ import annotations

import random
from typing import Any


def random_state() -> dict[str, Any]:
    """The state of every random generator, as torch can save it."""
    import numpy
    import torch

    numbers: Any = numpy.random.get_state()
    kind, keys, *rest = numbers
    return {
        "torch": torch.get_rng_state(),
        "cards": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), *rest],
    }


def set_random_state(state: dict[str, Any], *, device: str) -> None:
    """Puts all generators back; those of the cards where as many are there."""
    import numpy
    import torch

    version, keys, gauss = state["python"]
    random.setstate((version, tuple(keys), gauss))
    kind, numbers, *rest = state["numpy"]
    numpy.random.set_state((kind, numpy.array(numbers, dtype=numpy.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if device != "cpu" and len(state["cards"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cards"])
