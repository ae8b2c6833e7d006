"""Why: a base model, a base with its adapter, and a model in training answer here as ChatModels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from typing_extensions import Self

from loresmith.devices import Device, detect_device
from loresmith.errors import ModelError, ModelUnavailable
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.decoding import decode
from loresmith.models.likelihood import mean_log_likelihoods
from loresmith.models.loading import Loaded, add_adapter, load_base
from loresmith.models.templates import ChatTemplate
from loresmith.models.thinking import split_thinking
from loresmith.records import Message, Reply, Usage

__all__ = ["Loaded", "LocalModel", "load_base"]


class LocalModel(ChatModel):
    """A model on this machine; entering loads it, leaving frees it.

    Replies are computed one batch at a time, also when several threads ask.
    """

    def __init__(
        self,
        folder: Path,
        adapter: Path | None = None,
        device: Device | None = None,
        name: str | None = None,
        *,
        dtype: str | None = None,
        trust_remote_code: bool = False,
        chat_template: str | None = None,
    ) -> None:
        self.name = name or (f"{folder.name}+{adapter.name}" if adapter else folder.name)
        self._folder = folder
        self._adapter = adapter
        self._device = device
        self._dtype = dtype
        self._trust_remote_code = trust_remote_code
        self._chat_template = chat_template
        self._ready: _Ready | None = None
        self._owns_model = True
        self._lock = threading.Lock()

    @classmethod
    def around(cls, model: Any, tokenizer: Any, *, device: Device, name: str) -> LocalModel:
        """A ChatModel of a model that is already loaded, such as one in training.

        During replies the model is in evaluation mode; afterwards every part of it is as it was.
        Leaving does not free it, and the random numbers of the training are not drawn from.
        """
        made = cls(Path(), device=device, name=name)
        made._ready = _ready(Loaded(model, tokenizer), device)
        made._owns_model = False
        return made

    def __enter__(self) -> Self:
        if self._ready is None:
            self._ready = self._load()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._owns_model and self._ready is not None:
            on_card = self._ready.device.kind != "cpu"
            self._ready = None
            if on_card:
                import torch

                torch.cuda.empty_cache()

    def reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return self.reply_all([messages], sampling)[0]

    def reply_all(
        self,
        conversations: Sequence[Sequence[Message]],
        sampling: Sampling,
        *,
        on_reply: Callable[[int, Reply], None] | None = None,
    ) -> list[Reply]:
        """Answers in batches of like length, longest first; row i draws with `seed + i`."""
        ready = self._opened()
        prompts = [ready.template.encode_prompt(messages) for messages in conversations]
        for prompt in prompts:
            ready.check_room(prompt, name=self.name)
        replies: dict[int, Reply] = {}

        def finish(index: int, reply: Reply) -> None:
            replies[index] = reply
            if on_reply is not None:
                on_reply(index, reply)

        for batch in _batches([len(p) + sampling.max_tokens for p in prompts], ready.device):
            self._answer(ready, batch, prompts, sampling, finish)
        return [replies[index] for index in range(len(prompts))]

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """The reply in pieces of text, as they are written; never half a character."""
        ready = self._opened()
        prompt = ready.template.encode_prompt(messages)
        ready.check_room(prompt, name=self.name)
        ids: list[int] = []
        shown = 0
        with self._lock, _evaluating(ready.model):
            for token in ready.decode([prompt], sampling, seeds=[sampling.seed]):
                ids.append(token.id)
                text = ready.text(ids)
                if len(text) > shown:
                    yield text[shown:]
                    shown = len(text)
        if len(ready.text(ids)) > shown:
            yield ready.text(ids)[shown:]

    def score(self, prompt_messages: Sequence[Message], continuation: str) -> float:
        """Mean log-likelihood (nats a token, at most 0) of `continuation` as the reply."""
        return self.score_all([(prompt_messages, continuation)])[0]

    def score_all(self, candidates: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        """`score` of many prompts with their continuations, in batches; in the order given."""
        ready = self._opened()
        examples = [
            ready.template.encode_example([*prompt, Message(role="assistant", content=text)])
            for prompt, text in candidates
        ]
        scores: dict[int, float] = {}
        for batch in _batches([len(example.input_ids) for example in examples], ready.device):
            with self._lock, _evaluating(ready.model):
                found = mean_log_likelihoods(
                    ready.model, [examples[at] for at in batch], stop_ids=ready.stop_ids
                )
            scores.update(zip(batch, found, strict=True))
        return [scores[at] for at in range(len(examples))]

    def _load(self) -> _Ready:
        device = self._device if self._device is not None else detect_device()
        if device.kind == "cpu":
            import torch

            torch.set_num_threads(device.threads)
        loaded = load_base(
            self._folder,
            device=device,
            dtype=self._dtype,
            trust_remote_code=self._trust_remote_code,
            chat_template=self._chat_template,
        )
        if self._adapter is not None:
            loaded = add_adapter(loaded, self._adapter, device=device)
        return _ready(loaded, device)

    def _opened(self) -> _Ready:
        if self._ready is None:
            raise ModelUnavailable(
                f"the model {self.name!r} is not loaded", hint="Open it: `with model: ...`."
            )
        return self._ready

    def _answer(
        self,
        ready: _Ready,
        batch: Sequence[int],
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        finish: Callable[[int, Reply], None],
    ) -> None:
        """Answers one batch; where the device has no room for it, in halves."""
        import torch

        written: list[list[int]] = [[] for _ in batch]
        seeds = [None if sampling.seed is None else sampling.seed + index for index in batch]
        asked = [prompts[index] for index in batch]
        try:
            with self._lock, _evaluating(ready.model):
                for token in ready.decode(asked, sampling, seeds=seeds):
                    written[token.row].append(token.id)
        except torch.OutOfMemoryError:
            written = []
        if written:
            for index, prompt, ids in zip(batch, asked, written, strict=True):
                finish(index, ready.reply(prompt, ids))
            return
        torch.cuda.empty_cache()
        if len(batch) == 1:
            raise ModelUnavailable(
                f"the device has no room for one prompt of {len(asked[0])} tokens",
                hint="Take a smaller model or shorter prompts, or free the device of other work.",
            )
        half = len(batch) // 2
        self._answer(ready, batch[:half], prompts, sampling, finish)
        self._answer(ready, batch[half:], prompts, sampling, finish)


class _Ready(NamedTuple):
    """A loaded model with all that asking it needs."""

    model: Any
    tokenizer: Any
    template: ChatTemplate
    device: Device
    stop_ids: frozenset[int]
    longest: int
    """The most tokens that prompt and reply may have together."""

    def check_room(self, prompt: Sequence[int], *, name: str) -> None:
        if len(prompt) >= self.longest:
            raise ModelError(
                f"a prompt of {len(prompt)} tokens leaves {name!r} no room for a reply: "
                f"it reads at most {self.longest}",
                hint="Shorten the prompt, or take a model with a longer context.",
            )

    def decode(
        self, prompts: Sequence[Sequence[int]], sampling: Sampling, *, seeds: Sequence[int | None]
    ) -> Iterator[Any]:
        room = self.longest - max(len(prompt) for prompt in prompts)
        cut = sampling.model_copy(update={"max_tokens": min(sampling.max_tokens, room)})
        return decode(self.model, prompts, cut, stop_ids=self.stop_ids, seeds=seeds)

    def text(self, ids: Sequence[int]) -> str:
        """The text of tokens, without half a character at their end."""
        text = str(self.tokenizer.decode(list(ids), skip_special_tokens=True))
        return text.rstrip("\N{REPLACEMENT CHARACTER}")

    def reply(self, prompt: Sequence[int], ids: Sequence[int]) -> Reply:
        thought = split_thinking(self.text(ids).strip())
        return Reply(
            text=thought.text,
            reasoning=thought.reasoning,
            finish_reason="stop" if ids[-1] in self.stop_ids else "length",
            usage=Usage(calls=1, prompt_tokens=len(prompt), completion_tokens=len(ids)),
        )


def _ready(loaded: Loaded, device: Device) -> _Ready:
    template = ChatTemplate(loaded.tokenizer)
    ends = loaded.model.generation_config.eos_token_id
    more = ends if isinstance(ends, list) else [] if ends is None else [ends]
    longest = getattr(loaded.model.config, "max_position_embeddings", None) or 1_000_000
    return _Ready(
        loaded.model,
        loaded.tokenizer,
        template,
        device,
        template.stop_ids | frozenset(more),
        longest,
    )


def _batches(lengths: Sequence[int], device: Device) -> list[list[int]]:
    """Indices grouped by length, longest first, within the rows and tokens that fit a batch."""
    rows, tokens = (32, 8_192) if device.kind == "cpu" else (256, 65_536)
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        last = batches[-1] if batches else []
        # Its first row is a batch's longest: all others are padded to it.
        if last and len(last) < rows and (len(last) + 1) * lengths[last[0]] <= tokens:
            last.append(index)
        else:
            batches.append([index])
    return batches


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Puts `model` into evaluation mode, and each of its parts back into what it was in."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
