"""Why: a card that answers to its tool may still compute wrongly, or not at all: a product tells.

Some rows of a product of two matrices are compared with the same rows in double precision on the
processor. The rate that comes with it is that of one small product, no benchmark.
"""

from __future__ import annotations

import time

from loresmith.records import Record

_SIZE_ON_CPU = 512
_SIZE_ON_CARD = 2048
_ROWS_COMPARED = 8
_FAR_OFF = 0.02
"""Of the norm: TF32 and bf16 round by less, a wrong product is off by more."""
_MEASURED_SECONDS = 0.2
_MOST_PRODUCTS = 200


class ProductCheck(Record):
    """What one device made of a product of two square matrices in fp32."""

    device: str
    """As torch names it, such as `cuda:0`."""
    name: str
    size: int
    """Rows of each matrix."""
    right: bool
    off: float | None = None
    """How far the product is from the right one, as a share of its norm."""
    gflops: float | None = None
    """Thousand million operations a second."""
    fault: str = ""
    """Why nothing came out, if so."""


def check_product(device: str, *, name: str) -> ProductCheck:
    """Multiplies on `device`, `cpu` or `cuda:1`, and compares; what torch raises is the fault."""
    size = _SIZE_ON_CPU if device == "cpu" else _SIZE_ON_CARD
    try:
        off, gflops = _product(device, size)
    except (RuntimeError, AssertionError) as error:  # how torch says that a device fails
        fault = str(error).strip().partition("\n")[0]
        return ProductCheck(device=device, name=name, size=size, right=False, fault=fault)
    # A card that returns NaN is off by NaN, which no comparison is true of.
    told = off if off == off else None
    right = told is not None and told < _FAR_OFF
    return ProductCheck(device=device, name=name, size=size, right=right, off=told, gflops=gflops)


def _product(device: str, size: int) -> tuple[float, float]:
    import torch

    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator) for _ in range(2))
    there_a, there_b = a.to(device), b.to(device)
    got = (there_a @ there_b)[:_ROWS_COMPARED].double().cpu()  # the first is for warming up
    expected = a[:_ROWS_COMPARED].double() @ b.double()
    begun, done = time.perf_counter(), 0
    while done < _MOST_PRODUCTS and time.perf_counter() - begun < _MEASURED_SECONDS:
        there_a @ there_b
        done += 1
        if device != "cpu":
            torch.cuda.synchronize(device)
    seconds = time.perf_counter() - begun
    off = float((got - expected).norm() / expected.norm())
    return off, done * 2 * size**3 / seconds / 1e9
