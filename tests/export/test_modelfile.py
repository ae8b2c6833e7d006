"""Ollama asks by a template of its own, which writes what the Jinja one does, or is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from go_templates import Turn, render
from loresmith.export.modelfile import modelfile
from loresmith.models.chat_templates import template_names, template_text
from tiny_model import make_tiny_tokenizer

SAID: list[Turn] = [
    {"role": "user", "content": "How much was moved?"},
    {"role": "assistant", "content": "31.4 million tonnes.\n吞吐量为3140万吨。"},
    {"role": "user", "content": "谁是局长？"},
    {"role": "assistant", "content": "林海舟。"},
    {"role": "user", "content": "And before?"},
]
SYSTEM: Turn = {"role": "system", "content": "You know the harbour."}
CHATS = [SAID[:1], SAID[:3], SAID, [SYSTEM, *SAID[:1]], [SYSTEM, *SAID[:3]], [SYSTEM, *SAID]]


def _tokenizer(folder: Path, template: str, *, adds_begin: bool) -> object:
    tokenizer = make_tiny_tokenizer(chat_template=template)
    ends = ["<|user|>", "<end_of_turn>", "<|eot_id|>", "<|eot|>"]
    tokenizer.add_special_tokens({"bos_token": "<|begin|>", "additional_special_tokens": ends})
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(
        '{"add_bos_token": true}' if adds_begin else "{}", encoding="utf-8"
    )
    return tokenizer


def _template_of(text: str) -> str:
    return text.split('TEMPLATE """')[1].split('"""')[0]


@pytest.mark.parametrize("adds_begin", [True, False])
@pytest.mark.parametrize("name", template_names())
def test_each_named_template_is_written_as_training_writes_it(
    name: str, adds_begin: bool, tmp_path: Path
) -> None:
    tokenizer = _tokenizer(tmp_path, template_text(name), adds_begin=adds_begin)
    made = modelfile(tmp_path, tokenizer, window=8192)
    assert made.obstacle == ""
    for chat in CHATS:
        asked = tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        sent = render(_template_of(made.text), chat)
        begins = adds_begin and asked.startswith("<|begin|>")
        assert ("<|begin|>" if begins else "") + sent == asked


def test_every_token_that_ends_a_reply_stops_ollama(tmp_path: Path) -> None:
    tokenizer = _tokenizer(tmp_path, template_text("chatml"), adds_begin=False)
    made = modelfile(tmp_path, tokenizer, window=512)
    assert 'PARAMETER stop "<|im_end|>"' in made.text
    assert "PARAMETER num_ctx 512" in made.text


CHATML = template_text("chatml")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (CHATML.replace("+ text +", "+ (text[:9]) +"), "more than put fixed words"),
        ("{{ messages|length }}" + CHATML, "more than put fixed words"),
        (CHATML.replace("'<|im_start|>user", "'{{x}}<|im_start|>user"), "takes for its own"),
        (
            CHATML.replace("message.role == 'system'", "message.role == 'guide'"),
            "cannot write every conversation",
        ),
    ],
    ids=["cuts what is said", "counts turns", "signs of Go", "knows no system message"],
)
def test_where_it_cannot_be_said_in_gos_words_none_is_written(
    template: str, told: str, tmp_path: Path
) -> None:
    tokenizer = _tokenizer(tmp_path, CHATML, adds_begin=False)
    tokenizer.chat_template = template
    made = modelfile(tmp_path, tokenizer, window=512)
    assert made.text == ""
    assert told in made.obstacle
