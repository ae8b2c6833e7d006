"""What is known to go wrong, one file each: what to look at, and what to say about it.

A further check is a file with a function from a `Scene` to what it found, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loresmith.workspace.doctor.checks.baichuan2 import baichuan2
from loresmith.workspace.doctor.checks.bf16_support import bf16_support
from loresmith.workspace.doctor.checks.bitsandbytes_works import bitsandbytes_works
from loresmith.workspace.doctor.checks.card_environment import card_environment
from loresmith.workspace.doctor.checks.card_is_open import card_is_open
from loresmith.workspace.doctor.checks.dtk_matches import dtk_matches
from loresmith.workspace.doctor.checks.embedded_model import embedded_model
from loresmith.workspace.doctor.checks.home_folder import home_folder
from loresmith.workspace.doctor.checks.packages import packages
from loresmith.workspace.doctor.checks.product_is_right import product_is_right
from loresmith.workspace.doctor.checks.proxy import proxy
from loresmith.workspace.doctor.checks.qwen2_half_precision import qwen2_half_precision
from loresmith.workspace.doctor.checks.torch_uses_card import torch_uses_card
from loresmith.workspace.doctor.checks.xverse_tokenizer import xverse_tokenizer
from loresmith.workspace.doctor.checks.zero3_offload import zero3_offload
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

MACHINE_CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    torch_uses_card,
    dtk_matches,
    card_is_open,
    card_environment,
    product_is_right,
    packages,
    home_folder,
    embedded_model,
    proxy,
    bitsandbytes_works,
)
"""What can be wrong whatever is trained."""

TRAINING_CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    qwen2_half_precision,
    baichuan2,
    xverse_tokenizer,
    zero3_offload,
    bf16_support,
)
"""What depends on the base model or the settings; told by `check` and before a training, too."""
