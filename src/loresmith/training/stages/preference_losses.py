"""Why: what each preference loss says of a pair, as formulas of log-probabilities and no more.

Checked number for number against trl's trainers (DPO 1.16; CPO and ORPO of its experimental part).
All tensors have one number a pair; log-probabilities are those of whole replies, in nats.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

PreferenceLoss = Literal["sigmoid", "hinge", "ipo", "orpo", "simpo"]
REFERENCE_FREE: frozenset[PreferenceLoss] = frozenset({"orpo", "simpo"})


class Side(NamedTuple):
    """What is known of one side of some pairs: the better answers, or the worse."""

    log_probs: Any
    """By the model that learns."""
    tokens: Any
    """How many tokens each has."""
    reference: Any = 0.0
    """Log-probabilities by the model as it started."""

    @property
    def ratio(self) -> Any:
        """How much likelier they have become, in nats."""
        return self.log_probs - self.reference

    @property
    def mean(self) -> Any:
        """In nats a token."""
        return self.log_probs / self.tokens


def dpo_sigmoid(chosen: Side, rejected: Side, *, beta: float, smoothing: float) -> Any:
    """Rafailov et al. 2023 (arXiv 2305.18290), eq. 7; with `smoothing`, the share of pairs that are
    the wrong way round, its conservative form (Mitchell 2023)."""
    from torch.nn.functional import logsigmoid

    margin = beta * (chosen.ratio - rejected.ratio)
    return -(1 - smoothing) * logsigmoid(margin) - smoothing * logsigmoid(-margin)


def hinge(chosen: Side, rejected: Side, *, beta: float) -> Any:
    """That of SLiC (Zhao et al. 2023, arXiv 2305.10425), with the margin of DPO."""
    return (1 - beta * (chosen.ratio - rejected.ratio)).relu()


def ipo(chosen: Side, rejected: Side, *, beta: float) -> Any:
    """Azar et al. 2023 (arXiv 2310.12036), eq. 17, of means over tokens; beta is its tau."""
    margin = chosen.ratio / chosen.tokens - rejected.ratio / rejected.tokens
    return (margin - 1 / (2 * beta)) ** 2


def odds_ratio(chosen: Side, rejected: Side, *, beta: float) -> Any:
    """The second part of ORPO (Hong et al. 2024, arXiv 2403.07691), eq. 7, times beta, which the
    paper calls lambda. The first part is the cross-entropy of the better answers."""
    from torch.nn.functional import logsigmoid

    log_odds = chosen.mean - rejected.mean - (_log_1m_exp(chosen.mean) - _log_1m_exp(rejected.mean))
    return -beta * logsigmoid(log_odds)


def simpo(chosen: Side, rejected: Side, *, beta: float, gamma: float) -> Any:
    """Meng et al. 2024 (arXiv 2405.14734), eq. 6: the margin of means has to exceed gamma."""
    from torch.nn.functional import logsigmoid

    return -logsigmoid(beta * (chosen.mean - rejected.mean) - gamma)


def _log_1m_exp(value: Any) -> Any:
    """log(1 - exp(value)) for value < 0, without losing digits near 0 (Maechler 2012)."""
    import torch

    value = value.clamp(max=-1e-7)  # a probability of 1 has no odds
    near = value > -0.6931472  # -log 2
    return torch.where(
        near,
        torch.log(-torch.expm1(torch.where(near, value, -1.0))),
        torch.log1p(-torch.exp(torch.where(near, -1.0, value))),
    )
