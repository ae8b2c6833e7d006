"""Why: our losses are those of trl, number for number, and trl need not be there to be sure of it.

`python tests/training/stages/trl_figures.py` asks the loss functions of an installed trl (1.16; it
needs Python 3.11) about the answers below and writes what they say to `trl_figures.json`. The tests
compare our losses with that file, and the file with trl where it is installed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FILE = Path(__file__).with_name("trl_figures.json")

# Log-probabilities of the tokens of answers, in nats, and of whole answers by the reference.
CHOSEN = [[-1.2, -0.3, -2.0], [-0.5, -0.1], [-3.0, -1.0, -0.2, -0.7], [-0.9], [-2.2, -1.4]]
REJECTED = [[-2.5, -1.5], [-0.4, -0.6, -0.2], [-1.0, -0.1], [-4.0, -2.0, -0.5], [-1.1]]
CHOSEN_REFERENCE = [-4.0, -0.3, -5.5, -1.2, -2.0]
REJECTED_REFERENCE = [-3.0, -1.6, -0.9, -6.0, -2.5]
STRANGE = [-7.5, -3.0, -9.0, -2.2, -6.1]
STRANGE_REFERENCE = [-8.0, -3.4, -9.1, -3.0, -6.0]
LIKED = [True, False, False, True, True]
REWARDS = ([0.4, -1.2, 2.0], [0.1, -0.9, -3.0])


def figures() -> dict[str, Any]:
    """What trl says."""
    found: dict[str, Any] = {}
    for loss in ("sigmoid", "hinge", "ipo"):
        for beta in (0.1, 0.5):
            found[f"{loss} {beta}"] = _dpo(loss, beta)
    found["smoothed sigmoid"] = _cpo("sigmoid", beta=0.3, label_smoothing=0.2)
    found["simpo"] = _cpo("simpo", beta=2.0, simpo_gamma=0.7)
    found["orpo"] = _orpo(beta=0.4)
    found["kto"] = _kto(beta=0.1, desirable_weight=1.5, undesirable_weight=0.8)
    found["reward"] = _reward()
    return found


def _dpo(loss: str, beta: float) -> dict[str, float]:
    import torch
    from trl import DPOTrainer

    answers = [*CHOSEN, *REJECTED]
    width = max(map(len, answers))
    log_probs = torch.tensor([one + [0.0] * (width - len(one)) for one in answers])
    mask = torch.tensor([[0] + [1] * len(one) + [0] * (width - len(one)) for one in answers])
    told = SimpleNamespace(
        log_probs=log_probs,
        entropy=torch.zeros_like(log_probs),
        mean_logits=torch.zeros_like(log_probs),
        is_top1=torch.zeros_like(log_probs, dtype=torch.bool),
    )
    trainer = _trainer(
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[loss],
        loss_weights=[1.0],
        beta=beta,
        use_weighting=False,
    )
    inputs = {
        "input_ids": torch.ones_like(mask),
        "attention_mask": torch.ones_like(mask),
        "completion_mask": mask,
        "ref_chosen_logps": torch.tensor(CHOSEN_REFERENCE),
        "ref_rejected_logps": torch.tensor(REJECTED_REFERENCE),
    }
    given = DPOTrainer._compute_loss(trainer, lambda **_: told, inputs, False)
    measured = {name: figure[-1] for name, figure in trainer._metrics["train"].items()}
    return {
        "loss": float(given),
        "chosen_reward": measured["rewards/chosen"],
        "rejected_reward": measured["rewards/rejected"],
        "margin": measured["rewards/margins"],
        "accuracy": measured["rewards/accuracies"],
    }


def _cpo(loss: str, **settings: float) -> list[float]:
    """Of sigmoid, the ratios to the reference are given as if they were log-probabilities."""
    import torch
    from trl.experimental.cpo import CPOTrainer

    chosen = torch.tensor([sum(one) for one in CHOSEN])
    rejected = torch.tensor([sum(one) for one in REJECTED])
    if loss == "simpo":
        chosen = chosen / torch.tensor([len(one) for one in CHOSEN])
        rejected = rejected / torch.tensor([len(one) for one in REJECTED])
    else:
        chosen = chosen - torch.tensor(CHOSEN_REFERENCE)
        rejected = rejected - torch.tensor(REJECTED_REFERENCE)
    defaults = {"alpha": 0.0, "label_smoothing": 0.0, "simpo_gamma": 0.0}
    trainer = _trainer(loss_type=loss, **{**defaults, **settings})
    losses, _, _ = CPOTrainer.cpo_loss(trainer, chosen, rejected)
    return list(losses.tolist())


def _orpo(beta: float) -> list[float]:
    import torch
    from trl.experimental.orpo import ORPOTrainer

    means = [
        torch.tensor([sum(one) / len(one) for one in answers]) for answers in (CHOSEN, REJECTED)
    ]
    losses, *_ = ORPOTrainer.odds_ratio_loss(_trainer(beta=beta), *means)
    return [-loss for loss in losses.tolist()]


def _kto(**settings: float) -> dict[str, float]:
    import torch
    from trl import KTOTrainer

    width = max(map(len, CHOSEN))
    log_probs = torch.tensor([one + [0.0] * (width - len(one)) for one in CHOSEN])
    mask = torch.tensor([[0] + [1] * len(one) + [0] * (width - len(one)) for one in CHOSEN])
    told = SimpleNamespace(
        log_probs=log_probs,
        entropy=torch.zeros_like(log_probs),
        mean_logits=torch.zeros_like(log_probs),
        is_top1=torch.zeros_like(log_probs, dtype=torch.bool),
    )
    trainer = _trainer(
        calculate_KL=True,
        precompute_ref_logps=True,
        loss_type="kto",
        _compute_kl_logps=lambda _model, _batch: torch.tensor(STRANGE),
        **settings,
    )
    inputs = {
        "input_ids": torch.ones_like(mask),
        "attention_mask": torch.ones_like(mask),
        "completion_mask": mask,
        "label": torch.tensor(LIKED),
        "ref_logps": torch.tensor(CHOSEN_REFERENCE),
        "ref_KL_logps": torch.tensor(STRANGE_REFERENCE),
    }
    given = KTOTrainer._compute_loss(trainer, lambda **_: told, inputs, False)
    return {"loss": float(given), "kl": trainer._metrics["train"]["kl"][-1]}


def _reward() -> float:
    import torch
    from trl import RewardTrainer

    trainer = _trainer(args=SimpleNamespace(center_rewards_coefficient=None))
    told = SimpleNamespace(logits=torch.tensor([[one] for side in REWARDS for one in side]))
    inputs = {"attention_mask": torch.ones(6, 3)}
    return float(RewardTrainer.compute_loss(trainer, lambda **_: told, inputs))


def _trainer(**settings: Any) -> SimpleNamespace:
    """What trl's loss functions read of their trainer."""
    accelerator = SimpleNamespace(
        device="cpu", gather=lambda one: one, gather_for_metrics=lambda one: one
    )
    return SimpleNamespace(
        model=SimpleNamespace(training=True),
        accelerator=accelerator,
        aux_loss_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
        **settings,
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(figures(), indent=1) + "\n", encoding="utf-8")
