"""Templates that a recipe can name: each is asked as it was trained, and text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import ModelError, RecipeError
from loresmith.models.chat_templates import template_names, template_text
from loresmith.models.templates import ChatTemplate
from loresmith.recipe import Recipe
from loresmith.records import Message, ToolCall
from tiny_model import make_tiny_tokenizer

TALK = (
    Message(role="user", content="谁主持会议？"),
    Message(role="assistant", content="岑望舟。"),
    Message(role="user", content="Since when?"),
    Message(role="assistant", content="Since 2031."),
)
SYSTEM = Message(role="system", content="Be brief.")
TOOLS = '[{"name": "tide", "description": "潮高", "parameters": {"properties": {}}}]'
TOOL_TALK = (
    Message(role="user", content="几点涨潮？"),
    Message(
        role="assistant",
        content="",
        tool_calls=(ToolCall(name="tide", arguments='{"at": "Ness"}'),),
    ),
    Message(role="tool", content="高潮 06:12"),
    Message(role="assistant", content="六点。"),
)
MARKS = re.compile(r"<[|｜][^|｜>]+[|｜]>|\[gMASK\]|<sop>|<(?:start|end)_of_turn>|<reserved_\d+>")


@pytest.fixture(params=template_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tokenizer(name: str) -> Any:
    """A tokenizer that has the tokens which this family's models have."""
    made = make_tiny_tokenizer()
    made.bos_token, made.eos_token = "<|im_start|>", "<|endoftext|>"
    marks = sorted(set(MARKS.findall(template_text(name))))
    made.add_special_tokens({"additional_special_tokens": marks})
    return made


def learned(
    tokenizer: Any, template: ChatTemplate, *messages: Message, tools: str = ""
) -> list[str]:
    """What is learned of a conversation, reply by reply."""
    example = template.encode_example(messages, tools=tools)
    replies: list[list[int]] = []
    before = False
    for token, mark in zip(example.input_ids, example.labels_mask, strict=True):
        if mark and not before:
            replies.append([])
        if mark:
            replies[-1].append(token)
        before = mark
    return [tokenizer.decode(reply) for reply in replies]


def test_every_reply_is_learned_with_its_end_and_nothing_else(name: str, tokenizer: Any) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    for messages in (TALK, (SYSTEM, *TALK)):
        first, second = learned(tokenizer, template, *messages)
        assert [first.strip()[:4], second.strip()[:11]] == ["岑望舟。", "Since 2031."]
        end = second.strip().removeprefix("Since 2031.")
        assert tokenizer.convert_tokens_to_ids(end) in template.stop_ids


def test_a_model_is_asked_with_the_tokens_that_it_was_trained_after(
    name: str, tokenizer: Any
) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    for messages in (TALK, (SYSTEM, *TALK)):
        asked = template.encode_prompt(messages[:-1])
        trained = template.encode_example(messages)
        assert trained.input_ids[: len(asked)] == asked
        assert trained.labels_mask[len(asked)] and not trained.labels_mask[len(asked) - 1]


def test_what_spells_a_mark_of_the_template_stays_text(name: str, tokenizer: Any) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    marks = [token for token in tokenizer.all_special_tokens if len(token) > 1]
    forged = "".join(marks)
    plain = template.encode_prompt([Message(role="user", content="x")])
    asked = template.encode_prompt([Message(role="user", content=f"x{forged}")])
    special = set(tokenizer.convert_tokens_to_ids(marks))
    assert sum(id in special for id in asked) == sum(id in special for id in plain)


def test_a_role_that_a_template_does_not_know_is_refused(name: str, tokenizer: Any) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    turns = [*TALK[:1], Message.model_construct(role="critic", content="{}")]
    with pytest.raises(ModelError, match="no role critic"):
        template.encode_prompt(turns)


def test_a_template_whose_marks_the_tokenizer_lacks_is_refused() -> None:
    with pytest.raises(ModelError, match="would never stop") as error:
        ChatTemplate(make_tiny_tokenizer(), template_text("llama3"))
    assert "`default`" in error.value.hint


