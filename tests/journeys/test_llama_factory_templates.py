"""Our named chat templates write what LLaMA Factory's of the same name write.

Run by `make journeys`, or alone: `pytest -m slow tests/journeys/test_llama_factory_templates.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from llama_factory import LlamaFactory
from loresmith.models.chat_templates import template_names, template_text
from loresmith.models.templates import ChatTemplate
from loresmith.records import Message, ToolCall
from tiny_model import make_tiny_tokenizer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TALK = (
    Message(role="user", content="谁主持会议？"),
    Message(role="assistant", content="岑望舟。"),
    Message(role="user", content="Since when?"),
    Message(role="assistant", content="Since 2031."),
)
TALKS = (TALK[:2], TALK, (Message(role="system", content="Be brief."), *TALK))
TOOLS = json.dumps(
    [
        {
            "name": "tide",
            "description": "潮高 at a place",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "港口", "enum": ["Skerry", "Ness"]},
                    "hours": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["place"],
            },
        },
        {"name": "now", "parameters": {"type": "object", "properties": {}}},
    ],
    ensure_ascii=False,
)
CALL = ToolCall(name="tide", arguments='{"place": "Skerry", "hours": [6, 18]}')
TOOL_TALK = (
    Message(role="user", content="几点涨潮？"),
    Message(role="assistant", content="", tool_calls=(CALL,)),
    Message(role="tool", content='{"height": 2.1}'),
    Message(role="assistant", content="2.1 m."),
)
TWO_CALLS = (
    TOOL_TALK[0],
    Message(role="assistant", content="", tool_calls=(CALL, ToolCall(name="now", arguments="{}"))),
    *TOOL_TALK[2:],
)
BRIEF = Message(role="system", content="Be brief.")
TOOL_TALKS = ((BRIEF, *TOOL_TALK), (BRIEF, *TWO_CALLS))
MARKS = re.compile(r"<[|｜][^|｜>]+[|｜]>|\[gMASK\]|<sop>|<(?:start|end)_of_turn>|<reserved_\d+>")
TODAY = re.compile(r"Today Date: \d\d \w+ \d{4}")  # ours is that of the family's own template
UNLIKE = {
    "chatglm3": "it looks up tokens that only the family's own tokenizer has",
    "glm4": "it ends the last reply with the tokenizer's eos, we with <|user|> as every other",
}
"""Where we differ on purpose, or cannot compare."""


@pytest.fixture(scope="module")
def llama_factory() -> Iterator[LlamaFactory]:
    with TemporaryDirectory() as scratch:
        yield LlamaFactory.found_or_installed(Path(scratch))


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For each template a tokenizer that has its marks."""
    folders = {}
    for name in set(template_names()) - UNLIKE.keys():
        made = make_tiny_tokenizer(chat_template=None)
        made.bos_token, made.eos_token = "<|im_start|>", "<|endoftext|>"
        marks = sorted(set(MARKS.findall(template_text(name))))
        made.add_special_tokens({"additional_special_tokens": marks})
        folders[name] = tmp_path_factory.mktemp(name)
        made.save_pretrained(folders[name])
    return folders


def test_they_write_and_learn_the_same_text(
    llama_factory: LlamaFactory, tokenizers: dict[str, Path]
) -> None:
    from transformers import AutoTokenizer

    theirs = llama_factory.written(tokenizers, TALKS)
    assert len(theirs) >= 15
    for name, talks in theirs.items():
        tokenizer = AutoTokenizer.from_pretrained(tokenizers[name])
        template = ChatTemplate(tokenizer, template_text(name))
        for talk, turns in zip(TALKS, talks, strict=True):
            example = template.encode_example(talk)
            text = tokenizer.decode(example.input_ids)
            assert text == "".join(read + learned for read, learned in turns), name
            asked = tokenizer.decode(template.encode_prompt(talk[:-1]))
            before = "".join(read + learned for read, learned in turns[:-1]) + turns[-1][0]
            # Those that can think put the empty place for thoughts into the question, as their
            # models are asked; there it is learned as a part of the reply.
            assert asked.removesuffix("<think>\n\n</think>\n\n") == before, name


def test_they_write_and_learn_the_same_tool_calls(
    llama_factory: LlamaFactory, tokenizers: dict[str, Path]
) -> None:
    from transformers import AutoTokenizer

    with_default = [name for name in ("qwen", "alpaca") if name in tokenizers]
    theirs = llama_factory.written(tokenizers, TOOL_TALKS, tools=TOOLS)
    bare = {name: tokenizers[name] for name in with_default}
    assert len(theirs) >= 15
    for name, chats in [
        *theirs.items(),
        *llama_factory.written(bare, [TOOL_TALK], tools=TOOLS).items(),
    ]:
        tokenizer = AutoTokenizer.from_pretrained(tokenizers[name])
        template = ChatTemplate(tokenizer, template_text(name))
        talks = TOOL_TALKS if len(chats) > 1 else (TOOL_TALK,)
        for talk, turns in zip(talks, chats, strict=True):
            example = template.encode_example(talk, tools=TOOLS)
            text = tokenizer.decode(example.input_ids)
            whole = "".join(read + learned for read, learned in turns)
            assert text == TODAY.sub("Today Date: 26 Jul 2024", whole), name
            pairs = zip(example.input_ids, example.labels_mask, strict=True)
            ours = tokenizer.decode([token for token, learned in pairs if learned])
            # What follows the end of a reply (a line break), and the empty place for thoughts,
            # they learn, and we do not.
            theirs_learned = "".join("".join(learned for _, learned in turns).split())
            assert "".join(ours.split()) == theirs_learned.replace("<think></think>", ""), name
