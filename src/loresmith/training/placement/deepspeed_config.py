"""Why: a DeepSpeed file with a mistyped key trains as if the key were not there; ours is refused.

The keys are those of DeepSpeed's documentation (https://www.deepspeed.ai/docs/config-json/). What
is `auto` in a file is filled in from the recipe, as transformers' Trainer would.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.errors import NotFound, TrainingError

_PRESETS = ("zero2", "zero2_offload", "zero3", "zero3_offload")
_AS_LLAMA_FACTORY_CALLS_THEM = {
    "ds_z2_config.json": "zero2",
    "ds_z2_offload_config.json": "zero2_offload",
    "ds_z3_config.json": "zero3",
    "ds_z3_offload_config.json": "zero3_offload",
}
_KEYS = frozenset(
    """train_batch_size train_micro_batch_size_per_gpu gradient_accumulation_steps
    gradient_clipping bf16 fp16 amp zero_optimization zero_allow_untested_optimizer
    zero_force_ds_cpu_optimizer steps_per_print wall_clock_breakdown memory_breakdown dump_state
    prescale_gradients gradient_predivide_factor communication_data_type data_types
    sparse_gradients disable_allgather aio activation_checkpointing flops_profiler comms_logger
    checkpoint csv_monitor tensorboard wandb comet graph_harvesting compile torch_autocast
    seq_parallel_communication_data_type hybrid_engine timers nebula""".split()
)
_REFUSED = {
    "optimizer": "the optimizer is training.optimizer: leave this block out",
    "scheduler": "the schedule is training.scheduler: leave this block out",
    "amp": "half precision overflows: leave it out, and set bf16",
}
_KEYS_OF_ZERO = frozenset(
    """stage contiguous_gradients reduce_scatter reduce_bucket_size use_multi_rank_bucket_allreduce
    allgather_partitions allgather_bucket_size overlap_comm load_from_fp32_weights
    elastic_checkpoint offload_param offload_optimizer sub_group_size cpu_offload
    cpu_offload_params cpu_offload_use_pin_memory stage3_prefetch_bucket_size
    stage3_param_persistence_threshold stage3_model_persistence_threshold
    stage3_max_live_parameters stage3_max_reuse_distance stage3_module_granularity_threshold
    stage3_gather_16bit_weights_on_model_save stage3_gather_fp16_weights_on_model_save
    stage3_use_all_reduce_for_fetch_params stage3_allgather_sequential ignore_unused_parameters
    legacy_stage1 round_robin_gradients zero_hpz_partition_size zero_quantized_weights
    zero_quantized_nontrainable_weights zero_quantized_gradients mics_shard_size
    mics_hierarchical_params_gather memory_efficient_linear pipeline_loading_checkpoint
    override_module_apply log_trace_cache_warnings""".split()
)
_KEYS_OF_OFFLOAD = frozenset(
    """device nvme_path buffer_count buffer_size max_in_cpu pin_memory pipeline pipeline_read
    pipeline_write fast_init ratio super_offload cpuadam_cores_perc""".split()
)


class DeepSpeedSettings(NamedTuple):
    """What a DeepSpeed file says, checked."""

    source: str
    """The preset or file, as it was named."""
    config: dict[str, Any]

    @property
    def stage(self) -> int:
        return int(self.config["zero_optimization"].get("stage", 0))

    @property
    def offloads_weights(self) -> bool:
        """Whether weights lie in main memory while they are not needed."""
        block = self.config["zero_optimization"].get("offload_param") or {}
        return str(block.get("device", "none")) != "none"

    @property
    def offloads(self) -> bool:
        block = self.config["zero_optimization"].get("offload_optimizer") or {}
        return self.offloads_weights or str(block.get("device", "none")) != "none"


class Filling(NamedTuple):
    """What `auto` stands for."""

    processes: int
    max_grad_norm: float
    bf16: bool
    hidden_size: int
    """Width of the model: bucket sizes follow from it as in transformers' Trainer."""


def read_deepspeed(named: str) -> DeepSpeedSettings:
    """The settings of a preset, a JSON file, or the JSON itself.

    A path as LLaMA Factory's examples have it (`examples/deepspeed/ds_z3_config.json`) means the
    preset of that kind where there is no such file. Raises NotFound where there is neither, and
    TrainingError that names every fault.
    """
    config = _parsed(named)
    source = named[:80]
    faults = list(_faults(config))
    if faults:
        lines = [f"  {fault}" for fault in faults]
        raise TrainingError(
            "\n".join([f"the DeepSpeed settings of {source} have faults:", *lines]),
            hint=f"Mend them, or take one of our presets: {', '.join(_PRESETS)}.",
        )
    return DeepSpeedSettings(source, config)


