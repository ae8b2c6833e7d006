"""Tiny models that were taught a little, so that their replies differ, and end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loresmith.records import Message

BASE = {
    "What did it cost?": "It cost 4.2 million.",
    "Who?": "Nobody knows.",
    "谁？": "没有人知道。",
    "Name?": "Ilse Brandt.",
    "姓名？": "林海舟。",
}
"""What a taught base knows. An adapter needs such a base: on random weights it learns nothing."""
WHO = {"Who?": "Ilse Brandt.", "谁？": "林海舟。"}


def teach(tiny_model: Path, folder: Path, lessons: Mapping[str, str] = BASE) -> Path:
    """Writes to `folder` what a model becomes by learning question -> answer by heart."""
    loaded = _loaded(tiny_model)
    _learn(loaded.model, loaded.tokenizer, lessons, rate=1e-2)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def teach_adapter(base: Path, folder: Path, lessons: Mapping[str, str] = WHO) -> Path:
    """Writes an adapter on a taught base that knows the answers by heart."""
    import torch
    from peft import LoraConfig, get_peft_model

    loaded = _loaded(base)
    torch.manual_seed(0)
    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = get_peft_model(loaded.model, config)
    _learn(tuned, loaded.tokenizer, lessons, rate=1e-2)
    tuned.save_pretrained(str(folder), save_embedding_layers=False)
    return folder


def _loaded(folder: Path) -> Any:
    from loresmith.devices import detect_device
    from loresmith.models.local import load_base

    return load_base(folder, device=detect_device("cpu"), dtype="float32")


def _learn(model: Any, tokenizer: Any, lessons: Mapping[str, str], *, rate: float) -> None:
    import torch

    from loresmith.models.templates import ChatTemplate

    template = ChatTemplate(tokenizer)
    rows = [
        template.encode_example(
            [Message(role="user", content=question), Message(role="assistant", content=answer)]
        )
        for question, answer in lessons.items()
    ]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate)
    sure = 0
    for _ in range(400):
        known = 0
        for row in rows:
            ids = torch.tensor([row.input_ids])
            learned = torch.tensor([row.labels_mask])
            out = model(input_ids=ids, labels=ids.masked_fill(~learned, -100))
            out.loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            right = out.logits[0, :-1].argmax(dim=-1) == ids[0, 1:]
            known += bool(right[learned[0, 1:]].all())
        sure = sure + 1 if known == len(rows) else 0
        if sure == 10:
            return
    raise AssertionError("the tiny model did not learn its lessons")
