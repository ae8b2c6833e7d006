"""Why: a card that computes wrongly trains into nonsense, and its tool calls it healthy."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene


def product_is_right(scene: Scene) -> Iterator[Finding]:
    """Whether each device that was let multiply two matrices did so rightly."""
    for product in scene.examination.products:
        if product.right:
            continue
        yield Finding(
            check="product_is_right",
            message=f"a product of two matrices on {product.device} ({product.name}) fails: "
            f"{product.fault or 'the result is wrong'}",
            hint="Where memory ran out, end what holds it (loresmith devices shows the processes). "
            "Else let driver and torch match, and have the card tested.",
        )