def filled(settings: DeepSpeedSettings, by: Filling) -> dict[str, Any]:
    """The settings with every `auto` filled in, and with what our own loop does set as it does it.

    Rows are gathered over passes by us, so DeepSpeed sees one micro-batch a step.
    """
    zero = dict(settings.config["zero_optimization"])
    sizes = {
        "reduce_bucket_size": by.hidden_size**2,
        "allgather_bucket_size": by.hidden_size**2,
        "stage3_prefetch_bucket_size": int(0.9 * by.hidden_size**2),
        "stage3_param_persistence_threshold": 10 * by.hidden_size,
    }
    for key, size in sizes.items():
        if zero.get(key) == "auto":
            zero[key] = size
    precision = dict(settings.config.get("bf16") or {})
    if precision.get("enabled", "auto") == "auto":
        precision["enabled"] = by.bf16
    config = {key: value for key, value in settings.config.items() if key != "fp16"}
    return {
        **config,
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "train_batch_size": by.processes,
        "gradient_clipping": by.max_grad_norm,
        "bf16": precision,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        # torch's optimizer on the CPU too: DeepSpeed's own wants a compiler on every machine.
        "zero_force_ds_cpu_optimizer": False,
    }


def _parsed(named: str) -> dict[str, Any]:
    try:
        config = json.loads(_text(named))
    except ValueError as error:
        raise TrainingError(
            f"the DeepSpeed settings of {named} are not valid JSON: {error}"
        ) from None
    if not isinstance(config, dict):
        raise TrainingError(f"the DeepSpeed settings of {named} are no JSON object")
    return config


def _text(named: str) -> str:
    if named.lstrip().startswith("{"):
        return named
    preset = named if named in _PRESETS else None
    path = Path(named).expanduser()
    if preset is None and not path.is_file():
        preset = _AS_LLAMA_FACTORY_CALLS_THEM.get(path.name)
    if preset is not None:
        folder = files("loresmith.training.placement").joinpath("deepspeed_presets")
        return folder.joinpath(f"{preset}.json").read_text(encoding="utf-8")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            f"training.deepspeed names {named}, which cannot be read: {error}",
            hint=f"Name a JSON file, or one of our presets: {', '.join(_PRESETS)}.",
        ) from None


def _faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Each with its dotted path."""
    yield from _unknown(config, _KEYS | _REFUSED.keys(), "")
    yield from (f"{key}: {why}" for key, why in _REFUSED.items() if key in config)
    half = config.get("fp16")
    if isinstance(half, dict) and half.get("enabled") is True:
        yield "fp16.enabled: half precision overflows: leave it out, or set it to auto"
    zero = config.get("zero_optimization")
    if not isinstance(zero, dict):
        yield "zero_optimization: is needed, a block with the stage"
        return
    yield from _unknown(zero, _KEYS_OF_ZERO, "zero_optimization.")
    stage = zero.get("stage", 0)
    if stage not in (0, 1, 2, 3) or isinstance(stage, bool):
        yield f"zero_optimization.stage: should be 0, 1, 2 or 3 (given: {stage!r})"
    for key in ("offload_optimizer", "offload_param"):
        yield from _offload_faults(zero, key, stage)


def _offload_faults(zero: Mapping[str, Any], key: str, stage: Any) -> Iterator[str]:
    block, path = zero.get(key), f"zero_optimization.{key}"
    if block is None:
        return
    if not isinstance(block, dict):
        yield f"{path}: should be a block with the device"
        return
    yield from _unknown(block, _KEYS_OF_OFFLOAD, f"{path}.")
    device = block.get("device", "none")
    if device not in ("none", "cpu", "nvme"):
        yield f"{path}.device: should be none, cpu or nvme (given: {device!r})"
    if device == "nvme" and not block.get("nvme_path"):
        yield f"{path}.nvme_path: is needed with device nvme"
    least = 3 if key == "offload_param" else 1
    if device in ("cpu", "nvme") and stage in (0, 1, 2) and stage < least:
        yield f"{path}: needs stage {least} or more, and the stage is {stage}"


def _unknown(
    block: Mapping[str, Any], known: frozenset[str] | set[str], path: str
) -> Iterator[str]:
    for key in block:
        if key not in known:
            close = difflib.get_close_matches(key, sorted(known), n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            yield f"{path}{key}: unknown{meant}"
