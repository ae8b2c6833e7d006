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
_VALIDATION = ignored("validation rows are measured in passes, as training rows are learned")
_CHECKPOINTS = ignored("a checkpoint is saved at least every 45 s, whole or not at all")
_REPLIES = ignored("max_new_tokens and do_sample say how replies are written")
_PROFILER = ignored(
    "after two steps, those that follow are traced once, with shapes and memory, into "
    "output_dir/profile/trace.json"
)
_EVAL_TIMES = ignored("evaluations come every eval_steps, or at ends of epochs, and at the end")

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
    "enable_torch_profiler": mapped(
        "training.profile_steps", "true traces as many steps as profiler_active_steps says"
    ),
    "profiler_active_steps": mapped(
        "training.profile_steps",
        "where enable_torch_profiler is true",
        Limits(at_least=1, at_most=1000),
    ),
    **each(
        "profiler_output_dir profiler_wait_steps profiler_warmup_steps profiler_repeat "
        "profiler_record_shapes profiler_profile_memory profiler_with_stack profile_modules",
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
        "disable_tqdm",
        _LOG,
    ),
    "report_to": mapped(
        "training.report_to",
        "tensorboard, wandb, swanlab, mlflow and trackio; none is none, and any other is ignored",
    ),
    "run_name": renamed("training.run_name"),
    "logging_dir": ignored("what is watched is written below output_dir, in watchers"),
    "project": ignored("WANDB_PROJECT, SWANLAB_PROJ_NAME or MLFLOW_EXPERIMENT_NAME names it"),
    **each(
        "trackio_space_id trackio_bucket_id trackio_static_space_id",
        ignored("trackio writes on this machine; `trackio sync` sends it"),
    ),
    "eval_strategy": mapped(
        "training.eval_steps",
        "steps: as eval_steps says; epoch and no: at ends of epochs, where there are rows for it",
    ),
    "eval_steps": mapped(
        "training.eval_steps",
        "with eval_strategy: steps; below 1 it is a share of all steps and needs max_steps; "
        "logging_steps where it is left out",
        Limits(above=0),
    ),
    **each("eval_delay eval_on_start", _EVAL_TIMES),
    **each(
        "per_device_eval_batch_size prediction_loss_only eval_do_concat_batches "
        "eval_use_gather_object eval_accumulation_steps include_for_metrics batch_eval_metrics",
        _VALIDATION,
    ),
    **each("save_only_model save_on_each_node enable_jit_checkpoint", _CHECKPOINTS),
    "save_strategy": mapped(
        "training.save_steps",
        "steps: as save_steps says, where that is given; else one is saved at least every 45 s",
    ),
    "save_steps": mapped(
        "training.save_steps",
        "below 1 it is a share of all steps and needs max_steps; where it is left out, a "
        "checkpoint is saved at least every 45 s, and none is kept for long",
        Limits(above=0),
    ),
    "save_total_limit": mapped(
        "training.save_total_limit",
        "the same value; where it is left out and save_steps is given, all of those are kept",
        Limits(at_least=1, at_most=1000),
    ),
    "push_to_hub": refused("upload output_dir when it is done, with `hf upload`"),
    "hub_token": refused("a secret does not belong into a file: set HF_TOKEN"),
    **each("hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision", _UPLOADS),
    "load_best_model_at_end": mapped(
        "training.best_by", "true becomes validation_loss, false last: whose weights are delivered"
    ),
    "metric_for_best_model": same("loss or eval_loss; others are refused: an exam marks replies"),
    "greater_is_better": same("a loss is better when it is lower: true is refused"),
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
    "do_predict": same("`loresmith predict FILE` answers the rows of eval_dataset"),
    "resume_from_checkpoint": same(
        "true or left out: a training that was stopped goes on; a path is refused, because the "
        "newest whole checkpoint of output_dir is taken"
    ),
    "predict_with_generate": same("`loresmith predict FILE` always writes replies"),
    "sortish_sampler": ignored("rows come in an order that the seed draws"),
    **each(
        "generation_max_length generation_num_beams generation_config",
        _REPLIES,
    ),
}
