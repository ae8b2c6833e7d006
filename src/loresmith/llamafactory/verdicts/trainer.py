"""Verdicts on the settings that LLaMA Factory hands to transformers' Trainer, and its own by it."""

from __future__ import annotations

from loresmith.llamafactory.verdict import Limits, each, ignored, mapped, refused, renamed, same

_RAY = ignored("Ray is not used: see docs/many-cards.md for several cards and machines")
_SUMMED_AT_ONCE = ignored("gradients are added up once, when a step's passes are done")
_SHARDS = (
    "full_shard and shard_grad_op as they are, no_shard becomes off; offload sets fsdp_offload"
)
_LOG = ignored("trainer_log.jsonl has every step, and the terminal shows how far it is")
_SPEED = ignored("it is about speed or memory; what is learned is the same")
_UPLOADS = ignored("nothing is uploaded")
_VALIDATION = ignored("validation loss is measured at ends of epochs and at the end")
_CHECKPOINTS = ignored("a checkpoint is saved at least every 45 s, whole or not at all")
_REPLIES = ignored("a training writes no replies: `loresmith predict` does")
_PROFILER = ignored("the profiler is not there yet")

TRAINER = {
    **each("ray_num_workers ray_init_kwargs", _RAY),
    **each(
        "master_addr master_port",
        ignored("machines meet at MASTER_ADDR and MASTER_PORT of the environment"),
    ),
    "local_rank": ignored("LOCAL_RANK of the environment says it, as torchrun sets it"),
    "fp8": refused("use bf16: true"),
    **each(
        "fp8_backend fp8_enable_fsdp_float8_all_gather",
        ignored("only fp8 has it, which is refused"),
    ),
    **each(
        "enable_torch_profiler profiler_output_dir profiler_wait_steps profiler_warmup_steps "
        "profiler_active_steps profiler_repeat profiler_record_shapes profiler_profile_memory "
        "profiler_with_stack profile_modules",
        _PROFILER,
    ),
    "overwrite_output_dir": same(
        "what another training left in output_dir gives way; one with the same settings goes on"
    ),
    "output_dir": same("where the adapter or model goes, in the layout of PEFT or transformers"),
    "per_device_train_batch_size": mapped(
        "training.batch_size",
        "x gradient_accumulation_steps x cards: the rows that an optimizer step learns from",
        Limits(at_least=1),
    ),
    "gradient_accumulation_steps": mapped(
        "training.batch_size",
        "x per_device_train_batch_size; how a step is cut into passes follows from memory",
        Limits(at_least=1),
    ),
    "num_train_epochs": renamed("training.num_epochs", Limits(above=0, at_most=1000)),
    "max_steps": mapped(
        "training.max_steps", "-1 becomes null; else it wins over epochs", Limits(at_least=-1)
    ),
    "learning_rate": renamed("training.learning_rate", Limits(above=0, at_most=1)),
    "lr_scheduler_type": renamed("training.scheduler"),
    "lr_scheduler_kwargs": refused("leave it out: a schedule has transformers' own defaults"),
    "warmup_steps": mapped(
        "training.warmup_steps",
        "below 1 it is a share and becomes warmup_ratio; it wins over warmup_ratio",
        Limits(at_least=0),
    ),
    "warmup_ratio": renamed("training.warmup_ratio", Limits(at_least=0, below=1)),
    "optim": mapped("training.optimizer", "adamw_torch_fused is adamw_torch, computed faster"),
    "optim_args": refused("leave it out: an optimizer has transformers' own defaults"),
    "optim_target_modules": refused("leave it out: all that is trained has one optimizer"),
    "weight_decay": renamed("training.weight_decay", Limits(at_least=0, at_most=1)),
    "adam_beta1": renamed("training.adam_beta1", Limits(at_least=0, below=1)),
    "adam_beta2": renamed("training.adam_beta2", Limits(at_least=0, below=1)),
    "adam_epsilon": renamed("training.adam_epsilon", Limits(above=0, at_most=1)),
    "average_tokens_across_devices": ignored("it is always so: each answer token weighs the same"),
    "max_grad_norm": mapped(
        "training.max_grad_norm",
        "0, which there means without limit, becomes 1000",
        Limits(at_least=0, at_most=1000),
    ),
    "label_smoothing_factor": refused("leave it out: the loss is cross-entropy of the answers"),
    "bf16": mapped("training.precision", "true becomes bf16; false is auto"),
    "fp16": mapped(
        "training.precision",
        "true becomes auto: bf16 where the device has it, else fp32; half precision overflows",
    ),
    **each("bf16_full_eval fp16_full_eval tf32", _SPEED),
    "gradient_checkpointing": mapped(
        "training.gradient_checkpointing", "true becomes on; else it is on where memory is short"
    ),
    "gradient_checkpointing_kwargs": _SPEED,
    **each("torch_compile torch_compile_backend torch_compile_mode", _SPEED),
    **each("use_liger_kernel liger_kernel_config use_cache torch_empty_cache_steps", _SPEED),
    "neftune_noise_alpha": renamed("training.neftune_noise_alpha", Limits(above=0, at_most=1000)),
    "auto_find_batch_size": ignored("rows that do not fit at once are taken in several passes"),
    **each(
        "logging_strategy logging_steps logging_first_step log_on_each_node "
        "logging_nan_inf_filter include_num_input_tokens_seen log_level log_level_replica "
        "disable_tqdm logging_dir",
        _LOG,
    ),
    "report_to": ignored("nothing is sent to a monitor yet; trainer_log.jsonl has every step"),
    **each(
        "run_name project trackio_space_id trackio_bucket_id trackio_static_space_id",
        ignored("it is about monitors, to which nothing is sent yet"),
    ),
    **each("eval_strategy eval_steps eval_delay eval_on_start", _VALIDATION),
    **each(
        "per_device_eval_batch_size prediction_loss_only eval_do_concat_batches "
        "eval_use_gather_object eval_accumulation_steps include_for_metrics batch_eval_metrics",
        _VALIDATION,
    ),
    **each(
        "save_only_model save_strategy save_steps save_on_each_node enable_jit_checkpoint",
        _CHECKPOINTS,
    ),
    "save_total_limit": renamed("training.save_total_limit", Limits(at_least=1, at_most=1000)),
    "push_to_hub": refused("upload output_dir when it is done, with `hf upload`"),
    "hub_token": refused("a secret does not belong into a file: set HF_TOKEN"),
    **each("hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision", _UPLOADS),
    **each(
        "load_best_model_at_end metric_for_best_model greater_is_better",
        ignored("the last weights are delivered; each validation loss stands in the result"),
    ),
    **each(
        "ignore_data_skip restore_callback_states_from_checkpoint",
        ignored("a training that goes on does so as if it had never stopped"),
    ),
    "full_determinism": ignored("every random choice follows from the seed"),
    "seed": renamed("seed", Limits(at_least=0)),
    "data_seed": ignored("one seed decides every random choice"),
    "use_cpu": ignored("the device is found; with CUDA_VISIBLE_DEVICES empty it is the CPU"),
    "accelerator_config": ignored("how rows are dealt out to processes has no settings"),
    "parallelism_config": refused("leave it out: cards share rows, or shards by fsdp or deepspeed"),
    "dataloader_drop_last": ignored("every row of an epoch is learned"),
    **each(
        "dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers "
        "dataloader_prefetch_factor",
        _SPEED,
    ),
    **each(
        "remove_unused_columns label_names length_column_name",
        ignored("columns that no format knows are not read"),
    ),
    "train_sampling_strategy": ignored("rows come in an order that the seed draws"),
    **each(
        "ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph",
        _SUMMED_AT_ONCE,
    ),
    "ddp_backend": ignored("gloo between CPUs, nccl (RCCL on AMD and DCU) between cards"),
    "ddp_timeout": renamed("training.rank_timeout", Limits(above=0, at_most=604_800)),
    "fsdp": mapped("training.fsdp", _SHARDS),
    "fsdp_config": mapped(
        "training.fsdp_offload", "true for offload_params; the other keys are for older versions"
    ),
    "deepspeed": mapped("training.deepspeed", "the file as it stands; a block becomes JSON"),
    "debug": ignored("it is for who works on the Trainer"),
    "skip_memory_metrics": _LOG,
    "do_train": same("a file is trained by if it is true"),
    "do_eval": ignored("validation loss is measured where val_size or eval_dataset gives rows"),
    "do_predict": _REPLIES,
    "resume_from_checkpoint": same(
        "true or left out: a training that was stopped goes on; a path is refused, because the "
        "newest whole checkpoint of output_dir is taken"
    ),
    "sortish_sampler": ignored("rows come in an order that the seed draws"),
    **each(
        "predict_with_generate generation_max_length generation_num_beams generation_config",
        _REPLIES,
    ),
}
