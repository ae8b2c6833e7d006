"""Why: what a file says of several cards (fsdp, deepspeed) has values with a form of their own."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loresmith.llamafactory.given import GivenSettings, Remark

_WORDS = ("full_shard", "shard_grad_op", "hybrid_shard", "hybrid_shard_zero2", "no_shard")
_BESIDE = ("offload", "auto_wrap")
_KEYS = frozenset(
    """version fsdp_version min_num_params transformer_layer_cls_to_wrap auto_wrap_policy
    backward_prefetch forward_prefetch limit_all_gathers use_orig_params sync_module_states
    cpu_ram_efficient_loading activation_checkpointing reshard_after_forward state_dict_type
    offload_params sharding_strategy xla xla_fsdp_v2 xla_fsdp_settings
    xla_fsdp_grad_ckpt""".split()
)


def on_cards(settings: GivenSettings) -> dict[str, Any]:
    """The recipe's settings of training for `fsdp`, `fsdp_config` and `deepspeed`."""
    found: dict[str, Any] = {}
    words, config = _words(settings), _config(settings)
    if "full_shard" in words or (settings["fsdp"] and not set(words) & set(_WORDS)):
        found["fsdp"] = "full_shard"
    if "shard_grad_op" in words or config.get("reshard_after_forward") in (False, "shard_grad_op"):
        found["fsdp"] = "shard_grad_op"
    if "offload" in words or config.get("offload_params") is True:
        found["fsdp_offload"] = True
    named = settings["deepspeed"]
    if isinstance(named, dict):
        found["deepspeed"] = json.dumps(named)
    elif named:
        found["deepspeed"] = str(named)
    return found


def check_cards(settings: GivenSettings) -> None:
    """Adds the faults of `fsdp`, `fsdp_config` and `deepspeed`."""
    for word in _words(settings):
        if word.startswith("hybrid_shard"):
            settings.fault("fsdp", f"{word} is not there: use full_shard")
        elif word not in (*_WORDS, *_BESIDE):
            close = difflib.get_close_matches(word, [*_WORDS, *_BESIDE], n=1)
            settings.fault(
                "fsdp", f"unknown: {word}" + (f"; did you mean {close[0]}?" if close else "")
            )
    for key in _config(settings):
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            settings.fault(
                "fsdp_config", f"unknown: {key}" + (f"; did you mean {close[0]}?" if close else "")
            )
    if isinstance(settings["fsdp_config"], str) and not _config(settings):
        settings.fault("fsdp_config", f"there is no JSON block in {settings['fsdp_config']}")
    if settings["fsdp"] and settings["deepspeed"]:
        settings.fault("fsdp", "does not go with deepspeed; leave one of them out")


def ignored_of_fsdp(settings: GivenSettings) -> Iterator[Remark]:
    """The keys of fsdp_config that change nothing."""
    unused = sorted(_KEYS & set(_config(settings)) - {"offload_params", "reshard_after_forward"})
    if unused:
        told = f"ignored: {', '.join(unused)}: each layer is wrapped, by torch's own FSDP2"
        yield settings.remark("fsdp_config", told)


def _words(settings: GivenSettings) -> list[str]:
    """What `fsdp` lists, whether parted by blanks or by commas; `true` is none of them."""
    named = [word for part in settings["fsdp"] or () for word in part.split()]
    return [word for word in named if word not in ("true", "false")]


def _config(settings: GivenSettings) -> dict[str, Any]:
    """The block of `fsdp_config`, or that in the file it names; its keys without `fsdp_`."""
    given = settings["fsdp_config"]
    if isinstance(given, str):
        try:
            given = json.loads(Path(given).expanduser().read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            given = None
    if not isinstance(given, dict):
        return {}
    return {key.removeprefix("fsdp_"): value for key, value in given.items()}
