"""Verdicts on LLaMA Factory's settings of the data: which rows, and how they become tokens."""

from __future__ import annotations

from loresmith.llamafactory.verdict import Limits, each, ignored, mapped, refused, renamed, same
from loresmith.models.chat_templates import template_names

_PREPARING = ignored("it is about the speed of reading; the rows are the same")

DATA = {
    "template": mapped(
        "training.chat_template",
        f"where it is one of {', '.join(template_names())}; of others a note says so, and the base "
        "model's own is written (ChatML where it has none)",
    ),
    "dataset": same("names in dataset_info.json, parted by commas"),
    "eval_dataset": same("names in dataset_info.json; their rows are measured, not learned"),
    "dataset_dir": same("the folder of dataset_info.json, from where the command is given"),
    "media_dir": ignored("rows of text are trained on, without images, video or sound"),
    "cutoff_len": renamed(
        "training.max_length",
        Limits(at_least=8, at_most=1_048_576),
        told="a longer row is dropped, counted and named; it is never cut",
    ),
    "train_on_prompt": mapped("training.learn", "true becomes everything"),
    "mask_history": mapped("training.learn", "true becomes last_reply"),
    "streaming": same(
        "no more rows are read than those of max_steps steps and buffer_size more, among which "
        "they are drawn; of texts (stage: pt) all"
    ),
    "buffer_size": same(
        "rows that are read beside those of max_steps, with streaming: true", Limits(at_least=0)
    ),
    "mix_strategy": same("how the rows of several datasets are put together"),
    "interleave_probs": same("shares of the datasets, one for each"),
    "overwrite_cache": ignored("rows are read anew: nothing stale is used"),
    **each("preprocessing_batch_size preprocessing_num_workers", _PREPARING),
    "max_samples": same("the first so many rows of each dataset", Limits(at_least=1)),
    "eval_num_beams": ignored("validation measures the loss and writes no replies"),
    "ignore_pad_token_for_loss": refused("padding is never learned"),
    "val_size": same(
        "below 1 a share of the rows, else a number of them; drawn by the seed", Limits(at_least=0)
    ),
    "eval_on_each_dataset": ignored("one validation loss is measured for all rows"),
    "packing": mapped(
        "training.packing",
        "true becomes on, and rows never see one another; a step learns as many rows as without",
    ),
    "neat_packing": mapped("training.packing", "true becomes on: that is how rows are packed here"),
    "tool_format": ignored("tools and calls are written as the chat template writes them"),
    "default_system": same("put before each row that has no system message"),
    "enable_thinking": ignored(
        "a row that thinks is learned as it would be asked with thinking, any other without"
    ),
    "preserve_thinking": ignored("the base model's own chat template decides"),
    "tokenized_path": refused("name the rows under dataset: tokens are made from them"),
    "data_shared_file_system": ignored("one process reads the rows"),
}
