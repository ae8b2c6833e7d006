"""Why: merging rounds; whether what was exported still answers as base and adapter do is measured.

Compared are the logits of a few prompts, and the replies to them where always the likeliest token
is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loresmith.devices import Device
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel
from loresmith.models.templates import ChatTemplate
from loresmith.records import Message

TOLERANCE = {"float32": 1e-3, "float16": 1e-2, "bfloat16": 8e-2}
"""The largest difference of logits, relative to their spread, that rounding to a format explains:
about twenty times its precision (2**-24, 2**-11 and 2**-8), which a few dozen layers add up to."""

_REPLY = Sampling(temperature=0.0, max_tokens=24)
_PROMPTS = (
    "What did it cost?",
    "Who are you, and what do you know?",
    "请用一句话介绍你自己。",
    "Name three things, one a line.",
)


class Answers(NamedTuple):
    """What a model makes of the prompts."""

    logits: list[Any]
    """Of the last token of each prompt and those before it: tensors of tokens x vocabulary."""
    replies: list[str]


def answers_of(model: Any, tokenizer: Any, *, device: Device) -> Answers:
    """What a loaded model, merged or not, makes of the prompts; leaves it as it was."""
    import torch

    template = ChatTemplate(tokenizer)
    conversations = [(Message(role="user", content=text),) for text in _PROMPTS]
    logits = []
    with torch.no_grad():
        for conversation in conversations:
            ids = torch.tensor([template.encode_prompt(conversation)], device=device.torch_device)
            logits.append(model(input_ids=ids, use_cache=False).logits[0, -8:].float().cpu())
    asked = LocalModel.around(model, tokenizer, device=device, name="exported")
    replies = [reply.text for reply in asked.reply_all(conversations, _REPLY)]
    return Answers(logits, replies)


def difference(one: Answers, other: Answers) -> float:
    """The largest over the prompts: the length of what the logits differ by, relative to that of
    their spread around the mean. Not a number where either is."""
    import torch

    found = []
    for a, b in zip(one.logits, other.logits, strict=True):
        spread = (a - a.mean(dim=-1, keepdim=True)).norm()
        apart = b - a
        apart = apart - apart.mean(dim=-1, keepdim=True)  # the same added to all changes nothing
        found.append(apart.norm() / spread.clamp(min=1e-9))
    return float(torch.stack(found).max())


def other_replies(one: Answers, other: Answers) -> Sequence[str]:
    """The prompts that are replied to otherwise."""
    pairs = zip(_PROMPTS, one.replies, other.replies, strict=True)
    return [prompt for prompt, a, b in pairs if a != b]
