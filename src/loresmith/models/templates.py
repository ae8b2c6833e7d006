"""Why: training, chat, exam and serving must show a model the same tokens for the same words.

`ChatTemplate` is the one place where conversations become token ids. It keeps three promises:
the tokens before a trained reply are exactly those that a question is asked with; only replies and
the token that ends them are learned (told by position, never by id: small chat models pad with
their end token); and text written by people stays text, even where it spells `<|im_end|>`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from loresmith.errors import ModelError
from loresmith.models.text_only import pass_over_broken_media
from loresmith.models.tool_turns import (
    PROBE_TOOLS,
    PROBE_TURNS,
    as_turns,
    between_call_and_result,
    in_all_text,
    offered_tools,
)
from loresmith.records import Message

_log = logging.getLogger(__name__)

Learned = Literal["replies", "last_reply", "everything"]
"""Of a conversation: each reply, the last one, or questions and all."""

_PRIVATE_USE = range(0xE000, 0xF8FF)
_PROBE = "Kestrel"
_THOUGHT = "<think>"
"""What a reply that thinks begins with."""


class EncodedExample(NamedTuple):
    """One conversation as a model is trained on it. Both lists have the same length."""

    input_ids: list[int]
    labels_mask: list[bool]
    """True where the token is to be learned: a reply's tokens and the token that ends it."""


