"""A device that computes nonsense is caught, also where the nonsense is not a number."""

from __future__ import annotations

import pytest
import torch

from loresmith.devices.matrix_check import check_product

_RIGHT = torch.Tensor.__matmul__


@pytest.mark.parametrize(("spoilt_by", "off"), [(1.1, 0.1), (float("nan"), None)])
def test_a_wrong_product_is_told(
    monkeypatch: pytest.MonkeyPatch, spoilt_by: float, off: float | None
) -> None:
    def spoilt(self: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        result = _RIGHT(self, other)
        return result if result.dtype == torch.float64 else result * spoilt_by

    monkeypatch.setattr(torch.Tensor, "__matmul__", spoilt)
    product = check_product("cpu", name="CPU")
    assert not product.right
    assert product.off == (None if off is None else pytest.approx(off, rel=1e-3))
