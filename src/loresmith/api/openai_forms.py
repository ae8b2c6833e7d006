"""What OpenAI's chat and completion routes are sent, and what their list of models answers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from loresmith.errors import LoresmithError
from loresmith.records import Message, Record
from loresmith.workspace.chat import Question, Sampling

_LONGEST_REPLY = 2_048
"""Tokens of a reply whose request sets no limit."""
_MOST_REPLIES = 32
"""Replies that one request may ask for."""
_WITHOUT_EFFECT = frozenset(
    "user store metadata service_tier safety_identifier prompt_cache_key prompt_cache_retention "
    "parallel_tool_calls reasoning_effort verbosity".split()
)
_ONLY: dict[str, tuple[Any, ...]] = {
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "logprobs": (False, 0),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "web_search_options": (),
}
"""Parameters that change a reply in ways that are not served, with the values that do not."""


class Refused(LoresmithError):
    """A request that is wrong, in OpenAI's words: which parameter, and a code."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


class TextPart(BaseModel):
    """A part of a message; only text is read."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One turn; a `developer` speaks as the system does."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    name: str | None = None
    """Ignored: local models know no names."""
    refusal: str | None = None
    """Ignored, as the next: clients send back all that an earlier reply held."""
    reasoning_content: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_says_nothing(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}

    def message(self) -> Message:
        parts = self.content
        text = parts if isinstance(parts, str) else "".join(part.text for part in parts)
        return Message(role="system" if self.role == "developer" else self.role, content=text)


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool = False
    """Sends a last chunk with the counts of tokens."""
    include_obfuscation: bool = False
    """Ignored."""


class Asked(BaseModel):
    """What both routes are sent."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    model: str = Field(examples=["embedded"])
    """The id of a served model; see `/v1/models`."""
    stream: bool | None = False
    """Sends the reply piece by piece as server-sent events."""
    stream_options: StreamOptions | None = None
    """Allowed only with `stream`."""
    temperature: float | None = Field(default=1.0, ge=0.0, le=2.0)
    """0 is greedy: always the likeliest token."""
    top_p: float | None = Field(default=1.0, ge=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    """The same seed draws the same reply; of several replies each draws from the next one."""
    n: int | None = Field(default=1, ge=1, le=_MOST_REPLIES)
    """Replies to each prompt, written side by side; it is read once."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Longest reply in tokens; 2,048 when not set, and never more than the context has room for."""
    stop: str | list[str] | None = None
    """Up to 4 texts before which the reply ends."""

    @model_validator(mode="after")
    def _only_what_is_served(self) -> Asked:
        for name, value in (self.model_extra or {}).items():
            if name in _WITHOUT_EFFECT or value is None:
                continue
            if name not in _ONLY:
                raise Refused(f"Unrecognized request argument supplied: {name}", param=name)
            if value not in _ONLY[name]:
                raise Refused(
                    f"{name}={value!r} is not served by this model.",
                    param=name,
                    code="unsupported_parameter",
                )
        if self.stream_options is not None and not self.stream:
            raise Refused(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                param="stream_options",
            )
        if len(self.stops) > 4 or not all(self.stops):
            raise Refused("stop takes up to 4 texts that are not empty.", param="stop")
        return self

    @property
    def replies_each(self) -> int:
        return self.n or 1

    @property
    def stops(self) -> tuple[str, ...]:
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def limit(self) -> int:
        return self.max_tokens or _LONGEST_REPLY

    @abstractmethod
    def questions(self) -> list[Question]:
        """One for each reply, prompt by prompt."""

    def samplings(self) -> list[Sampling]:
        """How each of the replies to one prompt is drawn."""
        first = Sampling(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=max(1e-6, 1.0 if self.top_p is None else self.top_p),
            max_tokens=self.limit,
            seed=self.seed,
        )
        if self.seed is None:
            return [first] * self.replies_each
        seeds = range(self.seed, self.seed + self.replies_each)
        return [first.model_copy(update={"seed": seed}) for seed in seeds]


class ChatCompletionRequest(Asked):
    """A conversation to go on with."""

    messages: list[ChatMessage] = Field(
        min_length=1, examples=[[{"role": "user", "content": "Who runs the harbour?"}]]
    )
    """The turns so far, the oldest first."""
    max_completion_tokens: int | None = Field(default=None, ge=1)
    """The newer name of `max_tokens`; it counts where both are set."""

    @property
    def limit(self) -> int:
        return self.max_completion_tokens or super().limit

    def questions(self) -> list[Question]:
        messages = tuple(message.message() for message in self.messages)
        return [
            Question(messages=messages, sampling=sampling, stop=self.stops)
            for sampling in self.samplings()
        ]


class CompletionRequest(Asked):
    """Text to go on with, without a chat template."""

    prompt: str | list[str] = Field(examples=["The harbour of Velmora"])
    """One text, or several, each of which is answered."""
    max_tokens: int | None = Field(default=16, ge=1)
    """Longest reply in tokens."""

    @model_validator(mode="after")
    def _something_to_go_on_with(self) -> CompletionRequest:
        texts = self.texts
        if not texts or not all(texts):
            raise Refused("prompt must hold text.", param="prompt")
        if len(texts) * self.replies_each > _MOST_REPLIES:
            raise Refused(
                f"A request may ask for {_MOST_REPLIES} replies; this one asks for "
                f"{len(texts) * self.replies_each}.",
                param="prompt",
            )
        return self

    @property
    def limit(self) -> int:
        return self.max_tokens or 16

    @property
    def texts(self) -> list[str]:
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    def questions(self) -> list[Question]:
        return [
            Question(prompt=text, sampling=sampling, stop=self.stops)
            for text in self.texts
            for sampling in self.samplings()
        ]


class ModelCard(Record):
    """A served model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    """Seconds since 1970; of a base model 0."""
    owned_by: Literal["loresmith"] = "loresmith"


class ModelCards(Record):
    """All served models."""

    object: Literal["list"] = "list"
    data: tuple[ModelCard, ...]
