"""Verdicts on LLaMA Factory's settings of fine-tuning: stages, methods, optimizers of its own."""

from __future__ import annotations

from loresmith.llamafactory.verdict import Limits, each, ignored, mapped, refused, renamed, same

_PPO = ignored("only stage: ppo has it, which is refused")
_SWANLAB = ignored("SWANLAB_PROJ_NAME and SWANLAB_MODE decide, and swanlab's own settings")
_PLAIN_ADAMW = "use optim: adamw_torch; to save memory, finetuning_type: lora"

FINETUNING = {
    "stage": mapped(
        "training.stage",
        "pt becomes pretrain and rm becomes reward; ppo is refused: use dpo or kto",
    ),
    "finetuning_type": mapped("training.type", "lora, full or freeze; oft is refused: use lora"),
    "freeze_trainable_layers": renamed(
        "training.trainable_layers", Limits(at_least=-10_000, at_most=10_000)
    ),
    "freeze_trainable_modules": mapped(
        "training.trainable_modules", "names parted by commas become a list"
    ),
    "freeze_extra_modules": mapped(
        "training.extra_modules", "names parted by commas become a list"
    ),
    "additional_target": mapped(
        "training.additional_modules", "names parted by commas become a list"
    ),
    **each(
        "module_dropout oft_rank oft_block_size oft_target",
        ignored("only finetuning_type: oft has it, which is refused"),
    ),
    "create_new_adapter": renamed("training.create_new_adapter"),
    "lora_alpha": mapped(
        "training.alpha", "2 x lora_rank where it is left out", Limits(above=0, at_most=65_536)
    ),
    "lora_dropout": renamed("training.dropout", Limits(at_least=0, at_most=0.9)),
    "lora_rank": renamed("training.rank", Limits(at_least=1, at_most=1024)),
    "lora_target": mapped(
        "training.target_modules", "all becomes all-linear; names parted by commas become a list"
    ),
    "loraplus_lr_ratio": renamed("training.lora_plus_ratio", Limits(at_least=1, at_most=1000)),
    "loraplus_lr_embedding": ignored("embeddings learn with the rate of the adapter"),
    "use_rslora": renamed("training.rank_stabilized"),
    "use_dora": renamed("training.dora"),
    "pissa_init": refused("leave it out: an adapter begins as zero"),
    **each("pissa_iter pissa_convert", ignored("only pissa_init has it, which is refused")),
    "pref_loss": mapped(
        "training.stage.loss", "of stage: dpo; kto_pair is refused: use stage: kto"
    ),
    "pref_beta": mapped(
        "training.stage.beta", "of the stages dpo and kto", Limits(above=0, at_most=1000)
    ),
    "pref_ftx": mapped(
        "training.stage.sft_weight",
        "of stage: dpo; with kto it is refused",
        Limits(at_least=0, at_most=1000),
    ),
    "pref_bco_weight": refused("leave it out: preferences are learned by the loss of pref_loss"),
    "dpo_label_smoothing": mapped(
        "training.stage.label_smoothing",
        "of stage: dpo with pref_loss: sigmoid",
        Limits(at_least=0, below=0.5),
    ),
    "simpo_gamma": mapped(
        "training.stage.simpo_gamma",
        "of stage: dpo with pref_loss: simpo",
        Limits(at_least=0, at_most=1000),
    ),
    "kto_chosen_weight": mapped(
        "training.stage.desirable_weight", "of stage: kto", Limits(at_least=0, at_most=1000)
    ),
    "kto_rejected_weight": mapped(
        "training.stage.undesirable_weight", "of stage: kto", Limits(at_least=0, at_most=1000)
    ),
    "ref_model": same(
        "the model that is trained, which is the reference as it starts; another is refused"
    ),
    "ref_model_adapters": same("those that the training starts with; others are refused"),
    "ref_model_quantization_bit": ignored("the reference is the model that is trained"),
    "ld_alpha": refused("leave it out: every token of an answer counts alike"),
    **each(
        "ppo_buffer_size ppo_epochs ppo_score_norm ppo_target ppo_whiten_rewards reward_model "
        "reward_model_adapters reward_model_quantization_bit reward_model_type",
        _PPO,
    ),
    **each("use_galore use_apollo use_badam use_adam_mini use_muon", refused(_PLAIN_ADAMW)),
    **each(
        "galore_target galore_rank galore_update_interval galore_scale galore_proj_type "
        "galore_layerwise",
        ignored("only use_galore has it, which is refused"),
    ),
    **each(
        "apollo_target apollo_rank apollo_update_interval apollo_scale apollo_proj "
        "apollo_proj_type apollo_scale_type apollo_layerwise apollo_scale_front",
        ignored("only use_apollo has it, which is refused"),
    ),
    **each(
        "badam_mode badam_start_block badam_switch_mode badam_switch_interval badam_update_ratio "
        "badam_mask_mode badam_verbose",
        ignored("only use_badam has it, which is refused"),
    ),
    "use_swanlab": mapped("training.report_to", "true adds swanlab"),
    "swanlab_run_name": mapped("training.run_name", "where there is no run_name"),
    **each(
        "swanlab_project swanlab_workspace swanlab_mode swanlab_logdir swanlab_lark_webhook_url",
        _SWANLAB,
    ),
    **each(
        "swanlab_api_key swanlab_lark_secret",
        refused("a secret does not belong into a file: set SWANLAB_API_KEY"),
    ),
    "pure_bf16": mapped("training.precision", "true becomes bf16; what is learned is held in fp32"),
    "use_llama_pro": refused("use finetuning_type: freeze or lora on the model's own layers"),
    **each(
        "use_mca use_megatron_bridge use_hyper_parallel",
        refused("our own training loop is used: leave it out"),
    ),
    "megatron_bridge_args": refused("it is internal to LLaMA Factory: leave it out"),
    **each(
        "hyper_parallel_args hyper_parallel_cp_size",
        ignored("only use_hyper_parallel has it, which is refused"),
    ),
    **each(
        "use_dft_loss use_asft_loss use_eaft_loss",
        refused("leave it out: the loss is cross-entropy of the answers"),
    ),
    **each("asft_alpha eaft_alpha", ignored("only a loss has it that is refused")),
    **each(
        "freeze_vision_tower freeze_multi_modal_projector freeze_language_model",
        ignored("rows of text are trained on, without images, video or sound"),
    ),
    "compute_accuracy": ignored("`loresmith predict` gives replies, and an exam marks them"),
    "disable_shuffling": refused("rows come in an order that the seed draws for each epoch"),
    "early_stopping_steps": mapped(
        "training.patience",
        "evaluations without a lower validation loss that end the training, with early_stopping",
        Limits(at_least=1, at_most=1000),
    ),
    "plot_loss": ignored("training_loss.png is always drawn"),
    "include_effective_tokens_per_second": ignored("trainer_log.jsonl has tokens_per_second"),
}
