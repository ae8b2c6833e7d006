"""Why: replies to many questions are written side by side, and nobody waits for the longest.

After every token, rows that have ended leave the batch and questions that wait are read and join
it (continuous batching: Yu et al. 2022, "Orca"). Each row draws from its own random numbers, so a
reply does not depend on what else is in the batch (beyond the noise of floating point).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from loresmith.errors import ModelError, ModelUnavailable
from loresmith.models.base import Sampling
from loresmith.models.decoding import penalised, sampler
from loresmith.models.hosting.adapters import AdaptedModel
from loresmith.models.hosting.protocol import Failed, Finished, Piece, Question, Told
from loresmith.models.hosting.reply_text import ReplyText, Shown
from loresmith.models.running_batch import RunningBatch, forward_options
from loresmith.models.templates import ChatTemplate
from loresmith.records import Usage


class Capacity(NamedTuple):
    """How much is computed at once."""

    rows: int
    """Replies that are written side by side."""
    tokens: int
    """Tokens of all rows together that are remembered, each row as long as the longest."""
    prompt_tokens: int
    """Tokens of prompts that are read before those who are being written for get their next."""


class Engine:
    """Writes the replies to what was submitted; `step` moves all of them on by a token."""

    def __init__(
        self,
        model: AdaptedModel,
        tokenizer: Any,
        *,
        stop_ids: frozenset[int],
        longest: int,
        capacity: Capacity,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._template = ChatTemplate(tokenizer)
        self._templates: dict[str, ChatTemplate] = {}
        self._stop_ids = stop_ids | self._template.stop_ids
        self._longest = longest
        self._capacity = capacity
        self._device = next(model.base.parameters()).device
        self._waiting: deque[_Row] = deque()
        self._crews: list[_Crew] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._waiting or self._crews)

    def submit(self, id: int, adapter: str, question: Question) -> None:
        """Takes a question. Raises ModelError where the model has no room for it."""
        prompt = self._encoded(adapter, question)
        if not prompt:
            raise ModelError("there is nothing to answer: the prompt is empty")
        if len(prompt) >= self._longest:
            raise ModelError(
                f"a prompt of {len(prompt)} tokens leaves no room for a reply: the model reads at "
                f"most {self._longest}",
                hint="Shorten the conversation, or take a model with a longer context.",
            )
        if adapter and adapter not in self._model.names:
            raise ModelUnavailable("this adapter is not loaded", hint="Load the model again.")
        text = ReplyText(self._tokenizer, stop=question.stop)
        self._waiting.append(
            _Row(id, adapter, prompt, text, question.sampling, self._longest, self._device)
        )

    def write_as(self, adapter: str, template: str) -> None:
        """Asks an adapter by a chat template (Jinja) of its own. Raises ModelError."""
        own = ChatTemplate(self._tokenizer, template)
        self._templates[adapter] = own
        self._stop_ids |= own.stop_ids

    def cancel(self, id: int) -> None:
        """Stops writing a reply; one that has ended already is not missed."""
        self._waiting = deque(row for row in self._waiting if row.id != id)
        for crew in self._crews:
            crew.leave(lambda row: row.id != id)
        self._crews = [crew for crew in self._crews if crew.rows]

    def drop_adapter(self, name: str) -> Iterator[Told]:
        """Frees an adapter; replies that it was writing fail."""
        rows = [row for crew in self._crews for row in crew.rows] + list(self._waiting)
        gone = ModelUnavailable("the model was unloaded while it answered", hint="Ask again.")
        for row in rows:
            if row.adapter == name:
                self.cancel(row.id)
                yield Failed.of(gone, id=row.id)
        self._model.drop(name)
        self._templates.pop(name, None)

    def step(self) -> Iterator[Told]:
        """Reads prompts that wait, then writes one more token of every reply."""
        yield from self._admit()
        for crew in list(self._crews):
            try:
                logits = crew.step()
            except _out_of_memory() as error:
                self._crews.remove(crew)
                yield from self._after_full_device(crew.rows, error)
                continue
            yield from self._draw(crew, logits)
        self._crews = [crew for crew in self._crews if crew.rows]

    def _admit(self) -> Iterator[Told]:
        rows = self._next_rows()
        if not rows:
            return
        batch = RunningBatch(
            self._model,
            [row.tokens for row in rows],
            device=self._device,
            options=forward_options(self._model.base),
            labels=[row.adapter for row in rows],
        )
        crew = _Crew(batch, rows)
        try:
            logits = batch.read_prompts()
        except _out_of_memory() as error:
            yield from self._after_full_device(rows, error)
            return
        yield from self._draw(crew, logits)
        if crew.rows:
            self._enlist(crew)

    def _enlist(self, crew: _Crew) -> None:
        for other in self._crews:
            if other.batch.joins(crew.batch):
                other.batch.join(crew.batch)
                other.rows += crew.rows
                return
        self._crews.append(crew)

    def _next_rows(self) -> list[_Row]:
        """Those who wait and fit; the first of an idle model always fits."""
        running = [row for crew in self._crews for row in crew.rows]
        chosen: list[_Row] = []
        longest = max((row.final_length for row in running), default=0)
        to_read = 0
        while self._waiting:
            row = self._waiting[0]
            count = len(running) + len(chosen) + 1
            longest = max(longest, row.final_length)
            to_read += len(row.tokens)
            full = count > self._capacity.rows or count * longest > self._capacity.tokens
            if (count > 1 and full) or (chosen and to_read > self._capacity.prompt_tokens):
                break
            chosen.append(self._waiting.popleft())
        return chosen

    def _draw(self, crew: _Crew, logits: Any) -> Iterator[Told]:
        """One token a row; rows that end leave."""
        likeliest = logits.argmax(dim=-1).tolist()
        for place, row in enumerate(crew.rows):
            token = row.draw(logits[place : place + 1], likeliest[place])
            yield from row.told(token, stop_ids=self._stop_ids)
        crew.leave(lambda row: row.ended is None)

    def _after_full_device(self, rows: Sequence[_Row], error: Exception) -> Iterator[Told]:
        """Half as many rows go on, from what they have; a single one that has no room fails."""
        import torch

        torch.cuda.empty_cache()
        if len(rows) == 1:
            room = ModelUnavailable(
                f"the device has no room for one conversation of {len(rows[0].tokens)} tokens",
                hint="Shorten it, take a smaller model, or free the device of other work.",
            )
            room.__cause__ = error
            yield Failed.of(room, id=rows[0].id)
            return
        self._capacity = self._capacity._replace(rows=max(1, len(rows) // 2))
        self._waiting.extendleft(reversed(rows))

    def _encoded(self, adapter: str, question: Question) -> list[int]:
        if question.prompt is not None:
            ids: list[int] = self._tokenizer.encode(question.prompt)
            return ids
        return self._templates.get(adapter, self._template).encode_prompt(question.messages)


class _Row:
    """One reply in the making."""

    def __init__(
        self,
        id: int,
        adapter: str,
        prompt: list[int],
        text: ReplyText,
        sampling: Sampling,
        longest: int,
        device: Any,
    ) -> None:
        self.id = id
        self.adapter = adapter
        self.tokens = list(prompt)
        """The prompt and all that is written so far."""
        self.final_length = min(longest, len(prompt) + sampling.max_tokens)
        self.ended: Literal["stop", "length"] | None = None
        self._prompt_length = len(prompt)
        self._text = text
        self._penalty = sampling.repetition_penalty
        self._sample: Callable[[Any, Sequence[int]], Any] | None = None
        if sampling.temperature > 0.0:
            self._sample = sampler(sampling, [sampling.seed], device)

    def draw(self, logits: Any, likeliest: int) -> int:
        """The next token; `likeliest` is the greedy one."""
        if self._penalty != 1.0:
            logits = penalised(logits, [set(self.tokens)], self._penalty)
            likeliest = int(logits.argmax(dim=-1)[0])
        return likeliest if self._sample is None else int(self._sample(logits, [0]))

    def told(self, token: int, *, stop_ids: frozenset[int]) -> Iterator[Told]:
        """What the asker hears of one more token."""
        self.tokens.append(token)
        if token in stop_ids:
            self.ended = "stop"
        else:
            yield from self._piece(self._text.add(token))
            if self._text.stopped:
                self.ended = "stop"
            elif len(self.tokens) >= self.final_length:
                self.ended = "length"
        if self.ended is None:
            return
        yield from self._piece(self._text.end())
        written = len(self.tokens) - self._prompt_length
        usage = Usage(calls=1, prompt_tokens=self._prompt_length, completion_tokens=written)
        yield Finished(id=self.id, finish_reason=self.ended, usage=usage)

    def _piece(self, shown: Shown) -> Iterator[Told]:
        if shown.text or shown.reasoning:
            yield Piece(id=self.id, text=shown.text, reasoning=shown.reasoning)


class _Crew:
    """Rows that share a batch: `rows[i]` is row i of it."""

    def __init__(self, batch: RunningBatch, rows: list[_Row]) -> None:
        self.batch = batch
        self.rows = rows

    def step(self) -> Any:
        import torch

        last = [row.tokens[-1] for row in self.rows]
        return self.batch.step(torch.tensor(last, device=self.batch.device))

    def leave(self, stays: Callable[[_Row], bool]) -> None:
        """Lets go of the rows that do not stay."""
        staying = [place for place, row in enumerate(self.rows) if stays(row)]
        if len(staying) == len(self.rows):
            return
        self.rows = [self.rows[place] for place in staying]
        if staying:
            self.batch.keep(staying)


def _out_of_memory() -> type[Exception]:
    import torch

    error: type[Exception] = torch.OutOfMemoryError
    return error
