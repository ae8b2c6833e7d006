"""Why: on a machine that never did a training, its time is judged by matrix products."""

from __future__ import annotations

import time

from loresmith.devices import Device
from loresmith.training.method import Precision

REACHED = 0.35
"""Share of its speed in matrix products that a device reaches in training, roughly."""
_SIDE = {"cpu": 768, "card": 8192}
_SECONDS = 0.3


def matrix_rate(device: Device, precision: Precision) -> float:
    """FLOP a second that `device` reaches in a matrix product now; takes about half a second."""
    import torch

    side = _SIDE["cpu" if device.kind == "cpu" else "card"]
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left = torch.ones(side, side, dtype=dtype, device=device.torch_device)
    before = torch.get_num_threads()
    torch.set_num_threads(device.threads)
    try:
        float((left @ left)[0, 0])  # the first one is slower
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < _SECONDS:
            float((left @ left)[0, 0])  # waits for a card
            done += 1
        return 2.0 * side**3 * done / (time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)


def flop_of_training(
    parameters: int, tokens: float, *, computes_twice: bool, read: float = 0.0
) -> float:
    """6 a parameter and token (Kaplan et al. 2020, arXiv 2001.08361), and 2 more where activations
    are computed twice; of `read` tokens, which are not learned from, 2. An adapter needs up to a
    third less."""
    return parameters * ((8 if computes_twice else 6) * tokens + 2 * read)
