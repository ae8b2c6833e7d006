"""Verdicts on LLaMA Factory's settings of the model: loading, quantizing, serving, exporting."""

from __future__ import annotations

from loresmith.llamafactory.verdict import Limits, each, ignored, mapped, refused, same

_REPLIES = ignored("it is about the speed of replies")
_ENGINE = ignored(
    "transformers answers here; for vLLM or SGLang write the model with `loresmith export`, and "
    "give them that folder"
)
_TEXT_ONLY = ignored("rows of text are trained on, without images, video or sound")
_GPTQ = refused(
    "leave it out: `loresmith export` writes weights in full, which other programs can quantize"
)
_KT = ignored("KTransformers is not used")

MODEL = {
    "model_name_or_path": mapped(
        "base_model", "a folder or a hub's id; with USE_MODELSCOPE_HUB=1 an id of ModelScope"
    ),
    "adapter_name_or_path": mapped("training.adapters", "names parted by commas become a list"),
    "adapter_folder": refused("write whole paths under adapter_name_or_path"),
    "cache_dir": ignored("models are kept where HF_HOME and LORESMITH_HOME say"),
    "use_fast_tokenizer": ignored("transformers chooses the tokenizer that the model brings"),
    "resize_vocab": refused("give the base model its new tokens first"),
    "split_special_tokens": ignored("text of rows stays text, whatever it spells"),
    **each(
        "add_tokens add_special_tokens new_special_tokens_config",
        refused("give the base model its new tokens first, and name its folder"),
    ),
    "init_special_tokens": ignored("no tokens are added"),
    "model_revision": refused("fetch that revision into a folder and name the folder"),
    "low_cpu_mem_usage": ignored("weights are always loaded without a second copy"),
    "rope_scaling": refused("write rope_scaling into the base model's config.json"),
    "flash_attn": ignored("attention is chosen by what the device and the model allow"),
    "shift_attn": refused("rows of up to cutoff_len tokens are attended to as a whole"),
    "mixture_of_depths": refused("only the model's own layers are trained"),
    "use_unsloth": ignored("it is about speed, and our own training loop is used"),
    "use_unsloth_gc": ignored("it is about speed, and our own training loop is used"),
    "enable_liger_kernel": mapped(
        "training.fused_kernels",
        "true becomes auto: used on a card where liger-kernel is installed and works; else off",
    ),
    "moe_aux_loss_coef": refused("leave it out: the loss is that of the answers alone"),
    "disable_gradient_checkpointing": mapped(
        "training.gradient_checkpointing", "true becomes off; else it is on where memory is short"
    ),
    "use_reentrant_gc": ignored("the form that is not re-entrant is used: the results are equal"),
    "upcast_layernorm": refused("leave bf16 out or false: then all is computed in fp32"),
    "upcast_lmhead_output": refused("leave bf16 out or false: then all is computed in fp32"),
    "train_from_scratch": refused("name a trained base model: random weights are not trained"),
    **each("infer_backend use_v1_kernels", _ENGINE),
    "infer_dtype": same("of `loresmith export`, and of `chat` and `predict` by a file"),
    **each("offload_folder use_kv_cache", _REPLIES),
    "hf_hub_token": refused("a secret does not belong into a file: set HF_TOKEN"),
    "ms_hub_token": refused("a secret does not belong into a file; models of ModelScope are open"),
    "om_hub_token": refused("the Modelers hub is not read: fetch the model and name its folder"),
    "print_param_status": ignored("the number of trained parameters stands in the result"),
    "trust_remote_code": ignored(
        "code that a model brings is never run in training: transformers has to know the model"
    ),
    "quantization_method": mapped(
        "training.quantization", "bnb alone; for others name a model that is not quantized"
    ),
    "quantization_bit": mapped(
        "training.quantization", "4 or 8 bits, by bitsandbytes", Limits(at_least=4, at_most=8)
    ),
    "quantization_type": refused("4 bits are nf4"),
    "double_quantization": ignored("it saves a little memory and changes little else"),
    "quantization_device_map": refused("the model is put on one device"),
    **each(
        "image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches video_max_pixels "
        "video_min_pixels video_fps video_maxlen use_audio_in_video audio_sampling_rate",
        _TEXT_ONLY,
    ),
    "export_dir": same("where `loresmith export FILE` writes the merged model"),
    "export_size": same(
        "GB of a file of weights at most, by `loresmith export`", Limits(at_least=1, at_most=1000)
    ),
    "export_device": same("where `loresmith export` merges: cpu, or auto for a card"),
    **each("export_quantization_bit export_quantization_dataset", _GPTQ),
    **each(
        "export_quantization_nsamples export_quantization_maxlen",
        ignored("only export_quantization_bit has it, which is refused"),
    ),
    "export_legacy_format": refused(
        "weights are written as safetensors: pickled ones run code when they are loaded"
    ),
    "export_hub_model_id": refused(
        "nothing is uploaded: upload export_dir when it is done, with `hf upload`"
    ),
    **each(
        "vllm_maxlen vllm_gpu_util vllm_enforce_eager vllm_max_lora_rank vllm_config "
        "sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend",
        _ENGINE,
    ),
    "use_kt": refused("KTransformers is not used: take LoRA, and 4 or 8 bits to save memory"),
    **each(
        "kt_cpu_activation kt_weight_path kt_non_expert_weight_path kt_expert_checkpoint_path "
        "kt_use_lora_experts kt_lora_expert_num kt_lora_expert_intermediate_size",
        _KT,
    ),
    **each(
        "_kt_inference_config _kt_config_handle _kt_adapter_artifact_path",
        refused("it is internal to LLaMA Factory: leave it out"),
    ),
}
