"""Why: a norm does little to each number, so the passes over memory are what it costs.

Written out in fp32, as models have it, it took 2.7 ms there and back (830 tokens of 576 features,
one core, bf16), and 1.3 so. Root mean square layer normalization: Zhang and Sennrich 2019, arXiv
1910.07467.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


def fused_rms_norm(layer: Any) -> Callable[[Any], Any] | None:
    """What computes the same as `layer`; None of any other layer, told by its name and by what it
    makes of a few numbers."""
    import torch

    epsilon = getattr(layer, "variance_epsilon", getattr(layer, "eps", None))
    weight = getattr(layer, "weight", None)
    if not type(layer).__name__.endswith("RMSNorm") or weight is None or epsilon is None:
        return None
    if layer._forward_hooks or layer._forward_pre_hooks or [*layer.parameters()] != [weight]:
        return None

    def forward(tokens: Any) -> Any:
        return _function().apply(tokens, weight, epsilon)

    numbers = torch.linspace(-3, 2, 2 * weight.shape[-1], device=weight.device, dtype=weight.dtype)
    numbers = numbers.view(2, -1)
    with torch.no_grad():
        expected, given = layer(numbers), forward(numbers)
    alike = expected.dtype == given.dtype and torch.allclose(expected, given, rtol=0.02, atol=1e-3)
    return forward if alike else None


@cache
def _function() -> Any:
    import torch

    class RmsNorm(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
        """y = w x / rms(x), the length taken in fp32; and the gradients of x and w."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, epsilon: float) -> Any:
            exact = x.to(torch.float32, copy=True)
            length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
            factor = torch.rsqrt(length.square_() / x.shape[-1] + epsilon)
            ctx.save_for_backward(x, weight, factor)
            return exact.mul_(factor).to(x.dtype) * weight

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            x, weight, factor = ctx.saved_tensors
            even = x.to(torch.float32, copy=True).mul_(factor)
            of_weight = None
            if ctx.needs_input_grad[1]:
                of_weight = (gradient * even).flatten(0, -2).sum(0).to(weight.dtype)
            of_even = (gradient * weight).to(torch.float32, copy=True)
            along = torch.linalg.vecdot(of_even, even).unsqueeze(-1) / x.shape[-1]
            of_x = of_even.sub_(even.mul_(along)).mul_(factor).to(x.dtype)
            return of_x, of_weight, None

    return RmsNorm
