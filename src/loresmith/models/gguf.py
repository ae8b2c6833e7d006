"""Why: a GGUF file becomes weights that can be trained, with the tokenizer it was trained with.

transformers unpacks the weights well, but misreads SmolLM2's tokenizer: digits are not split one
by one, and control tokens are not special. So the tokenizer is built here from the file's own
vocabulary and merges.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

from loresmith.models.text_only import pass_over_broken_media

_CONTROL_TOKEN = 3  # the token type of GGUF, llama.cpp's LLAMA_TOKEN_TYPE_CONTROL


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Writes model (bfloat16), tokenizer and generation settings in Hugging Face's layout.

    For llama models with a byte-level BPE vocabulary of the `smollm` kind.
    """
    import torch

    pass_over_broken_media()
    from transformers import AutoModelForCausalLM, GenerationConfig, GgufConfig

    tokenizer = _tokenizer(gguf)
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be turned off
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
        )
        model.config.bos_token_id = tokenizer.bos_token_id
        model.config.eos_token_id = tokenizer.eos_token_id
        model.config.pad_token_id = tokenizer.pad_token_id
        model.generation_config = GenerationConfig(
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(gguf: Path) -> Any:
    from gguf import GGUFReader
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    fields = GGUFReader(gguf).fields
    tokens = _strings(fields["tokenizer.ggml.tokens"])
    pairs = (merge.partition(" ") for merge in _strings(fields["tokenizer.ggml.merges"]))
    merges = [(left, right) for left, _, right in pairs]
    kinds = _numbers(fields["tokenizer.ggml.token_type"])
    backend = Tokenizer(models.BPE({token: at for at, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    special = [t for t, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    backend.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    end = tokens[_numbers(fields["tokenizer.ggml.eos_token_id"])[0]]
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=tokens[_numbers(fields["tokenizer.ggml.bos_token_id"])[0]],
        eos_token=end,
        pad_token=end,
        unk_token=tokens[_numbers(fields["tokenizer.ggml.unknown_token_id"])[0]],
        chat_template=_strings(fields["tokenizer.chat_template"])[0],
        model_max_length=_numbers(fields["llama.context_length"])[0],
        clean_up_tokenization_spaces=False,
    )


def _strings(field: Any) -> list[str]:
    return [bytes(field.parts[at]).decode("utf-8") for at in field.data]


def _numbers(field: Any) -> list[int]:
    return [int(field.parts[at][0]) for at in field.data]
