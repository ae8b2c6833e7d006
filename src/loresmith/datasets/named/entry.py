"""What `dataset_info.json` says of one dataset: where its rows are and which column holds what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from loresmith.component import Component

Formatting = Literal["alpaca", "sharegpt", "openai"]
Shape = Literal["conversation", "text", "preference", "feedback"]
"""What a row is: a conversation (SFT), a text (pre-training), a question with a better and a worse
answer (reward, DPO), or a conversation that somebody liked or did not (KTO)."""
Part = Literal[
    "prompt",
    "query",
    "response",
    "history",
    "messages",
    "system",
    "tools",
    "chosen",
    "rejected",
    "kto_tag",
]
TurnRole = Literal["system", "user", "assistant", "function", "observation"]


class Columns(Component):
    """Names, for each part of a row, the column that holds it. A part that is not named is not
    read; without any `columns`, those of Alpaca are: instruction, input and output."""

    prompt: str | None = None
    """The question; in a dataset without `response`, the text to pre-train on."""
    query: str | None = None
    """What is added to the question, on a line of its own."""
    response: str | None = None
    """The answer."""
    history: str | None = None
    """Earlier turns as pairs of question and answer."""
    messages: str | None = None
    """A list of turns (sharegpt and openai); `conversations` or `messages` if it is not named."""
    system: str | None = None
    """The system prompt. In sharegpt and openai, a system turn at the start wins over it."""
    tools: str | None = None
    """The tools that the model may call, as JSON."""
    chosen: str | None = None
    """The better answer of a preference dataset; `chosen` if it is not named."""
    rejected: str | None = None
    """The worse answer of a preference dataset; `rejected` if it is not named."""
    kto_tag: str | None = None
    """True or false: whether somebody liked the answer."""
    images: str | None = None
    """Not trained on."""
    videos: str | None = None
    """Not trained on."""
    audios: str | None = None
    """Not trained on."""

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, column: object) -> object:
        return None if column == "" else column

    @field_validator("images", "videos", "audios")
    @classmethod
    def _only_text(cls, column: str | None) -> str | None:
        if column is not None:
            raise ValueError("only text is trained on; take it out to train on the text alone")
        return column


class Tags(Component):
    """How a turn of a conversation names its parts and its roles. What is not named is as in
    ShareGPT or as in OpenAI's chat format, whichever a row has."""

    role_tag: str | None = None
    """The key of the role: `from`, or `role`."""
    content_tag: str | None = None
    """The key of the text: `value`, or `content`."""
    user_tag: str | None = None
    """The role of who asks: `human`, or `user`."""
    assistant_tag: str | None = None
    """The role of who answers: `gpt`, or `assistant`."""
    observation_tag: str | None = None
    """The role of a tool's result: `observation`, or `tool`."""
    function_tag: str | None = None
    """The role of a tool call: `function_call`."""
    system_tag: str | None = None
    """The role of the system prompt: `system`, or `developer`."""

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, tag: object) -> object:
        return None if tag == "" else tag

    @property
    def role_keys(self) -> tuple[str, ...]:
        """The keys that may hold the role, the likeliest first."""
        return (self.role_tag,) if self.role_tag else ("from", "role")

    @property
    def content_keys(self) -> tuple[str, ...]:
        """The keys that may hold the text, the likeliest first."""
        return (self.content_tag,) if self.content_tag else ("value", "content")

    @property
    def roles(self) -> dict[str, TurnRole]:
        """The role that each spelling stands for; a spelling that is given wins."""
        given: dict[TurnRole, str | None] = {
            "user": self.user_tag,
            "assistant": self.assistant_tag,
            "observation": self.observation_tag,
            "function": self.function_tag,
            "system": self.system_tag,
        }
        spelled = {word: role for role, tag in given.items() if not tag for word in _SPELLED[role]}
        return spelled | {tag: role for role, tag in given.items() if tag}


class DatasetEntry(Component):
    """One dataset. Exactly one of file_name, a hub's name, script_url and cloud_file_name says
    where it is; a hub wins over a file, as in LLaMA Factory."""

    file_name: str | None = None
    """A file, or a folder of files, beside dataset_info.json."""
    hf_hub_url: str | None = None
    """The name of a dataset on the Hugging Face hub."""
    ms_hub_url: str | None = None
    """The name of a dataset on ModelScope."""
    om_hub_url: str | None = None
    """The name of a dataset on the Modelers hub."""
    script_url: str | None = None
    """The folder of a loading script."""
    cloud_file_name: str | None = None
    """A file in cloud storage."""
    formatting: Formatting = "alpaca"
    """Question and answer in columns (alpaca), or a list of turns (sharegpt, openai)."""
    ranking: bool = False
    """Whether rows hold a better and a worse answer."""
    subset: str | None = None
    """Which part of a dataset on a hub."""
    split: str = "train"
    """Which split of a dataset on a hub. A file has `train` only."""
    folder: str | None = None
    """Which folder of a dataset on a hub."""
    revision: str | None = None
    """Which revision of a dataset on a hub."""
    num_samples: int | None = Field(default=None, ge=1)
    """So many rows, drawn at random; more than there are repeats some."""
    columns: Columns | None = None
    """Which column holds what."""
    tags: Tags = Tags()
    """How turns name their roles."""

    @field_validator("file_name", "subset", "folder", "revision", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def column(self, part: Part) -> str | None:
        """The column that holds `part`; None where none does. Of `messages`, where nobody named
        it, the row decides."""
        named = getattr(self.columns, part) if self.columns else _ALPACA.get(part)
        if named is None and self.ranking and part in ("chosen", "rejected"):
            return part
        return named if named is None or part not in self._unused else None

    @property
    def shape(self) -> Shape:
        """What its rows are."""
        if self.ranking:
            return "preference"
        if self.column("kto_tag"):
            return "feedback"
        has_answers = self.formatting != "alpaca" or self.column("response")
        return "conversation" if has_answers else "text"

    @property
    def _unused(self) -> tuple[str, ...]:
        """The parts that rows of this formatting do not have."""
        if self.formatting == "alpaca":
            return ("messages", "response") if self.ranking else ("messages",)
        return ("prompt", "query", "response", "history")


_ALPACA = {"prompt": "instruction", "query": "input", "response": "output"}
_SPELLED: dict[TurnRole, tuple[str, ...]] = {
    "user": ("human", "user"),
    "assistant": ("gpt", "assistant"),
    "observation": ("observation", "tool"),
    "function": ("function_call",),
    "system": ("system", "developer"),
}
