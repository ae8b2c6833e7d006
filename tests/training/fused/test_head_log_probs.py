from __future__ import annotations

from typing import Any

import pytest
import torch

from loresmith.training.fused.head_log_probs import head_log_probs


def head(*, dtype: torch.dtype = torch.float32, learned: bool = False) -> Any:
    torch.manual_seed(1)
    return torch.nn.Linear(32, 700, bias=False, dtype=dtype).requires_grad_(learned)


def by_torch(hidden: Any, layer: Any, targets: Any) -> Any:
    return torch.log_softmax(layer(hidden).float(), -1).gather(1, targets.unsqueeze(1)).squeeze(1)


@pytest.mark.parametrize("learned", [False, True])
def test_log_probabilities_and_gradients_are_those_of_torch(learned: bool) -> None:
    layer = head(learned=learned)
    hidden, targets = torch.randn(300, 32), torch.randint(0, 700, (300,))
    weights = torch.randn(300)  # as a preference loss weighs its tokens
    gradients = []
    for way in (head_log_probs, by_torch):
        layer.zero_grad()
        tokens = hidden.clone().requires_grad_()
        found = way(tokens, layer, targets)
        torch.testing.assert_close(found, by_torch(hidden, layer, targets), rtol=1e-4, atol=1e-4)
        (found * weights).sum().backward()
        gradients.append([tokens.grad, *[p.grad for p in layer.parameters() if learned]])
    for ours, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-5)


def test_a_token_that_is_known_well_sends_back_little_and_exactly() -> None:
    """In bf16, 1 less a share of almost 1 would be 0, or a hundred times too much."""
    layer = head(dtype=torch.bfloat16)
    target = torch.tensor([5])
    hidden = layer.weight[5:6].detach() * 35
    exact = head()
    exact.load_state_dict(layer.state_dict())
    ours, expected = hidden.clone().requires_grad_(), hidden.float().requires_grad_()
    head_log_probs(ours, layer, target).sum().backward()
    by_torch(expected, exact, target).sum().backward()
    assert expected.grad is not None and ours.grad is not None
    assert 0 < expected.grad.norm() < 0.1
    torch.testing.assert_close(ours.grad.float(), expected.grad, rtol=0.1, atol=1e-3)


def test_nothing_is_kept_for_gradients_where_none_are_wanted() -> None:
    layer = head()
    with torch.no_grad():
        found = head_log_probs(torch.randn(4, 32), layer, torch.randint(0, 700, (4,)))
    assert not found.requires_grad
