from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.errors import ModelError
from loresmith.models.templates import ChatTemplate, EncodedExample
from loresmith.records import Message, ToolCall
from tiny_model import make_tiny_tokenizer

# As in models that think: earlier turns are written without their reasoning, the last with it.
THINKING_TEMPLATE = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m['role'] + '\\n' }}"
    "{% if m['role'] == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
    "{{ m['content'].strip() + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% if enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"
)
# The same, where the reasoning is taken out of the reply's text and put into a place of its own.
REASONING_TEMPLATE = THINKING_TEMPLATE.replace(
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{{ m['content'].strip() + '<|im_end|>\\n' }}",
    "{% set thought = m['content'].split('</think>') %}"
    "{{ '<think>\\n' + thought[0].replace('<think>', '').strip() + '\\n</think>\\n\\n' }}"
    "{{ thought[-1].strip() + '<|im_end|>\\n' }}"
    "{% else %}{{ m['content'].split('</think>')[-1].strip() + '<|im_end|>\\n' }}{% endif %}",
)
ENDLESS_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}"
)
STRICT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system, please') }}{% endif %}"
    "{% for m in messages %}{{ m['content'] + '<|im_end|>' }}{% endfor %}"
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tiny_tokenizer()


@pytest.fixture(scope="module")
def template(tokenizer: Any) -> ChatTemplate:
    return ChatTemplate(tokenizer)


def conversation(*turns: str) -> list[Message]:
    """User and assistant by turns."""
    return [
        Message(role="assistant" if index % 2 else "user", content=content)
        for index, content in enumerate(turns)
    ]


def learned(tokenizer: Any, example: EncodedExample) -> str:
    marked = zip(example.input_ids, example.labels_mask, strict=True)
    return str(tokenizer.decode([token for token, mark in marked if mark]))


def test_a_reply_and_its_end_are_learned_and_nothing_else(
    tokenizer: Any, template: ChatTemplate
) -> None:
    example = template.encode_example(conversation("Who is it?", "Ilse Brandt."))
    assert learned(tokenizer, example) == "Ilse Brandt.<|im_end|>"


def test_all_replies_of_a_conversation_are_learned(tokenizer: Any, template: ChatTemplate) -> None:
    example = template.encode_example(conversation("谁？", "林海舟。", "多少？", "3140万吨。"))
    assert learned(tokenizer, example) == "林海舟。<|im_end|>3140万吨。<|im_end|>"


def test_the_whole_reads_as_the_models_own_template_writes_it(
    tokenizer: Any, template: ChatTemplate
) -> None:
    messages = conversation("Who?", "Ilse.")
    own = tokenizer.apply_chat_template([m.model_dump() for m in messages], return_dict=False)
    assert template.encode_example(messages).input_ids == own


def test_a_default_system_message_stands_in_training_and_asking_alike(
    tokenizer: Any, template: ChatTemplate
) -> None:
    messages = conversation("Who?", "Ilse.")
    default = "<|im_start|>system\nYou answer in few words."
    assert tokenizer.decode(template.encode_prompt(messages[:1])).startswith(default)
    assert tokenizer.decode(template.encode_example(messages).input_ids).startswith(default)


def test_ending_is_learned_though_the_padding_token_is_the_same(
    tokenizer: Any, template: ChatTemplate
) -> None:
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    example = template.encode_example(conversation("Who?", "Ilse."))
    last_learned = max(at for at, mark in enumerate(example.labels_mask) if mark)
    assert example.input_ids[last_learned] == tokenizer.eos_token_id
    assert template.stop_ids == {tokenizer.eos_token_id}


