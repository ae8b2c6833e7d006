"""Our losses are trl's, number for number; see `trl_figures.py`."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from loresmith.training.stages import Dpo, Kto
from loresmith.training.stages.pairs import Pair
from loresmith.training.stages.preference_losses import Side, odds_ratio
from loresmith.training.stages.reward import Reward
from training.stages import trl_figures as given

FIGURES: dict[str, Any] = json.loads(given.FILE.read_text(encoding="utf-8"))


def side(answers: Sequence[Sequence[float]], reference: Sequence[float]) -> Side:
    import torch

    return Side(
        torch.tensor([sum(one) for one in answers]),
        torch.tensor([float(len(one)) for one in answers]),
        torch.tensor(reference),
    )


def sides() -> tuple[Side, Side]:
    chosen = side(given.CHOSEN, given.CHOSEN_REFERENCE)
    return chosen, side(given.REJECTED, given.REJECTED_REFERENCE)


@pytest.mark.parametrize("loss", ["sigmoid", "hinge", "ipo"])
@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_dpo(loss: str, beta: float) -> None:
    stage, (chosen, rejected) = Dpo(loss=loss, beta=beta), sides()  # type: ignore[arg-type]
    expected = FIGURES[f"{loss} {beta}"]
    assert float(stage.loss_of(chosen, rejected).mean()) == pytest.approx(expected["loss"])
    better, worse = stage.rewards(chosen), stage.rewards(rejected)
    assert float(better.mean()) == pytest.approx(expected["chosen_reward"], abs=1e-6)
    assert float(worse.mean()) == pytest.approx(expected["rejected_reward"], abs=1e-6)
    assert float((better > worse).float().mean()) == pytest.approx(expected["accuracy"])


def test_labels_that_are_smoothed() -> None:
    losses = Dpo(beta=0.3, label_smoothing=0.2).loss_of(*sides())
    assert losses.tolist() == pytest.approx(FIGURES["smoothed sigmoid"])


def test_simpo() -> None:
    losses = Dpo(loss="simpo", beta=2.0, simpo_gamma=0.7).loss_of(*sides())
    assert losses.tolist() == pytest.approx(FIGURES["simpo"])


def test_orpo_is_the_odds_ratio_and_the_cross_entropy_of_the_better_answer() -> None:
    chosen, rejected = sides()
    assert odds_ratio(chosen, rejected, beta=0.4).tolist() == pytest.approx(FIGURES["orpo"])
    losses = Dpo(loss="orpo", beta=0.4).loss_of(chosen, rejected)
    learned = [-sum(one) / len(one) for one in given.CHOSEN]
    both = [a + b for a, b in zip(FIGURES["orpo"], learned, strict=True)]
    assert losses.tolist() == pytest.approx(both)


def test_an_answer_that_is_nearly_certain_has_a_finite_orpo_loss_and_gradient() -> None:
    import torch

    known = torch.tensor([0.0, -1e-8, -200.0], requires_grad=True)
    ones = torch.ones(3)
    losses = odds_ratio(Side(known, ones), Side(known.flip(0), ones), beta=0.1)
    losses.sum().backward()
    assert all(map(math.isfinite, [*losses.tolist(), *known.grad.tolist()]))


def test_kto() -> None:
    import torch

    stage = Kto(beta=0.1, desirable_weight=1.5, undesirable_weight=0.8)
    expected = FIGURES["kto"]
    ratios = side(given.CHOSEN, given.CHOSEN_REFERENCE).ratio
    losses = stage.loss_of(ratios, torch.tensor(given.LIKED), drift=expected["kl"])
    assert float(losses.mean()) == pytest.approx(expected["loss"])


def test_reward() -> None:
    import torch

    better, worse = given.REWARDS
    pairs: list[Pair] = [None] * 3  # type: ignore[list-item]
    losses = Reward().objective(None).losses(pairs, torch.tensor([*better, *worse]))  # type: ignore[attr-defined]
    assert float(losses.mean()) == pytest.approx(FIGURES["reward"])


@pytest.mark.skipif(
    importlib.util.find_spec("trl") is None,
    reason="trl is not installed, so its newest figures cannot be asked for: pip install trl",
)
def test_trl_still_says_the_same() -> None:
    found = given.figures()
    assert found.keys() == FIGURES.keys()
    for name, figure in found.items():
        assert figure == pytest.approx(FIGURES[name]), name
