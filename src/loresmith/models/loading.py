"""Why: a folder in Hugging Face's layout becomes a model on a device in one way, with one error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from loresmith.devices import Device
from loresmith.errors import ModelUnavailable
from loresmith.json_files import read_object
from loresmith.models.adapter_folders import adapter_chain, adapter_fault
from loresmith.models.quiet import without_progress_bars
from loresmith.models.text_only import pass_over_broken_media


class Loaded(NamedTuple):
    """A model of transformers (or peft), on its device, and its tokenizer."""

    model: Any
    tokenizer: Any


def load_base(
    folder: Path,
    *,
    device: Device,
    dtype: str | None = None,
    trust_remote_code: bool = False,
    chat_template: str | None = None,
    quantization: Literal[4, 8] | None = None,
) -> Loaded:
    """Loads whole weights onto `device`, in evaluation mode.

    `chat_template` (Jinja) takes the place of the tokenizer's own.

    `dtype` is `bfloat16`, `float16` or `float32`; None takes what the device computes fastest in.
    `quantization` holds the linear layers in so many bits (bitsandbytes; 4 is NF4, with its scales
    quantized again), and computes in `dtype`.
    `trust_remote_code` runs Python code from the model's folder. Raises ModelUnavailable when the
    folder holds no model that can be loaded, or the device has no room for it.
    """
    import torch

    pass_over_broken_media()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # peft loads it where it is installed; it tells of kernels that it would fetch, and in fp32 of
    # each layer, each time, that it computes in half precision.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if not (folder / "config.json").is_file():
        raise ModelUnavailable(
            f"{folder} holds no model: it has no config.json",
            hint="Give a folder in Hugging Face's layout: config.json, *.safetensors, tokenizer.",
        )
    wanted = getattr(torch, dtype if dtype is not None else fastest_dtype(device))
    options = _quantized(quantization, wanted, device) if quantization is not None else {}
    with errors_of_loading(folder), without_progress_bars():
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=wanted, trust_remote_code=trust_remote_code, **options
        )
        if quantization is None:
            model = model.to(device.torch_device)
        else:
            keep_gradients(model)
    model.eval()
    if chat_template is not None:
        tokenizer.chat_template = chat_template
    return Loaded(model, tokenizer)


def add_adapter(loaded: Loaded, adapter: Path, *, device: Device) -> Loaded:
    """Merges a LoRA adapter in PEFT's layout into the weights, to answer at the base's speed.

    The model is asked from now on with the chat template that lies beside the adapter, if one does.

    Earlier adapters that were delivered with it, since it was trained on top of them, are merged
    before it.
    """
    from peft import PeftModel

    model = loaded.model
    for folder in adapter_chain(adapter):
        fault = adapter_fault(folder, base=None)
        if fault:
            raise ModelUnavailable(
                f"{folder} holds no adapter: {fault}",
                hint="Give a folder in PEFT's layout, as a training run writes it.",
            )
        with errors_of_loading(folder), without_progress_bars():
            tuned = PeftModel.from_pretrained(model, str(folder), torch_device=device.torch_device)
            model = tuned.merge_and_unload()
    model.eval()
    loaded.tokenizer.chat_template = chat_template_of(adapter) or loaded.tokenizer.chat_template
    return Loaded(model, loaded.tokenizer)


def chat_template_of(folder: Path) -> str | None:
    """The chat template that was saved with a model or an adapter; None where there is none."""
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    except OSError:
        pass
    template = read_object(folder / "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else None


def keep_gradients(quantized: Any) -> None:
    """Lets gradients pass through layers of bitsandbytes also after they were evaluated.

    On a CPU with avx512_bf16, its layers of 4 bits put their weights into another order when they
    are first evaluated, and from then on silently give no gradient to what lies before them (0.50).
    """
    for module in quantized.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _quantized(bits: Literal[4, 8], dtype: Any, device: Device) -> dict[str, Any]:
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=bits == 4,
        load_in_8bit=bits == 8,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return {"quantization_config": config, "device_map": {"": device.torch_device}}


def fastest_dtype(device: Device) -> str:
    """What inference is quickest in: bfloat16 where it is in hardware, half on older cards.

    Measured on one core with avx512_bf16, a 135M model, batches of 16 to 32: bfloat16 reads
    prompts twice as fast as float32 and writes replies 1.1 times as fast.
    """
    if device.bf16:
        return "bfloat16"
    return "float32" if device.kind == "cpu" else "float16"


@contextmanager
def errors_of_loading(folder: Path) -> Iterator[None]:
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelUnavailable(
            f"the device has no room for the model in {folder}: {_first_line(error)}",
            hint="Take a smaller model, or free the device of other work.",
        ) from error
    except ImportError as error:
        raise ModelUnavailable(
            f"the model in {folder} needs a package that is not there: {_first_line(error)}"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"the model in {folder} cannot be loaded: {_first_line(error)}", hint=_advice(folder)
        ) from error


def _advice(folder: Path) -> str:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "Its files seem damaged or incomplete: fetch it again."
    if isinstance(config, dict) and "auto_map" in config:
        return "It brings code of its own: set trust_remote_code to run it, if you trust its maker."
    return "Its files may be incomplete (fetch it again), or too new for this transformers."


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