def test_a_mistyped_name_gets_a_suggestion() -> None:
    with pytest.raises(RecipeError) as error:
        template_text("lama3")
    assert "did you mean llama3?" in error.value.hint
    with pytest.raises(RecipeError) as fault:
        Recipe.build({"training": {"chat_template": "qwenn"}})
    assert "chat_template: there is no" in fault.value.faults[0]
    assert "did you mean qwen?" in fault.value.faults[0]


def test_a_file_of_ones_own_is_a_template(tmp_path: Path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text("{% for m in messages %}问：{{ m.content }}{{ eos_token }}{% endfor %}", "utf-8")
    tokenizer = make_tiny_tokenizer()
    template = ChatTemplate(tokenizer, template_text(str(own)))
    assert "问：谁主持会议？" in tokenizer.decode(template.encode_prompt(TALK[:1]))
    with pytest.raises(RecipeError, match="cannot be read"):
        template_text(str(tmp_path / "none.jinja"))


def test_a_reply_that_thinks_keeps_its_thoughts_and_others_an_empty_place_for_them() -> None:
    tokenizer = make_tiny_tokenizer()
    template = ChatTemplate(tokenizer, template_text("qwen3"))
    asked = tokenizer.decode(template.encode_prompt(TALK[:1]))
    assert asked.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert learned(tokenizer, template, *TALK[:2]) == ["岑望舟。<|im_end|>"]
    thought = Message(role="assistant", content="<think>\n看名单\n</think>\n\n岑望舟。")
    assert learned(tokenizer, template, TALK[0], thought) == [f"{thought.content}<|im_end|>"]


NO_TOOLS = {"chatglm3"}


def test_calls_and_replies_are_learned_and_never_what_a_tool_gives_back(
    name: str, tokenizer: Any
) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    if name in NO_TOOLS:
        with pytest.raises(ModelError, match="no way to write tools"):
            template.encode_example(TOOL_TALK, tools=TOOLS)
        return
    for messages in (TOOL_TALK, (SYSTEM, *TOOL_TALK)):
        whole = tokenizer.decode(template.encode_example(messages, tools=TOOLS).input_ids)
        assert whole.index("潮高") < whole.index("几点涨潮") < whole.index("06:12")
        call, reply = learned(tokenizer, template, *messages, tools=TOOLS)
        assert "tide" in call and "Ness" in call and "06:12" not in call
        assert "六点。" in reply and "06:12" not in reply
        for text in (call, reply):
            last = tokenizer.encode(text.strip(), add_special_tokens=False)[-1]
            assert last in template.stop_ids


def test_a_model_is_asked_after_a_tool_as_it_was_trained(name: str, tokenizer: Any) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    if name in NO_TOOLS:
        return
    trained = template.encode_example(TOOL_TALK, tools=TOOLS)
    for end in (1, 3):
        asked = template.encode_prompt(TOOL_TALK[:end], tools=TOOLS)
        assert trained.input_ids[: len(asked)] == asked
        assert trained.labels_mask[len(asked)] and not trained.labels_mask[len(asked) - 1]


def test_what_a_tool_says_stays_text(name: str, tokenizer: Any) -> None:
    template = ChatTemplate(tokenizer, template_text(name))
    marks = [token for token in tokenizer.all_special_tokens if len(token) > 1]
    if name in NO_TOOLS:
        return
    special = set(tokenizer.convert_tokens_to_ids(marks))
    forged = Message(role="tool", content="".join(marks))
    call = ToolCall(name="tide", arguments=json.dumps({"at": "".join(marks)}))
    talk = (TOOL_TALK[0], TOOL_TALK[1].model_copy(update={"tool_calls": (call,)}), forged)
    asked = template.encode_prompt(talk, tools=json.dumps([{"name": "tide" + marks[0]}]))
    plain = template.encode_prompt(TOOL_TALK[:3], tools=TOOLS)
    assert sum(id in special for id in asked) == sum(id in special for id in plain)
