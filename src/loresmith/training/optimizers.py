"""Why: how weights follow their gradients is chosen by name, and built only when it is needed.

Names are those of transformers (`optim`), and a few more that torch has. What needs a package
that is not there is told before anything is loaded.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, Protocol, get_args

from pydantic import BeforeValidator

from loresmith.errors import TrainingError
from loresmith.training.probing import probed_apart

OptimizerName = Literal[
    "adamw_torch",
    "adamw_torch_fused",
    "adafactor",
    "sgd",
    "adagrad",
    "rmsprop",
    "adamax",
    "nadam",
    "radam",
    "adamw_bnb_8bit",
    "adamw_8bit",
    "paged_adamw_32bit",
    "paged_adamw_8bit",
    "ademamix",
    "ademamix_8bit",
    "paged_ademamix_32bit",
    "paged_ademamix_8bit",
    "lion_32bit",
    "lion_8bit",
    "paged_lion_32bit",
    "paged_lion_8bit",
    "rmsprop_bnb",
    "rmsprop_bnb_8bit",
    "rmsprop_bnb_32bit",
    "adamw_torch_4bit",
    "adamw_torch_8bit",
    "stable_adamw",
]

_NOT_OFFERED = (
    "galore_",
    "apollo_",
    "lomo",
    "adalomo",
    "schedule_free_",
    "grokadamw",
    "adamw_anyprecision",
    "adamw_torch_xla",
    "adamw_torch_npu_fused",
)
"""How the names of transformers' other optimizers begin."""


def _explained(value: Any) -> Any:
    """Says of a name that is not offered why, or what was meant; the rest is left to the type."""
    known = get_args(OptimizerName)
    if value in known:
        return value
    if str(value).startswith(_NOT_OFFERED):
        raise ValueError(
            f"{value} is not offered: it wants settings, a training loop or hardware of its own; "
            "to save memory take adafactor or adamw_bnb_8bit"
        )
    close = difflib.get_close_matches(str(value), known, n=1)
    if close:
        raise ValueError(f"unknown; did you mean {close[0]}?")
    return value


Optimizer = Annotated[OptimizerName, BeforeValidator(_explained)]
"""The name of an optimizer, as recipes give it."""