class ChatTemplate:
    """How one tokenizer writes conversations: by a given template, else its own, else ChatML with
    a warning.

    Raises ModelError when the template cannot write a conversation, or ends replies with no token
    of its own (a model trained on it would never stop).
    """

    stop_ids: frozenset[int]
    """The tokens that end a reply."""

    def __init__(self, tokenizer: Any, text: str | None = None) -> None:
        """`text` is the template in Jinja; None takes that of the tokenizer."""
        self._tokenizer = tokenizer
        self._template: str = text or tokenizer.chat_template or _chatml(tokenizer)
        self._special = _pattern_of_special_tokens(tokenizer)
        self.stop_ids = self._find_stop_ids()
        end_of_call = self._find_end_of_call()
        self._writes_tools = end_of_call is not None
        if end_of_call is not None:
            self.stop_ids |= {end_of_call}

    @property
    def text(self) -> str:
        """The template in Jinja."""
        return self._template

    def text_of_prompt(self, messages: Sequence[Message]) -> str:
        """What `encode_prompt` makes tokens of."""
        return self._render(as_turns(messages), asking=True)

    def encode_prompt(
        self, messages: Sequence[Message], *, thinking: bool = False, tools: str = ""
    ) -> list[int]:
        """The tokens to ask with: the conversation up to where the model's reply begins.

        With `thinking`, a model that can think before it answers is let; others take no notice.
        `tools` are those that it may call, as a JSON list.
        """
        marked = self._mark(messages, tools)
        text = self._render(marked.turns, marked.tools, asking=True, thinking=thinking)
        return self._encode(text, marked, self._reply_starts(text, marked)).ids

    def encode_example(
        self, messages: Sequence[Message], *, learn: Learned = "replies", tools: str = ""
    ) -> EncodedExample:
        """The tokens to train on, with what is to be learned of them marked.

        A reply is learned where the conversation before it is written as it would be asked; one
        that thinks first, as it would be asked with `thinking`. Some templates write earlier turns
        otherwise (they drop their reasoning, say): of such a conversation only the last reply is
        learned. A reply's tool calls are learned, what tools give back is not. Raises ModelError
        when no reply can be learned, and where the template has no way to write the tools.
        """
        marked = self._mark(messages, tools)
        text = self._render(marked.turns, marked.tools)
        encoded = self._encode(text, marked, self._reply_starts(text, marked))
        mask = [False] * len(encoded.ids)
        for start in encoded.cuts[-1:] if learn == "last_reply" else encoded.cuts:
            for position in range(start, len(mask)):
                mask[position] = True
                if encoded.ids[position] in self.stop_ids:
                    break
        if not any(mask):
            raise ModelError(
                "no reply of this conversation can be learned: none follows a question in the way "
                "that the model is asked one",
                hint="A conversation needs a user turn, and then an assistant turn at its end.",
            )
        return EncodedExample(encoded.ids, [True] * len(mask) if learn == "everything" else mask)

    def _mark(self, messages: Sequence[Message], tools: str = "") -> _Marked:
        """Puts a mark inside all that spells a special token, so that it is encoded as text."""
        has_tools = bool(tools) or any(one.role == "tool" or one.tool_calls for one in messages)
        if has_tools and not self._writes_tools:
            raise ModelError(
                "the chat template has no way to write tools and their calls",
                hint="Name one that has, as training.chat_template: qwen and default are two.",
            )
        turns, offered = as_turns(messages), offered_tools(tools)
        used = set(json.dumps([turns, offered], ensure_ascii=False))
        mark = next(chr(code) for code in _PRIVATE_USE if chr(code) not in used)

        def marked(text: str) -> str:
            return self._special.sub(lambda found: found[0][0] + mark + found[0][1:], text)

        return _Marked(
            tuple(in_all_text(turn, marked) for turn in turns),
            mark,
            tuple(in_all_text(tool, marked) for tool in offered),
        )

    def _render(
        self,
        turns: Sequence[dict[str, Any]],
        tools: Sequence[dict[str, Any]] = (),
        *,
        asking: bool = False,
        thinking: bool = False,
    ) -> str:
        from jinja2 import TemplateError

        try:
            rendered = self._tokenizer.apply_chat_template(
                list(turns),
                chat_template=self._template,
                tools=list(tools) or None,
                tokenize=False,
                add_generation_prompt=asking,
                enable_thinking=thinking,  # templates of models that cannot think ignore this word
            )
        except (TemplateError, TypeError, LookupError) as error:
            roles = ", ".join(turn["role"] for turn in turns) or "no turns"
            raise ModelError(
                f"the model's chat template cannot write a conversation of {roles}: {error}",
                hint="Some models take no system message, or want user and assistant in turns.",
            ) from error
        return str(rendered)

    def _reply_starts(self, text: str, marked: _Marked) -> list[int]:
        """Where in `text` those replies begin before which it reads as it would be asked."""
        starts = []
        asked = False
        for index, turn in enumerate(marked.turns):
            asked = asked or turn["role"] == "user"
            if turn["role"] == "assistant" and asked:
                before = marked.turns[:index]
                prompt = self._render(before, marked.tools, asking=True)
                if not text.startswith(prompt):
                    prompt = self._render(before, marked.tools, asking=True, thinking=True)
                    if not text.startswith(prompt + _THOUGHT):
                        continue
                starts.append(len(prompt))
        return starts

    def _encode(self, text: str, marked: _Marked, starts: Sequence[int]) -> _Encoded:
        """Token ids of `text`, and how many of them stand before each of `starts`.

        Where a token would reach across a start (a reply that begins with a line break, after a
        prompt that ends with one), the text is cut there: asking ends with the prompt's tokens.
        """
        done: list[int] = []
        cuts: list[int] = []
        begin = 0
        rest = self._tokens(text, marked)
        for start in starts:
            head = self._tokens(text[begin:start], marked)
            cuts.append(len(done) + len(head))
            if rest[: len(head)] != head:
                done += head
                begin = start
                rest = self._tokens(text[begin:], marked)
        return _Encoded(done + rest, cuts)

    def _tokens(self, text: str, marked: _Marked) -> list[int]:
        ids: list[int] = []
        for piece in text.split(marked.mark):
            if piece:
                ids += self._tokenizer.encode(piece, add_special_tokens=False)
        return ids

    def _find_stop_ids(self) -> frozenset[int]:
        """The end of the sequence, and the first added token that follows a reply's text."""
        turns = ({"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE})
        after_reply = self._render(turns).rpartition(_PROBE)[2]
        added = {*self._tokenizer.added_tokens_decoder, *self._tokenizer.all_special_ids}
        for token in self._tokenizer.encode(after_reply, add_special_tokens=False):
            if token in added:
                end = self._tokenizer.eos_token_id
                return frozenset({token} if end is None else {token, end})
        raise ModelError(
            "the model's chat template ends a reply with no token of its own, so that a model "
            "trained on it would never stop",
            hint="Take one that ends replies with the tokenizer's eos_token: `default` is one.",
        )

    def _find_end_of_call(self) -> int | None:
        """The token that ends a tool call: one that ends replies, or (GLM-4) the first special one
        after it. None where the template does not write tools."""
        try:
            text = self._render(as_turns(PROBE_TURNS), offered_tools(PROBE_TOOLS))
        except ModelError:
            return None
        between = between_call_and_result(text)
        ids = self._tokenizer.encode(between or "", add_special_tokens=False)
        added = self._tokenizer.added_tokens_decoder
        special = {*self._tokenizer.all_special_ids, *(id for id, t in added.items() if t.special)}
        ends = [id for id in ids if id in self.stop_ids] or [id for id in ids if id in special]
        return ends[0] if ends else None


def encode_text(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a text that no template surrounds; what spells a special token stays text."""
    pieces: list[str] = []
    begin = 0
    for found in _pattern_of_special_tokens(tokenizer).finditer(text):
        pieces.append(text[begin : found.start() + 1])  # cut within it
        begin = found.start() + 1
    pieces.append(text[begin:])
    return [
        token
        for piece in pieces
        if piece
        for token in tokenizer.encode(piece, add_special_tokens=False)
    ]


def check_chat_template(folder: Path, name: str | None) -> None:
    """Raises ModelError where conversations cannot be written for the model in `folder` by the
    template of this name (or by its own), ModelUnavailable where it has no tokenizer that can be
    loaded, and RecipeError where there is no such template. No weights are loaded."""
    pass_over_broken_media()
    from transformers import AutoTokenizer

    from loresmith.models.chat_templates import template_text
    from loresmith.models.loading import errors_of_loading

    text = template_text(name)
    with errors_of_loading(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
    ChatTemplate(tokenizer, text)


class _Marked(NamedTuple):
    """A conversation ready to be rendered; `mark` is where text has to be cut to stay text."""

    turns: tuple[dict[str, Any], ...]
    mark: str
    tools: tuple[dict[str, Any], ...]


class _Encoded(NamedTuple):
    ids: list[int]
    cuts: list[int]


def _pattern_of_special_tokens(tokenizer: Any) -> re.Pattern[str]:
    spelled = {str(token) for token in tokenizer.all_special_tokens}
    spelled |= {t.content for t in tokenizer.added_tokens_decoder.values() if t.special}
    longest_first = sorted((s for s in spelled if len(s) > 1), key=lambda s: (-len(s), s))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _chatml(tokenizer: Any) -> str:
    """ChatML; replies end with `<|im_end|>` where the tokenizer has it, else with its eos."""
    end = "<|im_end|>" if "<|im_end|>" in tokenizer.get_vocab() else tokenizer.eos_token
    if not end:
        raise ModelError(
            "the model's tokenizer has neither a chat template nor an end token",
            hint="Choose a chat model, or give the tokenizer an eos_token.",
        )
    _log.warning("The model brings no chat template: ChatML is used, replies end with %s.", end)
    return (
        "{% for message in messages %}"
        "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '" + end + "\\n' }}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    )