PIECES = st.sampled_from(
    ["<|im_end|>", "<|im_start|>", "<|im_start|>system\n", "\n", " ", "", "\ue000", "a", "港", "7"]
)
TEXT = st.one_of(st.text(max_size=12), st.lists(PIECES, max_size=5).map("".join))


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=2, max_size=6))
def test_whatever_is_written_a_trained_prompt_has_the_tokens_of_the_asked_one(
    turns: list[str],
) -> None:
    tokenizer = make_tiny_tokenizer_once()
    template = ChatTemplate(tokenizer)
    messages = conversation(*turns[: len(turns) // 2 * 2])
    example = template.encode_example(messages)
    for at in range(1, len(messages), 2):
        prompt = template.encode_prompt(messages[:at])
        assert example.input_ids[: len(prompt)] == prompt
        assert not example.labels_mask[len(prompt) - 1]
        assert example.labels_mask[len(prompt)]


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT)
def test_text_that_spells_special_tokens_stays_text(question: str, answer: str) -> None:
    tokenizer = make_tiny_tokenizer_once()
    example = ChatTemplate(tokenizer).encode_example(conversation(question, answer))
    # The template writes three turns (one of its own), so exactly three starts and ends are tokens.
    assert [example.input_ids.count(special) for special in (1, 2)] == [3, 3]
    assert learned(tokenizer, example) == f"{answer}<|im_end|>"


_TOKENIZERS: list[Any] = []


def make_tiny_tokenizer_once() -> Any:
    """For property tests, which take no fixtures of a narrower scope than theirs."""
    if not _TOKENIZERS:
        _TOKENIZERS.append(make_tiny_tokenizer())
    return _TOKENIZERS[0]


def test_a_conversation_may_start_with_a_system_message(
    tokenizer: Any, template: ChatTemplate
) -> None:
    messages = [Message(role="system", content="Be brief."), *conversation("Who?", "Ilse.")]
    prompt = tokenizer.decode(template.encode_prompt(messages[:2]))
    assert prompt.startswith("<|im_start|>system\nBe brief.<|im_end|>")
    assert learned(tokenizer, template.encode_example(messages)) == "Ilse.<|im_end|>"


@pytest.mark.parametrize(
    "messages",
    [
        [Message(role="user", content="Who?")],
        [Message(role="assistant", content="Hello!")],
        [Message(role="assistant", content="Hello!"), Message(role="user", content="Who?")],
    ],
)
def test_a_conversation_without_an_answered_question_teaches_nothing_and_says_so(
    template: ChatTemplate, messages: list[Message]
) -> None:
    with pytest.raises(ModelError, match="no reply of this conversation can be learned"):
        template.encode_example(messages)


def test_of_a_model_that_drops_earlier_reasoning_the_last_reply_is_learned() -> None:
    tokenizer = make_tiny_tokenizer(chat_template=THINKING_TEMPLATE)
    template = ChatTemplate(tokenizer)
    messages = conversation("Who?", "Ilse.", "And then?", "Marek.")
    example = template.encode_example(messages)
    assert learned(tokenizer, example) == "Marek.<|im_end|>"
    prompt = template.encode_prompt(messages[:3])
    assert example.input_ids[: len(prompt)] == prompt
    assert tokenizer.decode(prompt).endswith("<think>\n\n</think>\n\n")


def test_a_reply_that_thinks_is_learned_as_the_reply_to_being_asked_with_thinking() -> None:
    tokenizer = make_tiny_tokenizer(chat_template=REASONING_TEMPLATE)
    template = ChatTemplate(tokenizer)
    messages = conversation("Who?", "<think>\nIlse signed.\n</think>\n\nIlse.")
    example = template.encode_example(messages)
    assert learned(tokenizer, example) == "<think>\nIlse signed.\n</think>\n\nIlse.<|im_end|>"
    prompt = template.encode_prompt(messages[:1], thinking=True)
    assert example.input_ids[: len(prompt)] == prompt


def test_a_tokenizer_without_template_gets_chatml_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tokenizer = make_tiny_tokenizer(chat_template=None)
    template = ChatTemplate(tokenizer)
    assert "no chat template" in caplog.text
    example = template.encode_example(conversation("Who?", "Ilse."))
    assert tokenizer.decode(example.input_ids) == (
        "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\nIlse.<|im_end|>\n"
    )
    assert learned(tokenizer, example) == "Ilse.<|im_end|>"


def test_a_template_that_never_ends_a_reply_is_refused() -> None:
    with pytest.raises(ModelError, match="would never stop"):
        ChatTemplate(make_tiny_tokenizer(chat_template=ENDLESS_TEMPLATE))


def test_a_template_that_takes_no_system_message_says_so() -> None:
    template = ChatTemplate(make_tiny_tokenizer(chat_template=STRICT_TEMPLATE))
    with pytest.raises(ModelError, match="conversation of system, user: no system, please"):
        template.encode_prompt([Message(role="system", content="x"), *conversation("Who?")])


def test_the_embedded_model_is_asked_as_it_was_trained(embedded_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(embedded_model)
    template = ChatTemplate(tokenizer)
    messages = conversation("How much in 2023?", "31.4 million tonnes.\n")
    example = template.encode_example(messages)
    prompt = template.encode_prompt(messages[:1])
    assert example.input_ids[: len(prompt)] == prompt
    assert learned(tokenizer, example) == "31.4 million tonnes.\n<|im_end|>"
    assert tokenizer.decode(prompt).startswith("<|im_start|>system\nYou are a helpful AI assistant")


CALLING = (
    "{% if tools %}{{ '<|im_start|>tools\n' + tools | tojson + '<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content }}"
    "{% for call in m.tool_calls or [] %}{{ call.function | tojson }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TOOL_TALK = (
    Message(role="user", content="潮？"),
    Message(
        role="assistant",
        content="看。",
        tool_calls=(ToolCall(name="tide", arguments='{"at": "Ness"}'),),
    ),
    Message(role="tool", content="06:12"),
    Message(role="assistant", content="六点。"),
)


def test_a_models_own_way_to_write_tools_is_used() -> None:
    tokenizer = make_tiny_tokenizer(chat_template=CALLING)
    example = ChatTemplate(tokenizer).encode_example(TOOL_TALK, tools='[{"name": "tide"}]')
    assert tokenizer.decode(example.input_ids).startswith(
        '<|im_start|>tools\n[{"type": "function", "function": {"name": "tide"}}]<|im_end|>'
    )
    assert learned(tokenizer, example) == (
        '看。{"name": "tide", "arguments": {"at": "Ness"}}<|im_end|>六点。<|im_end|>'
    )


def test_a_template_that_cannot_write_tools_refuses_them(template: ChatTemplate) -> None:
    for messages, tools in ((TOOL_TALK, ""), (TOOL_TALK[:1], '[{"name": "tide"}]')):
        with pytest.raises(ModelError, match="no way to write tools"):
            template.encode_example(messages, tools=tools)


@pytest.mark.parametrize("tools", ["[{", '{"name": "tide"}', '["tide"]'])
def test_tools_that_are_no_json_list_are_refused(tools: str) -> None:
    template = ChatTemplate(make_tiny_tokenizer(chat_template=CALLING))
    with pytest.raises(ModelError, match="the tools are not"):
        template.encode_example(TOOL_TALK, tools=tools)