class OptimizerSettings(Protocol):
    """What an optimizer reads of a training method."""

    @property
    def optimizer(self) -> OptimizerName: ...
    @property
    def adam_beta1(self) -> float: ...
    @property
    def adam_beta2(self) -> float: ...
    @property
    def adam_epsilon(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    def rate_factor(self, name: str) -> float: ...


def make_optimizer(settings: OptimizerSettings, named: Iterable[tuple[str, Any]]) -> Any:
    """The optimizer of `settings` over parameters by name, at a learning rate of 0.

    Vectors (norms, biases) are not decayed. Each group notes, as `rate_factor`, how many times
    the learning rate its parameters learn at.
    """
    groups: dict[tuple[float, bool], list[Any]] = {}
    for name, parameter in named:
        place = (settings.rate_factor(name), parameter.ndim < 2)
        groups.setdefault(place, []).append(parameter)
    ordered = sorted(groups, key=lambda place: (place[1], place[0]))
    return _class_of(settings.optimizer)(
        [
            {
                "params": groups[factor, is_vector],
                "weight_decay": 0.0 if is_vector else settings.weight_decay,
                "rate_factor": factor,
            }
            for factor, is_vector in ordered
        ],
        lr=0.0,
        **_options(settings),
    )


def set_learning_rate(optimizer: Any, rate: float) -> None:
    """Lets the next step be taken at `rate`, times each group's own factor."""
    for group in optimizer.param_groups:
        own = rate * group["rate_factor"]
        if hasattr(group["lr"], "fill_"):  # torchao keeps it as a tensor
            group["lr"].fill_(own)
        else:
            group["lr"] = own


def optimizer_obstacles(name: OptimizerName) -> Iterator[TrainingError]:
    """Why the optimizer cannot be used on this machine, if so; loads nothing into this process."""
    kind = _KINDS[name]
    if not kind.package:
        return
    instead = "Or take adamw_torch, or adafactor, which saves memory too."
    if importlib.util.find_spec(kind.module.partition(".")[0]) is None:
        yield TrainingError(
            f"training.optimizer {name} needs the package {kind.package}, which is not installed",
            hint=f"pip install {kind.package}. {instead}",
        )
        return
    fault = probed_apart("loresmith.training.optimizers", "probe_optimizer", name)
    if fault:
        yield TrainingError(
            f"training.optimizer {name} does not work on this machine: {fault.message}",
            hint=instead,
        )


def probe_optimizer(name: str) -> None:
    """Takes one step on this machine's device, raising what that raises."""
    import torch

    from loresmith.devices import detect_device

    known = next(one for one in get_args(OptimizerName) if one == name)
    weight = torch.nn.Parameter(torch.ones(128, 128, device=detect_device().torch_device))
    optimizer = make_optimizer(_Plain(known), [("weight", weight)])
    set_learning_rate(optimizer, 0.1)
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    if bool((weight == 1).all()):
        raise RuntimeError("a step changes nothing")


class _Plain(NamedTuple):
    """Settings for a probe."""

    optimizer: OptimizerName
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    weight_decay: float = 0.0

    def rate_factor(self, name: str) -> float:  # noqa: ARG002
        return 1.0


class _Kind(NamedTuple):
    """Where an optimizer's class is, and what it is called with."""

    module: str
    name: str
    betas: bool = False
    """Whether it takes `adam_beta1` and `adam_beta2`."""
    epsilon: bool = False
    fixed: tuple[tuple[str, Any], ...] = ()
    package: str = ""
    """To be installed; empty where torch and transformers are enough."""


def _class_of(name: OptimizerName) -> Any:
    kind = _KINDS[name]
    return getattr(importlib.import_module(kind.module), kind.name)


def _options(settings: OptimizerSettings) -> dict[str, Any]:
    kind = _KINDS[settings.optimizer]
    options = dict(kind.fixed)
    if kind.betas:
        slower = options.pop("betas", ())  # AdEMAMix has a third
        options["betas"] = (settings.adam_beta1, settings.adam_beta2, *slower)
    if kind.epsilon:
        options["eps"] = settings.adam_epsilon
    return options


def _of_torch(name: str, *, adam: bool = False, **fixed: Any) -> _Kind:
    return _Kind("torch.optim", name, adam, adam, tuple(fixed.items()))


def _of_bitsandbytes(name: str, *, bits: int, epsilon: bool = True, **fixed: Any) -> _Kind:
    options = {"optim_bits": bits, **fixed}
    takes_betas = name != "RMSprop"
    return _Kind(
        "bitsandbytes.optim",
        name,
        takes_betas,
        epsilon and takes_betas,
        tuple(options.items()),
        "bitsandbytes",
    )


def _of_torchao(name: str) -> _Kind:
    return _Kind("torchao.optim", name, True, True, (), "torchao")


_SLOWEST = (0.9999,)  # beta3 of AdEMAMix (arXiv 2409.03137)

_KINDS: dict[OptimizerName, _Kind] = {
    "adamw_torch": _of_torch("AdamW", adam=True, fused=True),
    "adamw_torch_fused": _of_torch("AdamW", adam=True, fused=True),
    "adafactor": _Kind(
        "transformers.optimization",
        "Adafactor",
        fixed=(("scale_parameter", False), ("relative_step", False)),
    ),
    "sgd": _of_torch("SGD"),
    "adagrad": _of_torch("Adagrad"),
    "rmsprop": _of_torch("RMSprop"),
    "adamax": _of_torch("Adamax", adam=True),
    "nadam": _of_torch("NAdam", adam=True, decoupled_weight_decay=True),
    "radam": _of_torch("RAdam", adam=True, decoupled_weight_decay=True),
    "adamw_bnb_8bit": _of_bitsandbytes("AdamW", bits=8),
    "adamw_8bit": _of_bitsandbytes("AdamW", bits=8),
    "paged_adamw_32bit": _of_bitsandbytes("AdamW", bits=32, is_paged=True),
    "paged_adamw_8bit": _of_bitsandbytes("AdamW", bits=8, is_paged=True),
    "ademamix": _of_bitsandbytes("AdEMAMix", bits=32, betas=_SLOWEST),
    "ademamix_8bit": _of_bitsandbytes("AdEMAMix", bits=8, betas=_SLOWEST),
    "paged_ademamix_32bit": _of_bitsandbytes("AdEMAMix", bits=32, is_paged=True, betas=_SLOWEST),
    "paged_ademamix_8bit": _of_bitsandbytes("AdEMAMix", bits=8, is_paged=True, betas=_SLOWEST),
    "lion_32bit": _of_bitsandbytes("Lion", bits=32, epsilon=False),
    "lion_8bit": _of_bitsandbytes("Lion", bits=8, epsilon=False),
    "paged_lion_32bit": _of_bitsandbytes("Lion", bits=32, epsilon=False, is_paged=True),
    "paged_lion_8bit": _of_bitsandbytes("Lion", bits=8, epsilon=False, is_paged=True),
    "rmsprop_bnb": _of_bitsandbytes("RMSprop", bits=32),
    "rmsprop_bnb_8bit": _of_bitsandbytes("RMSprop", bits=8),
    "rmsprop_bnb_32bit": _of_bitsandbytes("RMSprop", bits=32),
    "adamw_torch_4bit": _of_torchao("AdamW4bit"),
    "adamw_torch_8bit": _of_torchao("AdamW8bit"),
    "stable_adamw": _Kind("optimi", "StableAdamW", True, True, (), "torch-optimi"),
}
